"""A topic's feeds on the desk and at the command line."""

import datetime as dt
import ipaddress
import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from digest.audit import AuditEntry
from digest.briefings import Briefing
from digest.commands.feed import feed as feed_command
from digest.errors import DigestError
from digest.feeds import Feed, FeedEntry
from digest.intake import polling
from digest.models import Topic
from tests import newsroom
from tests.sites import Site, site
from tests.test_intake_feeds import item, rss

pytestmark = pytest.mark.django_db

DESK = "/desk/medias-ai-pivot/sources/"


@pytest.fixture
def web(settings: Any) -> Iterator[Site]:
    settings.FETCH_NETWORKS = (ipaddress.ip_network("127.0.0.1"),)
    cache.clear()
    with site() as made:
        fresh = item(1, pubDate=f"{timezone.now():%a, %d %b %Y %H:%M:%S GMT}")
        made.pages["/feed"] = (200, {}, rss(fresh))
        yield made


def do(desk: Client, feed: Feed, what: str, **more: str) -> str:
    answer = desk.post(f"{DESK}{feed.pk}/", {"do": what, **more}, follow=True)
    assert answer.status_code == 200
    feed.refresh_from_db()
    return answer.text


def test_a_topic_without_sources_says_what_to_do(desk: Client, pivot: Topic) -> None:
    page = desk.get(DESK).text
    assert "No sources yet" in page
    assert "Name a feed" in page
    assert DESK in desk.get("/desk/").text
    assert DESK in desk.get("/desk/medias-ai-pivot/briefings/").text


def test_a_source_is_added_read_and_shown_with_how_it_fares(
    desk: Client, pivot: Topic, web: Site
) -> None:
    form = {"url": web.url("/feed"), "minutes": "60", "hold": "on"}
    page = desk.post(DESK, form, follow=True).text
    assert "not yet read" in page
    assert "every 2s" in page
    feed = Feed.objects.get()
    assert (feed.minutes, feed.hold) == (60, True)
    polling.poll(feed.pk)
    page = desk.get(DESK).text
    assert "Harbour Wire" in page
    assert "1 new" in page
    assert "1 briefing waits" in page
    assert "every 2s" not in page
    assert '<span class="pill ok">well</span>' in page


def test_a_mistake_costs_nothing_that_was_typed(desk: Client, pivot: Topic) -> None:
    answer = desk.post(DESK, {"url": "gopher://x.example.org/", "minutes": "60"})
    assert answer.status_code == 422
    assert "no http(s) address" in answer.text
    assert 'value="gopher://x.example.org/"' in answer.text
    for minutes in ("", "1", "x", "99999"):
        answer = desk.post(DESK, {"url": "https://x.example.org/", "minutes": minutes})
        assert "every 5 to 10,080 minutes" in answer.text
    assert not Feed.objects.exists()


def test_a_source_that_fails_says_so_in_words_and_colour(
    desk: Client, pivot: Topic, web: Site
) -> None:
    feed = Feed.objects.create(topic=pivot, url=web.url("/none"))
    polling.poll(feed.pk)
    page = desk.get(DESK).text
    assert '<span class="pill warn">failing</span>' in page
    assert "It answered 404" in page
    Feed.objects.update(failures=3)
    page = desk.get(DESK).text
    assert '<span class="pill bad">failing</span>' in page
    assert "3 times in a row" in page


def test_a_source_is_paused_resumed_changed_and_removed(
    desk: Client, pivot: Topic, web: Site
) -> None:
    feed = Feed.objects.create(topic=pivot, url=web.url("/feed"))
    polling.poll(feed.pk)
    feed.refresh_from_db()
    later = feed.next_at
    do(desk, feed, "fetch")
    assert feed.next_at < later
    assert "Resume" in do(desk, feed, "pause")
    assert feed.paused_at
    do(desk, feed, "fetch")
    assert not feed.paused_at
    do(desk, feed, "change", minutes="120", hold="on")
    assert (feed.minutes, feed.hold) == (120, True)
    assert "5 to 10,080" in do(desk, feed, "change", minutes="1")
    desk.post(f"{DESK}{feed.pk}/", {"do": "remove"})
    assert not Feed.objects.exists()
    assert Briefing.objects.count() == 1
    done = AuditEntry.objects.filter(who="edda@example.org").values_list("what", flat=True)
    assert set(done) == {"asked for feed", "paused feed", "changed feed", "removed feed"}


