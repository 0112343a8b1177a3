"""Clicks: links of a topic's mails that lead through us, counted without knowing whose."""

import datetime as dt
from html import unescape

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client

from digest import approval, drafting, editions, mails
from digest.checks import weight
from digest.clicks import linking, redirect, tally
from digest.clicks.models import Clicks, Link, Place
from digest.clicks.outward import outward, web_address
from digest.clicks.tally import TALLY, Tally
from digest.models import Stage, Topic, Update
from digest.partners import PartnerBlock
from tests import newsroom
from tests.emails import Page
from tests.letters import look_at_html, taken_apart
from workers.ledger import Row
from workers.letters import Letters
from workers.models import Mailing, MailingKind

pytestmark = pytest.mark.django_db

ANN = Row(
    7, 3, "ann@example.org", "Ann Lee", "arranged", 0, 0, 0, dt.datetime(2026, 5, 17, tzinfo=dt.UTC)
)
BASE = "http://127.0.0.1:8000"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
WIRE = "https://wire.example.org/lantern"
PAPER = "https://paper.example.com/a?b=1&c=2"
NOTE = "https://note.example.net/"
PARTNER = "https://partner.example.com/offer"


@pytest.fixture(autouse=True)
def _from_nothing() -> None:
    """Whatever another test has left in memory."""
    TALLY._counted.clear()


@pytest.fixture
def counting(pivot: Topic) -> Topic:
    """The topic, whose clicks are counted."""
    pivot.counts_clicks = True
    pivot.save()
    return pivot


def drafted(topic: Topic) -> Update:
    """Two stories that share a source, a note and a partner's block."""
    now = dt.datetime.now(dt.UTC) - dt.timedelta(hours=2)
    newsroom.whole(topic, published_at=now, updated_at=None)
    sources = [{"name": "The same wire", "url": WIRE}, {"name": "Paper", "url": PAPER}]
    newsroom.briefing(topic, published_at=now, sources=sources)
    update = drafting.draft(topic)
    update.note = f"See [a note]({NOTE}), [us]({BASE}/t/x/) or [write](mailto:us@example.org)."
    update.save()
    block = {"name": "A bank", "url": PARTNER, "text": "It lends.", "place": "first"}
    PartnerBlock.objects.create(update=update, label="Sponsored", **block)
    return update


def approved(topic: Topic) -> Update:
    return approval.approve(drafted(topic), by="pia@example.org")


@pytest.fixture
def update(counting: Topic) -> Update:
    """Approved, with its five links stored."""
    return approved(counting)


def sent(update: Update, **parts: object) -> bytes:
    """What Ann gets of it."""
    edition = update.editions.get(kind="update", variant="arranged")
    given = {"topic": update.topic, "update": update, "edition": edition}
    mailing = Mailing(id=5, **(given | {"kind": MailingKind.SCHEDULED} | parts))
    return Letters(mailing).envelope(ANN).message


def links_of(html: str) -> list[str]:
    """Those that are no place in the mail and none of Ann's own."""
    own = ("#", f"{BASE}/unsubscribe/", f"{BASE}/preferences/")
    return [url for url in Page(html).all("a", "href") if not url.startswith(own)]


def follow(link: Link, method: str = "GET", agent: str = BROWSER, **headers: str) -> HttpResponse:
    browser = Client(headers={"User-Agent": agent, **headers})
    answer = browser.generic(method, f"/l/{link.key}")
    assert isinstance(answer, HttpResponse)
    return answer


def counted() -> dict[str, int]:
    """Clicks by the words of their link, once they are in the database."""
    TALLY.write()
    found: dict[str, int] = {}
    for words, count in Clicks.objects.values_list("link__words", "count"):
        found[words] = found.get(words, 0) + count
    return found


def one(update: Update, words: str) -> Link:
    return Link.objects.get(update=update, words=words)


# ---- in the mail ------------------------------------------------------------------------------


