"""The public pages: all of what was sent, and nothing else."""

import re

import pytest
from django.test import Client

from digest.briefings import Briefing
from digest.depths import Depth
from digest.models import Stage, Topic
from tests import newsroom


def page(path: str, status: int = 200, **headers: str) -> str:
    answer = Client(headers=headers).get(path)
    assert answer.status_code == status, path
    return answer.content.decode()


def words(html: str) -> str:
    """What a reader sees, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture
def lantern(pivot: Topic) -> Briefing:
    """A briefing with every part, not yet sent."""
    return newsroom.whole(pivot)


# ---- what is there ---------------------------------------------------------------------------


def test_the_front_page_of_an_empty_house_says_what_to_do(db: None) -> None:
    html = page("/")
    assert "Nothing has been published yet" in html
    assert "digest topic add" in html


def test_the_front_page_shows_the_latest_three_updates_of_each_topic(pivot: Topic) -> None:
    for number in range(1, 6):
        newsroom.update(pivot, number, title=f"Title number {number}")
    html = page("/")
    assert [n for n in range(1, 6) if f"Title number {n}" in html] == [3, 4, 5]
    assert f"/subscribe/?topic={pivot.slug}" in html


def test_a_topic_lists_its_updates_a_page_at_a_time(pivot: Topic) -> None:
    for number in range(1, 24):
        newsroom.update(pivot, number, title=f"Title number {number}.")
    first = page(f"/t/{pivot.slug}/")
    assert "Title number 23." in first
    assert "Title number 3." not in first
    second = page(f"/t/{pivot.slug}/?before=4")
    assert "Title number 3." in second
    assert "Title number 4." not in second
    assert "?before=4" in first


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "٣", "1'--"])
def test_a_page_mark_that_is_no_number_is_ignored(pivot: Topic, before: str) -> None:
    newsroom.update(pivot, 1, title="The first one")
    assert "The first one" in page(f"/t/{pivot.slug}/?before={before}")


def test_a_briefing_shows_every_part(pivot: Topic, lantern: Briefing) -> None:
    newsroom.update(pivot, 1, lantern)
    html = page(f"/t/{pivot.slug}/1/{lantern.slug}/")
    seen = words(html)
    for part in [
        "Lantern Studio hires for a model of its own",
        "Wed, 27 May 2026, 15:20 UTC",
        "Industry",
        "Developing",
        "4 min read",
        "Lantern Studio is building a model in-house. Seven roles are open.",
        "Build, not buy, is now the posture.",
        "The careers page, 16 May.",
        "A spokesman, by telephone.",
        "In plain English",
        "Lantern wants to make films for less.",
        "Root causes",
        "Rights come first.",
        "Cost comes second.",
        "What could happen next",
        "Meaning",
        "Rivals can’t buy what Lantern owns.",
        "Animators’ Guild",
        "We rent, and sleep well.",
        "First reported in",
        "Update #2 · Tabloid sold for its archive",
        "Example Wire · 17 May 2026",
        "Paper of Record",
    ]:
        assert part in seen, part
    assert 'href="https://wire.example.org/lantern"' in html
    assert "<strong>job adverts</strong>" in html


def test_footnotes_lead_to_their_text_and_back(pivot: Topic, lantern: Briefing) -> None:
    newsroom.update(pivot, 1, lantern)
    html = page(f"/t/{pivot.slug}/1/{lantern.slug}/")
    ids = set(re.findall(r'id="([^"]+)"', html))
    inner = re.findall(r'href="#([^"]+)"', html)
    assert len(inner) >= 4
    assert set(inner) <= ids


def test_a_carried_briefing_names_the_updates_that_had_it(pivot: Topic, lantern: Briefing) -> None:
    newsroom.update(pivot, 1, lantern)
    newsroom.update(pivot, 2, lantern)
    newsroom.update(pivot, 3, lantern, stage=Stage.APPROVED)
    later = page(f"/t/{pivot.slug}/2/{lantern.slug}/")
    assert ">Since Update #1:</a>" in later
    assert "The roles are filled." in later
    first = re.search(r"First reported in</h2><p><a href=\"([^\"]+)\"", later)
    assert first
    assert first[1] == f"/t/{pivot.slug}/1/{lantern.slug}/"
    assert "Update #3" not in later
    assert "Update #2" in page(first[1]).split(">Timeline<")[1]


def test_an_update_shows_its_items_at_their_depth(pivot: Topic, lantern: Briefing) -> None:
    path = f"/t/{pivot.slug}/1/"
    made = newsroom.update(pivot, 1, lantern, note="We read the **terms**.")
    full = page(path)
    assert "<strong>terms</strong>" in full
    assert "Rights come first." in full
    assert "Read in full" not in full
    made.items.update(depth=Depth.STANDARD)
    standard = page(path)
    assert "Build, not buy" in standard
    assert "Rights come first." not in standard
    assert f'href="/t/{pivot.slug}/1/{lantern.slug}/"' in standard
    made.items.update(depth=Depth.BRIEF)
    brief = page(path)
    assert "Lantern Studio is building a model in-house." in brief
    assert "Seven roles are open." not in brief


def test_a_view_that_several_stories_share_is_shown_once(pivot: Topic) -> None:
    view = {"party": "Harbour Films", "text": "We rent, and sleep well."}
    own = {"party": "Animators’ Guild", "text": "Nobody asked us."}
    one = newsroom.briefing(pivot, "One story", perspectives=[view, own])
    two = newsroom.briefing(pivot, "Another story", perspectives=[view])
    newsroom.update(pivot, 1, one, two)
    html = page(f"/t/{pivot.slug}/1/")
    assert html.count("We rent, and sleep well.") == 1
    assert html.count("Nobody asked us.") == 1


def test_contents_are_listed_from_three_items_on(pivot: Topic) -> None:
    stories = [newsroom.briefing(pivot, f"Story {n}") for n in range(3)]
    newsroom.update(pivot, 1, *stories[:2])
    newsroom.update(pivot, 2, *stories)
    assert "In this update" not in page(f"/t/{pivot.slug}/1/")
    assert "In this update" in page(f"/t/{pivot.slug}/2/")


def test_what_was_sent_stays_as_it_was_sent(pivot: Topic, lantern: Briefing) -> None:
    newsroom.update(pivot, 1, lantern)
    Briefing.objects.update(headline="Rewritten since", body="Rewritten since")
    assert "Rewritten since" not in page(f"/t/{pivot.slug}/1/{lantern.slug}/")
    assert "Rewritten since" not in page(f"/t/{pivot.slug}/1/")


def test_wording_for_one_update_stands_in_that_update(pivot: Topic, lantern: Briefing) -> None:
    made = newsroom.update(pivot, 1, lantern)
    made.items.update(headline="Said otherwise here", summary="In other words.")
    for path in (f"/t/{pivot.slug}/1/", f"/t/{pivot.slug}/1/{lantern.slug}/"):
        html = page(path)
        assert "Said otherwise here" in html
        assert "In other words." in html


# ---- what is not -----------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [Stage.DRAFT, Stage.APPROVED, Stage.DISCARDED])
def test_nothing_that_is_not_sent_is_public(pivot: Topic, lantern: Briefing, stage: Stage) -> None:
    newsroom.update(pivot, 1, newsroom.briefing(pivot, "Sent before"), title="Out")
    newsroom.update(pivot, 2, lantern, stage=stage, title="A secret title")
    root = f"/t/{pivot.slug}/"
    for path in ("/", root, f"{root}feed.xml", f"{root}feed.json", f"{root}1/"):
        html = page(path)
        assert "secret" not in html
        assert "Lantern" not in html
    for path in (f"{root}2/", f"{root}2/{lantern.slug}/", f"{root}1/{lantern.slug}/"):
        assert "Lantern" not in page(path, 404)


def test_a_sent_update_says_nothing_of_an_earlier_one_that_is_held_back(
    pivot: Topic, lantern: Briefing
) -> None:
    newsroom.update(pivot, 1, lantern, stage=Stage.APPROVED, title="A secret title")
    newsroom.update(pivot, 2, lantern)
    for path in ("2/", f"2/{lantern.slug}/", "feed.json"):
        html = page(f"/t/{pivot.slug}/{path}")
        assert "secret" not in html
        assert "The roles are filled." not in html
        assert f"/t/{pivot.slug}/1/" not in html


@pytest.mark.parametrize(
    "path",
    [
        "/t/none/",
        "/t/none/feed.xml",
        "/t/none/feed.json",
        "/t/medias-ai-pivot/9/",
        "/t/medias-ai-pivot/0/",
        "/t/medias-ai-pivot/-1/",
        "/t/medias-ai-pivot/draft/",
        "/t/medias-ai-pivot/99999999999999999999999/",
        "/t/medias-ai-pivot/1/nothing/",
        "/t/../1/",
        "/t/%2e%2e/1/",
        "/t/medias-ai-pivot/1/%00/",
        "/t/%27%20or%201=1/",
    ],
)
def test_what_does_not_exist_is_a_404_in_words(pivot: Topic, path: str) -> None:
    newsroom.update(pivot, 1, newsroom.briefing(pivot))
    assert "nothing at this address" in page(path, 404)


# ---- in hostile hands ------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "{{ 7*7 }}{% for i in x %}",
    "</textarea><script>alert(1)</script>",
    "'; drop table digest_topic; --",
]
_LIVE = re.compile(
    r"<script(?! src=\"/static/)|<svg|<iframe|\son\w+\s*=|href=\"javascript:|49", re.IGNORECASE
)


@pytest.mark.parametrize("text", HOSTILE)
def test_content_is_text_and_does_nothing(pivot: Topic, text: str) -> None:
    pivot.name = pivot.description = text
    pivot.accent = "red;}" + text[:1]
    pivot.save()
    markdown = (
        f"{text}\n\n[a]({text}) [b](javascript:alert(2)) ![c](data:text/html,x)[^1]\n\n[^1]: {text}"
    )
    one = newsroom.briefing(
        pivot,
        text,
        slug="hostile",
        short_headline=text,
        tag=text,
        status=text,
        summary=text,
        key_takeaway=text,
        body=markdown,
        sources=[{"name": text, "url": "https://x.example.org/?a='onclick=x"}],
        analysis={
            "plain_english": text,
            "root_causes": text,
            "next": [{"kind": text, "text": text}],
        },
        perspectives=[{"party": text, "text": text}],
        first_reported_in={"update": 7, "title": text},
        image={"url": "https://x.example.org/a.png", "alt": text},
    )
    newsroom.update(pivot, 1, one, title=text, note=markdown, preheader=text)
    root = f"/t/{pivot.slug}/"
    for path in ("/", root, f"{root}1/", f"{root}1/{one.slug}/"):
        html = page(path)
        assert not _LIVE.search(_without_text(html)), path


def _without_text(html: str) -> str:
    """The tags alone, with values of attributes that only show text emptied."""
    tags = "".join(re.findall(r"<[^>]*>", html))
    return re.sub(r'\b(alt|title|content|aria-label)="[^"]*"', r'\1=""', tags)


def test_a_picture_may_be_fetched_from_its_own_host_and_no_other(pivot: Topic) -> None:
    image = {"url": "https://pictures.example.org/a.png?x=1", "alt": "A pier"}
    newsroom.update(pivot, 1, newsroom.briefing(pivot, "With picture", image=image))
    newsroom.update(pivot, 2, newsroom.briefing(pivot, "Without"))
    policies = [
        Client().get(f"/t/{pivot.slug}/{path}/")["Content-Security-Policy"]
        for path in ("1/with-picture", "2/without")
    ]
    directives = policies[0].split("; ")  # in any order
    assert "img-src 'self' data: https://pictures.example.org" in directives
    assert "pictures.example.org" not in policies[1]
    for policy in policies:
        assert "script-src 'self'" in policy


def test_links_are_made_from_the_base_url_alone(pivot: Topic, lantern: Briefing) -> None:
    newsroom.update(pivot, 1, lantern)
    assert Client(SERVER_NAME="evil.example").get("/").status_code == 400
    for path in ("1/", f"1/{lantern.slug}/", "feed.xml", "feed.json"):
        assert "evil" not in page(f"/t/{pivot.slug}/{path}", **{"x-forwarded-host": "evil.example"})


# ---- kept by browsers ------------------------------------------------------------------------


def test_a_page_that_has_not_changed_is_not_sent_again(pivot: Topic, lantern: Briefing) -> None:
    newsroom.update(pivot, 1, lantern)
    for path in ("", "1/", f"1/{lantern.slug}/", "feed.xml", "feed.json"):
        first = Client().get(f"/t/{pivot.slug}/{path}")
        again = Client(headers={"if-none-match": first["ETag"]}).get(f"/t/{pivot.slug}/{path}")
        assert again.status_code == 304
        assert "public" in first["Cache-Control"]
        assert "Cookie" not in first.get("Vary", "")
    newsroom.update(pivot, 2, newsroom.briefing(pivot, "News"))
    fresh = Client(headers={"if-none-match": first["ETag"]}).get(f"/t/{pivot.slug}/feed.json")
    assert fresh.status_code == 200


def test_pages_take_the_same_few_queries_however_many_items(
    pivot: Topic, django_assert_max_num_queries: object
) -> None:
    stories = [newsroom.briefing(pivot, f"Story {n}") for n in range(12)]
    newsroom.update(pivot, 1, *stories)
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        page(f"/t/{pivot.slug}/1/")
    with django_assert_max_num_queries(7):  # type: ignore[operator]
        page(f"/t/{pivot.slug}/1/story-3/")