def test_a_source_of_another_topic_is_not_found(desk: Client, pivot: Topic) -> None:
    other = Topic.objects.create(slug="other", name="Other")
    feed = Feed.objects.create(topic=other, url="https://x.example.org/")
    assert desk.post(f"{DESK}{feed.pk}/", {"do": "remove"}).status_code == 404
    assert Feed.objects.exists()


def test_what_a_feed_calls_itself_is_text(desk: Client, pivot: Topic) -> None:
    Feed.objects.create(
        topic=pivot, url="https://x.example.org/", name="<script>x</script>", trouble="<b>"
    )
    page = desk.get(DESK).text
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page


# ---- at the command line ----------------------------------------------------------------------


def run(*words: str) -> Result:
    return CliRunner().invoke(feed_command, list(words))


def test_the_command_adds_lists_reads_and_removes(pivot: Topic, web: Site) -> None:
    url = web.url("/feed")
    assert "every 60 minutes" in run("add", pivot.slug, url, "--every", "60", "--hold").output
    assert "not yet read" in run("list").output
    came = json.loads(run("fetch", pivot.slug, url, "--json").output)
    assert (came["created"], came["rejected"], came["trouble"]) == (1, [], "")
    assert Briefing.objects.get().held_at
    (told,) = json.loads(run("list", pivot.slug, "--json").output)["feeds"]
    assert (told["url"], told["health"], told["entries"], told["hold"]) == (url, "well", 1, True)
    assert "nothing new" in run("fetch", pivot.slug, url).output
    assert "its briefings stay" in run("remove", pivot.slug, url).output
    assert not Feed.objects.exists()


def test_a_feed_that_can_not_be_read_is_told_with_status_3_and_nothing_is_changed(
    pivot: Topic, web: Site
) -> None:
    url = web.url("/none")
    run("add", pivot.slug, url)
    result = run("fetch", pivot.slug, url)
    assert isinstance(result.exception, DigestError)
    assert result.exception.status == 3
    assert "answered 404" in str(result.exception)


def test_one_that_is_no_source_is_told_with_those_that_are(pivot: Topic, web: Site) -> None:
    run("add", pivot.slug, web.url("/feed"))
    result = run("remove", pivot.slug, "https://x.example.org/")
    assert web.url("/feed") in str(result.exception)


# ---- tried before it is added ------------------------------------------------------------------


def tried(desk: Client, url: str, **more: str) -> Any:
    return desk.post(DESK, {"url": url, "minutes": "30", "do": "try", **more})


def test_a_feed_is_tried_and_shows_what_it_would_bring_and_keeps_nothing(
    desk: Client, pivot: Topic, web: Site
) -> None:
    now = f"{timezone.now():%a, %d %b %Y %H:%M:%S GMT}"
    web.pages["/feed"] = (200, {}, rss(*[item(n, pubDate=now) for n in range(1, 8)]))
    page = tried(desk, web.url("/feed"), hold="on").text
    assert "7 entries to be read" in page
    assert page.count("min</p>") == 5
    assert f'value="{web.url("/feed")}"' in page
    assert 'name="hold" checked' in page
    assert not Feed.objects.exists()
    assert not Briefing.objects.exists()