def test_links_to_others_lead_through_us_and_ours_and_the_readers_stay(update: Update) -> None:
    mail = taken_apart(sent(update))
    look_at_html(mail)
    leads = {f"{BASE}/l/{key}": target for key, target in Link.objects.values_list("key", "target")}
    home = f"{BASE}/t/medias-ai-pivot/1/"
    story, pier = f"{home}lantern-studio-hires-for-a-model-of-its-own/", f"{home}a-pier-reopens/"
    expected = [NOTE, f"{BASE}/t/x/", "mailto:us@example.org", story, WIRE, PARTNER]
    expected += [pier, WIRE, PAPER, pier, home]
    found = links_of(mail.html)
    assert [leads.get(url, url) for url in found] == expected
    assert sum(url in leads for url in found) == len(leads) == 5
    assert not any(target in mail.html for target in (WIRE, NOTE, PARTNER))


def test_the_text_part_shows_where_its_links_lead_and_so_do_preview_and_archive(
    update: Update, desk: Client
) -> None:
    assert WIRE in taken_apart(sent(update)).text
    frame = desk.get("/desk/medias-ai-pivot/1/preview/").content.decode()
    assert f'href="{WIRE}"' in frame
    update.stage = Stage.SENT
    update.save()
    archived = desk.get("/t/medias-ai-pivot/1/").content.decode()
    assert f'href="{WIRE}"' in archived
    assert "/l/" not in frame + archived


def test_the_foot_says_so_in_the_topics_language(counting: Topic) -> None:
    draft = drafted(counting)
    for lang, words in [
        ("en", "We count how often each link in this mail is followed, and not by whom."),
        ("de", "Wir zählen, wie oft die Links in dieser Mail geöffnet werden, und nicht, von wem."),
        ("ar", "نحسب عدد مرات فتح كل رابط في هذه الرسالة"),
    ]:
        draft.topic.language = lang
        assert words in editions.rendered(editions.view_of(draft)).html
    draft.topic.counts_clicks = False
    assert words not in editions.rendered(editions.view_of(draft)).html


def test_every_reader_variant_resend_and_correction_has_the_same_links(update: Update) -> None:
    arranged = {url for url in links_of(taken_apart(sent(update)).html) if "/l/" in url}
    again = sent(update, kind=MailingKind.RESEND)
    assert {url for url in links_of(taken_apart(again).html) if "/l/" in url} == arranged
    edition = update.editions.get(kind="update", variant="full")
    full = {
        url for url in links_of(taken_apart(sent(update, edition=edition)).html) if "/l/" in url
    }
    assert arranged <= full
    update.stage = Stage.SENT
    update.save()
    text = f"Not so, says [the paper]({PAPER})."
    corrected = mails.correction(update, text, ["a-pier-reopens"], dt.date(2026, 5, 18))
    html = taken_apart(sent(update, edition=corrected, kind=MailingKind.TEST)).html
    words = {link.words: f"{BASE}/l/{link.key}" for link in update.links.all()}
    assert words["The same wire"] in links_of(html)
    assert Link.objects.get(words="the paper").place == Place.NOTE
    assert words["the paper"] in links_of(html)


def test_a_test_mail_keeps_the_links_themselves_for_colleagues_are_no_readers(
    update: Update,
) -> None:
    message = sent(update, edition=editions.for_test(update), kind=MailingKind.TEST)
    assert WIRE in links_of(taken_apart(message).html)
    assert Link.objects.count() == 5


def test_a_mail_that_was_approved_before_or_after_counting_stays_as_it_was(pivot: Topic) -> None:
    update = approved(pivot)
    assert not Link.objects.exists()
    before = sent(update)
    Topic.objects.update(counts_clicks=True)
    update.topic.refresh_from_db()
    assert sent(update) == before
    assert b"/l/" not in before


