"""Feeds and web pages as briefings: what they leave out, get wrong, or mean to break."""

import datetime as dt
import gzip
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from click.testing import CliRunner

from digest.briefings import Briefing
from digest.commands.load import load as load_command
from digest.intake import feed_briefings, reading_process, store
from digest.intake.channel import Channel, Entry
from digest.intake.html_markdown import escaped, markdown, plain
from digest.intake.outcomes import Accepted, Outcome, Rejected
from digest.intake.reading import read_stream
from digest.models import Topic
from digest.parts import BriefingData
from digest.rendering import markup
from tests.sites import Site, site

NOW = dt.datetime(2026, 5, 20, 12, 0, tzinfo=dt.UTC)

Parts = dict[str, str]

RSS = '<?xml version="1.0"?><rss version="2.0">'


def rss(*items: Parts, **channel: str) -> bytes:
    """An RSS 2.0 feed; texts are escaped here."""
    inner = "".join(f"<item>{_elements(one)}</item>" for one in items)
    head = {"title": "Harbour Wire", "link": "https://wire.example.org/", **channel}
    return f"{RSS}<channel>{_elements(head)}{inner}</channel></rss>".encode()


def _elements(parts: Parts) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in parts.items())


def item(number: int = 1, **parts: str) -> Parts:
    return {
        "title": f"Ferry firm buys paper {number}",
        "link": f"https://wire.example.org/{number}",
        "guid": f"wire-{number}",
        "pubDate": "Fri, 15 May 2026 09:00:00 GMT",
        "description": "<p>A ferry firm bought a <b>newspaper</b>.</p>",
        **parts,
    }


def read(data: bytes, base: str = "") -> list[Outcome]:
    return list(read_stream(io.BytesIO(data), "in", "harbour", base=base))


def only(data: bytes, base: str = "") -> BriefingData:
    (one,) = [one.briefing for one in read(data, base) if isinstance(one, Accepted)]
    return one


def warnings(data: bytes) -> list[str]:
    return [said for one in read(data) if isinstance(one, Accepted) for said in one.warnings]


def why(data: bytes) -> str:
    (one,) = [one.why for one in read(data) if isinstance(one, Rejected)]
    return one


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """The reading process has begun: it starts once, not for each feed."""
    list(read_stream(io.BytesIO(rss(item())), "in", "harbour"))
    list(read_stream(io.BytesIO(ARTICLE.encode()), "in", "harbour"))


# ---- what an entry becomes ------------------------------------------------------------------