def test_a_page_leads_to_the_feeds_that_it_names(desk: Client, pivot: Topic, web: Site) -> None:
    page = b"""<html><head><link rel="alternate" type="application/rss+xml" title="All of it"
        href="/feed"><link rel='ALTERNATE nofollow' type='application/atom+xml' href='../atom'>
        <link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
        <link rel="stylesheet" href="/x.css"></head><p>Hello</p>"""
    web.pages["/news/"] = (200, {"Content-Type": "text/html"}, page)
    said = tried(desk, web.url("/news/")).text
    assert "This page names 2 feeds" in said
    assert "All of it" in said
    assert web.url("/atom") in said
    assert "javascript:" not in said
    chosen = desk.post(
        DESK, {"url": web.url("/news/"), "minutes": "30", "choose": web.url("/feed")}
    )
    assert "1 entry to be read" in chosen.text
    assert f'type="url" required maxlength="2000" value="{web.url("/feed")}"' in chosen.text


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/feed", "nothing was added"),
        ("http://10.0.0.1/feed", "nothing was added"),
        ("file:///etc/passwd", "nothing was added"),
        ("nonsense", "nothing was added"),
    ],
)
def test_what_may_not_or_cannot_be_asked_is_said_in_words(
    desk: Client, pivot: Topic, url: str, why: str
) -> None:
    answer = tried(desk, url)
    assert answer.status_code == 422
    assert why in answer.text


def test_a_page_of_nothing_is_no_source(desk: Client, pivot: Topic, web: Site) -> None:
    web.pages["/empty"] = (200, {}, rss())
    web.pages["/gone"] = (410, {}, b"")
    assert "could not be read" in tried(desk, web.url("/empty")).text
    assert "answered 410" in tried(desk, web.url("/gone")).text


@pytest.mark.both_databases
def test_the_page_shows_the_days_of_each_feed_and_what_it_brought_last(
    desk: Client, pivot: Topic, django_assert_max_num_queries: Any
) -> None:
    stories = [newsroom.briefing(pivot, f"Story {n}") for n in range(5)]
    for name in ("one", "two", "three"):
        feed = Feed.objects.create(topic=pivot, url=f"https://{name}.example.org/feed")
        entries(feed, timezone.now(), [*stories, None, None])
        entries(feed, timezone.now() - dt.timedelta(days=3), [None])
        entries(feed, timezone.now() - dt.timedelta(days=40), [None])
    with django_assert_max_num_queries(11):
        page = desk.get(DESK).text
    assert page.count("0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 7") == 3
    last = page.partition("Brought last:")[2].partition("</li>")[0]
    assert [n for n in range(5) if f"Story {n}" in last] == [2, 3, 4]


def entries(feed: Feed, at: dt.datetime, briefings: list[Briefing | None]) -> None:
    first = FeedEntry.objects.count()
    for n, briefing in enumerate(briefings, first):
        key = f"{n:064}"
        FeedEntry.objects.create(
            feed=feed, key=key, place=key, said=key, briefing=briefing, first_seen_at=at
        )


@pytest.mark.both_databases
@pytest.mark.parametrize("url", ["http://\0example.org/feed", "http://exa mple.org/feed"])
def test_an_address_with_a_character_that_none_has_is_no_source(
    desk: Client, pivot: Topic, url: str
) -> None:
    """A NUL is no text that PostgreSQL takes, even to look for."""
    answer = desk.post(f"/desk/{pivot.slug}/sources/", {"url": url, "minutes": "30"})
    assert answer.status_code == 422
    assert "a character that no address has; nothing was added" in answer.content.decode()
    assert not pivot.feeds.exists()


@pytest.mark.parametrize(
    "url",
    ["http://localhost:22/", "http://LOCALHOST./feed", "http://news.localhost/",
     "http://[fe80::1%25eth0]/feed", "http://[::1%25lo]:8080/", "http://127.1/"],
)  # fmt: skip
def test_what_leads_into_this_machine_or_its_link_is_refused_before_it_is_a_source(
    desk: Client, pivot: Topic, url: str
) -> None:
    answer = desk.post(f"/desk/{pivot.slug}/sources/", {"url": url, "minutes": "30"})
    assert answer.status_code == 422
    assert "leads into a private network" in answer.content.decode()
    assert not pivot.feeds.exists()