def test_an_approval_that_is_taken_back_takes_its_links_along(update: Update) -> None:
    approval.unapprove(update, by="pia@example.org")
    assert not Link.objects.exists()


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://a.example.com/x?y=1#z", "https://a.example.com/x?y=1#z"),
        ("http://a.example.com:8080/", "http://a.example.com:8080/"),
        ("https://bücher.example.com/ä", "https://xn--bcher-kva.example.com/%C3%A4"),
    ],
)
def test_an_address_of_the_web_is_stored_in_ascii(url: str, kept: str) -> None:
    assert web_address(url, BASE) == kept


NO_PLACE = [
    *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>", "//evil.example"),
    *("/t/x/", "mailto:a@example.org", "ftp://a.example.com/", "https://", "https:///x"),
    *("https://a.example.com\\@evil.example/", "https://user:word@a.example.com/"),
    *("https://a.example.com/\r\nSet-Cookie: x=y", "https://a.example.com/\x00", "https://[::1/"),
    *("https://a.example.com:99999999/", f"https://a.example.com/{'x' * 2000}"),
    *(f"https://{'x' * 64}.example.com/", "https://a.example.com/a b", f"{BASE}/t/x/", BASE),
]


@pytest.mark.parametrize("url", NO_PLACE)
def test_whatever_else_is_never_led_to_and_stays_in_the_mail_as_it_is(url: str) -> None:
    assert web_address(url, BASE) == ""


def test_a_link_is_known_by_the_part_of_the_mail_it_stands_in_and_by_its_words() -> None:
    row = '<td align="left" class="row" style="x">'
    html = (
        f'<a href="https://n.example.com/">n</a>{row}<p><a id="s1" name="s1"></a>Tag</p>'
        '<a href="https://a.example.com/?x=1&amp;y=2">An &amp; <b>a</b></a>'
        '<a href="https://b.example.com/">https://b.example.com/</a></td>'
        f'{row}<a href="https://p.example.com/">p</a>'
    )
    found = list(outward(html, BASE, {"s1": "pier"}))
    assert [told[2:] for told in found] == [
        ("https://n.example.com/", "n", "", True),
        ("https://a.example.com/?x=1&y=2", "An & a", "pier", False),
        ("https://p.example.com/", "p", "", False),
    ]
    assert all(unescape(html[begins:ends]) == target for begins, ends, target, *_ in found)


def test_the_weight_that_is_checked_leaves_room_for_the_stored_links(update: Update) -> None:
    edition = update.editions.get(kind="update", variant="arranged")
    grown = len(linking.counted_html(edition)) - len(edition.html)
    assert weight.longer_by(editions.view_of(update)) >= grown > 0
    update.topic.counts_clicks = False
    assert weight.longer_by(editions.view_of(update)) == 0


# ---- where it leads ---------------------------------------------------------------------------


@pytest.mark.both_databases
def test_a_link_leads_on_and_leaves_no_trace_but_a_number(update: Update) -> None:
    link = one(update, "The same wire")
    answer = follow(link)
    assert (answer.status_code, answer["Location"]) == (302, WIRE)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies
    follow(link)
    follow(one(update, "Paper"))
    assert counted() == {"The same wire": 2, "Paper": 1}
    assert counted() == {"The same wire": 2, "Paper": 1}  # once each
    follow(link)
    assert counted()["The same wire"] == 3
    assert Clicks.objects.filter(link=link).count() == 1
    assert {field.name for field in Clicks._meta.fields} == {"id", "link", "begins", "count"}


def test_the_request_has_no_say_in_where_it_leads(update: Update) -> None:
    link = one(update, "Paper")
    answer = Client().get(f"/l/{link.key}?url=//evil.example&next=//evil.example", HTTP_HOST="evil")
    assert answer.status_code in {302, 400}
    answer = Client().get(f"/l/{link.key}", {"to": "//evil.example"})
    assert answer["Location"] == PAPER
    keys = ("A" * 10, link.key.swapcase(), f"{link.key}x", "https:", "%0d%0aLocation", PAPER)
    for path in keys:
        answer = Client().get(f"/l/{path}")
        assert answer.status_code == 404, path
        assert b"There is nothing at this address" in answer.content
        assert "Location" not in answer