def test_an_entry_becomes_a_briefing_with_its_feed_as_the_source() -> None:
    briefing = only(rss(item()))
    assert briefing.headline == "Ferry firm buys paper 1"
    assert briefing.slug == "ferry-firm-buys-paper-1"
    assert briefing.published_at == dt.datetime(2026, 5, 15, 9, tzinfo=dt.UTC)
    assert briefing.summary == "A ferry firm bought a newspaper."
    assert briefing.url == "https://wire.example.org/1"
    (source,) = briefing.sources
    assert (source.name, source.url) == ("Harbour Wire", briefing.url)
    assert source.date == dt.date(2026, 5, 15)


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://wire.example.org/news/">
<title>Harbour Wire</title><id>x</id><updated>2026-05-15T10:00:00Z</updated>
<entry><title type="html">Ferry &lt;em&gt;firm&lt;/em&gt; buys AT&amp;amp;T</title><id>tag:a</id>
<link href="../1"/><published>2026-05-15T09:00:00Z</published>
<updated>2026-05-16T09:00:00+02:00</updated><summary>Short.</summary>
<content type="html">{}</content></entry></feed>"""


def test_an_atom_entry_has_its_change_its_links_and_its_whole_text() -> None:
    content = '<p>Read <a href="more">the rest</a> &amp; <i>all</i> of it.</p><ul><li>One</ul>'
    briefing = only(ATOM.format(escape(content)).encode())
    assert briefing.headline == "Ferry firm buys AT&T"
    assert briefing.url == "https://wire.example.org/1"
    assert briefing.updated_at == dt.datetime(2026, 5, 16, 7, tzinfo=dt.UTC)
    assert briefing.summary == "Short."
    assert briefing.body == (
        "Read [the rest](<https://wire.example.org/news/more>) & *all* of it.\n\n- One"
    )


def test_a_json_feed_says_the_same_in_json() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Harbour Wire",
        "items": [
            {
                "id": 7,
                "url": "https://wire.example.org/1",
                "title": "Ferry firm",
                "content_html": "<p>It <b>bought</b> a paper.</p><p>All of it.</p>",
                "date_published": "2026-05-15T09:00:00-07:00",
                "image": "https://wire.example.org/1.jpg",
                "tags": ["Industry"],
            }
        ],
    }
    briefing = only(json.dumps(feed).encode())
    assert briefing.published_at == dt.datetime(2026, 5, 15, 16, tzinfo=dt.UTC)
    assert briefing.tag == "Industry"
    assert briefing.image
    assert briefing.image.url == "https://wire.example.org/1.jpg"
    assert "**bought**" in briefing.body or briefing.summary == "It bought a paper. All of it."


ARTICLE = """<!doctype html><html><head><title>Ferry firm buys the Harbour Post</title>
<meta property="og:site_name" content="Harbour Wire">
<meta property="article:published_time" content="2026-05-15T09:00:00Z">
<link rel="canonical" href="https://wire.example.org/ferry"></head>
<body><nav><a href="/">Home</a> <a href="/sport">Sport</a></nav><article>
<h1>Ferry firm buys the Harbour Post</h1>
<p>A ferry firm has bought the town’s newspaper, its owner said on Monday at the quay.</p>
<p>It will go on printing six days a week, in the house where it was founded in 1902.</p>
<p>Nobody loses their work, said the firm, whose boats have carried it for forty years.</p>
<p>The letters page <a href="https://wire.example.org/letters">stays</a>, readers were told.</p>
</article><footer>All rights reserved. Cookies.</footer></body></html>"""


def test_anybodys_article_is_read_without_what_stands_around_it() -> None:
    briefing = only(ARTICLE.encode(), base="https://wire.example.org/ferry?utm_source=x")
    assert briefing.headline == "Ferry firm buys the Harbour Post"
    assert briefing.url == "https://wire.example.org/ferry"
    assert briefing.published_at.date() == dt.date(2026, 5, 15)
    assert briefing.sources[0].name == "Harbour Wire"
    assert "The letters page" in briefing.body
    assert "Cookies" not in briefing.body
    assert "Sport" not in briefing.body


def test_a_page_without_an_article_is_told_so() -> None:
    assert "no article could be found" in why(b"<!doctype html><html><body>Hi</body></html>")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "koi8-r", "cp1251"])
def test_the_encoding_that_a_feed_declares_is_believed(encoding: str) -> None:
    name = {"utf-8-sig": "utf-8", "cp1251": "windows-1251"}.get(encoding, encoding)
    text = (
        rss(item(title="Паром покупает газету"))
        .decode()
        .replace('<?xml version="1.0"?>', f'<?xml version="1.0" encoding="{name}"?>')
    )
    assert only(text.encode(encoding)).headline == "Паром покупает газету"


def test_gzip_of_anything_is_unpacked_first() -> None:
    assert only(gzip.compress(rss(item()))).slug == "ferry-firm-buys-paper-1"
    lines = json.dumps({"headline": "A", "published_at": "2026-05-15T09:00:00Z", "summary": "B"})
    assert only(gzip.compress(lines.encode())).slug == "a"


# ---- what feeds leave out and get wrong -----------------------------------------------------


def made(*entries: Entry) -> list[Outcome]:
    channel = Channel("RSS 2.0", title="Harbour Wire", entries=list(entries))
    return [one.outcome for one in feed_briefings.briefings(channel, "in", "harbour", NOW)]


@pytest.mark.parametrize(
    ("published", "told"),
    [("", "no date"), ("1970-01-01T00:00:00+00:00", "1970"), ("2099-01-01T00:00:00+00:00", "2099")],
)
def test_a_date_that_is_missing_or_mad_is_that_of_the_reading_and_says_so(
    published: str, told: str
) -> None:
    (one,) = made(Entry(title="A", summary="B", published=published))
    assert isinstance(one, Accepted)
    assert one.briefing.published_at == NOW
    assert told in one.warnings[0]
    assert not one.briefing.sources[0].date


def test_a_date_that_is_mad_gives_way_to_the_other_one() -> None:
    (one,) = made(
        Entry(
            title="A",
            summary="B",
            published="1970-01-01T00:00:00+00:00",
            updated="2026-05-15T09:00:00+00:00",
        )
    )
    assert isinstance(one, Accepted)
    assert one.briefing.published_at == dt.datetime(2026, 5, 15, 9, tzinfo=dt.UTC)
    assert not one.warnings


def test_without_a_title_the_first_words_are_it_and_without_both_it_is_rejected() -> None:
    one, none = made(
        Entry(id="1", summary="Only words. " * 20), Entry(id="2", link="https://x.org")
    )
    assert isinstance(one, Accepted)
    assert one.briefing.headline.startswith("Only words. Only")
    assert len(one.briefing.headline) <= 102
    assert "no title" in one.warnings[0]
    assert isinstance(none, Rejected)
    assert "neither a title nor a text" in none.why


def test_of_entries_with_one_id_the_latest_is_kept() -> None:
    (one,) = made(
        Entry(id="1", title="Old", summary="x", updated="2026-05-15T09:00:00+00:00"),
        Entry(id="1", title="New", summary="x", updated="2026-05-16T09:00:00+00:00"),
    )
    assert isinstance(one, Accepted)
    assert one.briefing.headline == "New"


def test_entries_that_share_a_title_keep_slugs_of_their_own() -> None:
    entries = [Entry(id=str(at), title="Weekly links", summary="x") for at in range(3)]
    slugs = [one.briefing.slug for one in made(*entries) if isinstance(one, Accepted)]
    assert len(set(slugs)) == 3
    again = [one.briefing.slug for one in made(*reversed(entries)) if isinstance(one, Accepted)]
    assert slugs == again[::-1]


def test_a_long_text_has_its_first_sentences_as_the_summary() -> None:
    text = "A sentence of some length that says a thing. " * 20
    (one,) = made(Entry(title="A", summary=text.strip(), body=text.strip()))
    assert isinstance(one, Accepted)
    assert one.briefing.summary.endswith("says a thing.")
    assert 300 < len(one.briefing.summary) <= 400
    assert one.briefing.body == text.strip()


def test_one_that_can_not_be_used_costs_the_others_nothing() -> None:
    found = read(rss(item(1), item(2, title="x" * 600), item(3)))
    assert [isinstance(one, Accepted) for one in found] == [True, False, True]
    (told,) = [one.why for one in found if isinstance(one, Rejected)]
    assert told.startswith("entry 2 of 3: headline has 600 characters")


def test_a_broken_feed_is_told_and_what_could_be_read_is_kept() -> None:
    cut = rss(item(1), item(2)).replace(b"</channel></rss>", b"<item><title>Cut sh")
    found = read(cut)
    told = [one.why for one in found if isinstance(one, Rejected)]
    assert "broken XML in line 1" in told[0]
    assert "of its entries could be read" in told[0]
    assert len([one for one in found if isinstance(one, Accepted)]) >= 2


@pytest.mark.django_db
def test_what_has_no_date_is_unchanged_when_it_is_loaded_again(
    pivot: Topic, tmp_path: Path
) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_bytes(rss({"title": "Undated", "description": "No date at all."}))
    assert store.load([str(feed)], pivot.slug).created == 1
    first = Briefing.objects.get().published_at
    again = store.load([str(feed)], pivot.slug)
    assert (again.updated, again.unchanged) == (0, 1)
    feed.write_bytes(rss({"title": "Undated", "description": "Still none."}))
    assert store.load([str(feed)], pivot.slug).updated == 1
    assert Briefing.objects.get().published_at == first


# ---- HTML as Markdown -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two<br>lines</p>", "One\n\nTwo\\\nlines"),
        ("One<br><br>Two", "One\n\nTwo"),
        ("<b>Bold </b>and <em>so</em>", "**Bold** and *so*"),
        ("<h1>Head</h1>text", "## Head\n\ntext"),
        ("<ol><li>a<li>b<ul><li>c</ul></ol>", "1. a\n2. b\n   \n   - c"),
        ("<blockquote><p>q</p></blockquote>", "> q"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
        ("<script>x</script><style>y</style>z", "z"),
        ('<a href="javascript:alert(1)">js</a>', "js"),
        ('<a href="/a b">x</a>', "[x](<https://example.org/a%20b>)"),
        ("1. no list", "1\\. no list"),
        ("# no head", "\\# no head"),
        ("a*b_c [^1] <i>*</i>", "a\\*b\\_c \\[^1\\] \\*"),
        ("&lt;script&gt; &amp;amp;", "\\<script\\> \\&amp;"),
        ("<table><tr><td>a<td>b</table>", "a · b"),
    ],
)
def test_html_becomes_markdown(html: str, text: str) -> None:
    assert markdown(html, "https://example.org/") == text


@pytest.mark.parametrize(
    "text",
    ["1. x", "- x", "# x", "> x", "a*b*c", "_x_", "[x](y)", "[^1]", "<b>", "&amp;", "\\", "`x`",
     "~~x~~", "--", "==", "+ x", "12) x", "https://example.org/a_b_c"],
)  # fmt: skip
def test_plain_text_reads_as_it_was_written(text: str) -> None:
    assert markup.render(escaped(text), "s").text.strip() == text
    assert markup.render(markdown(escape(text)), "s").text.strip() == text


def test_plain_is_one_line_without_tags() -> None:
    assert plain("<p>One</p><p>Two <b>bold</b></p>&amp;<script>x</script>") == "One Two bold &"


# ---- what is made to break things -----------------------------------------------------------


# ---- by address -----------------------------------------------------------------------------


@pytest.fixture
def web(settings: Any) -> Iterator[Site]:
    import ipaddress

    settings.FETCH_NETWORKS = (ipaddress.ip_network("127.0.0.1"),)
    with site() as made:
        yield made


@pytest.mark.django_db
def test_an_address_is_loaded_as_a_file_is(pivot: Topic, web: Site) -> None:
    feed = rss(item(link="/news/1"), link="")
    web.pages["/feed"] = (200, {"Content-Type": "text/plain; charset=latin-1"}, feed)
    result = CliRunner().invoke(load_command, [web.url("/feed"), "--topic", pivot.slug, "--json"])
    assert json.loads(result.output)["created"] == 1
    assert Briefing.objects.get().url == web.url("/news/1")
    assert web.paths() == ["/feed"]


@pytest.mark.django_db
def test_an_address_that_gives_nothing_is_told_with_its_reason(pivot: Topic, web: Site) -> None:
    report = store.load([web.url("/none"), "http://10.0.0.1/feed"], pivot.slug)
    assert [one.why for one in report.rejected] == [
        "answered 404",
        (
            "leads into a private network (“10.0.0.1”), which is only asked where the setting "
            "FETCH_NETWORKS names it"
        ),
    ]
    assert report.status == 2


def test_a_thousand_entries_are_read_in_a_second() -> None:
    words = "<p>A ferry firm bought a <b>newspaper</b>, and <a href='/x'>more</a> of it.</p>" * 3
    feed = rss(*[item(at, description=words) for at in range(1000)])
    channel = reading_process.read_channel(feed)
    begun = time.perf_counter()
    channel = reading_process.read_channel(feed)
    found = list(feed_briefings.outcomes(channel, "in", "harbour", NOW))
    took = time.perf_counter() - begun
    assert len(found) == 1000
    assert took < 4, "a second on a machine that does nothing else"