PROGRAMS: list[tuple[str, str, dict[str, str]]] = [
    ("HEAD", BROWSER, {}),
    ("GET", "", {}),
    ("GET", "Mozilla/5.0 (compatible; Googlebot/2.1)", {}),
    ("GET", "python-requests/2.32", {}),
    ("GET", "curl/8.5", {}),
    ("GET", "Mozilla/5.0 HeadlessChrome/128", {}),
    ("GET", BROWSER, {"Sec-Purpose": "prefetch;prerender"}),
    ("GET", BROWSER, {"X-Purpose": "preview"}),
    ("GET", BROWSER, {"X-Moz": "prefetch"}),
]


def test_programs_are_led_on_and_not_counted(update: Update) -> None:
    link = one(update, "Paper")
    for method, agent, headers in PROGRAMS:
        answer = follow(link, method, agent, **headers)
        assert (answer.status_code, answer["Location"]) == (302, PAPER)
        assert counted() == {}, (method, agent, headers)
    follow(link)
    assert counted() == {"Paper": 1}


def test_while_the_database_is_away_known_links_lead_on_and_their_clicks_wait(
    update: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = one(update, "Paper")
    follow(link)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("the server is gone")

    with monkeypatch.context() as gone:
        gone.setattr(tally, "add", away)
        gone.setattr(redirect.Link.objects, "filter", away)
        assert follow(link)["Location"] == PAPER
        TALLY.write()
        answer = follow(Link(key="Zz" * 5))
    assert answer.status_code == 503
    assert answer["Retry-After"] == "60"
    assert b"works again as soon as" in answer.content
    assert counted() == {"Paper": 2}


def test_the_first_click_of_many_sees_to_it_that_they_are_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    made = Tally()
    monkeypatch.setattr(made, "later", lambda: asked.append(1))
    for _ in range(1000):
        made.count(1)
    assert len(asked) == 1
    made.write()
    made.count(1)
    assert len(asked) == 2


@pytest.mark.both_databases
def test_clicks_are_kept_by_the_hour_for_three_days_then_by_the_day_and_then_no_more(
    update: Update,
) -> None:
    update.topic.zone = "Asia/Tokyo"
    update.topic.save()
    update.due_at = dt.datetime(2026, 5, 17, 20, 30, tzinfo=dt.UTC)  # the 18th there
    update.save()
    link = one(update, "Paper")
    first = dt.datetime(2026, 5, 17, 21, tzinfo=dt.UTC)
    hours = [first + dt.timedelta(hours=n) for n in range(24 * 120)]
    tally.add({(link.pk, hour): 2 for hour in hours})
    tally.add({(link.pk, hours[0]): 1})
    rows = list(Clicks.objects.order_by("begins").values_list("begins", "count"))
    assert rows[0] == (hours[0], 3)
    hourly = [at for at, _ in rows if at < dt.datetime(2026, 5, 20, 15, tzinfo=dt.UTC)]
    assert hourly == hours[: len(hourly)]
    days = rows[len(hourly) :]
    assert [at.hour for at, _ in days] == [15] * len(days)  # midnight in Tokyo
    assert {count for _, count in days[:-1]} == {48}
    assert len(rows) < 72 + 90  # whatever follows it, and however often


@pytest.mark.both_databases
def test_turned_off_a_topics_links_lead_on_and_are_counted_no_more(update: Update) -> None:
    link = one(update, "Paper")
    follow(link)
    assert counted() == {"Paper": 1}
    Topic.objects.update(counts_clicks=False)
    assert follow(link)["Location"] == PAPER
    assert counted() == {"Paper": 1}
