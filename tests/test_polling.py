"""Feeds as sources of a topic: when they are asked, what they bring, and how they fare."""

import datetime as dt
import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from digest import approval, drafting
from digest.briefings import Briefing, BriefingVersion
from digest.feeds import Feed, FeedEntry, Health
from digest.intake import feed_sources, polling
from digest.intake.feed_entries import Came
from digest.models import Topic
from tests.sites import Site, site
from tests.test_intake_feeds import item, rss

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def web(settings: Any) -> Iterator[Site]:
    settings.FETCH_NETWORKS = (ipaddress.ip_network("127.0.0.1"),)
    cache.clear()
    with site() as made:
        yield made


@pytest.fixture
def feed(pivot: Topic, web: Site) -> Feed:
    """A feed of the pivot's that has brought nothing yet."""
    return feed_sources.add(pivot, web.url("/feed"), minutes=30, hold=False, by="a test")


def ago(**span: float) -> str:
    """A date as RSS has it."""
    return f"{timezone.now() - dt.timedelta(**span):%a, %d %b %Y %H:%M:%S GMT}"


def offer(web: Site, *items: dict[str, str], **headers: str) -> None:
    web.pages["/feed"] = (200, headers, rss(*items))


def look(feed: Feed) -> Came:
    """Ask a feed, due or not."""
    Feed.objects.filter(pk=feed.pk).update(next_at=timezone.now())
    came = polling.poll(feed.pk)
    assert came is not None
    feed.refresh_from_db()
    return came


# ---- identity and change --------------------------------------------------------------------


def test_what_is_new_becomes_a_briefing_once(feed: Feed, web: Site) -> None:
    offer(web, item(1, pubDate=ago(hours=2)), item(2, pubDate=ago(hours=1)))
    assert look(feed).created == 2
    again = look(feed)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert Briefing.objects.count() == 2
    assert (feed.name, feed.seen, feed.created) == ("Harbour Wire", 2, 2)


def test_an_entry_that_is_edited_is_the_same_briefing_edited_whatever_its_title_says(
    feed: Feed, web: Site
) -> None:
    date = ago(hours=2)
    offer(web, item(1, pubDate=date))
    look(feed)
    before = Briefing.objects.get()
    offer(web, item(1, pubDate=date, title="Ferry firm sells paper", link="https://x.example.org/"))
    assert look(feed).updated == 1
    after = Briefing.objects.get()
    assert (after.pk, after.slug) == (before.pk, before.slug)
    assert after.headline == "Ferry firm sells paper"
    assert BriefingVersion.objects.get().content["headline"] == "Ferry firm buys paper 1"


def test_an_id_that_changes_while_link_and_title_stay_is_the_same_briefing(
    feed: Feed, web: Site
) -> None:
    date = ago(hours=2)
    offer(web, item(1, pubDate=date))
    look(feed)
    offer(web, item(1, pubDate=date, guid="made-anew"))
    assert look(feed).created == 0
    assert Briefing.objects.count() == 1
    assert FeedEntry.objects.count() == 1
    assert look(feed).unchanged == 1


def test_two_entries_with_one_link_and_title_are_two_while_both_are_there(
    feed: Feed, web: Site
) -> None:
    twice = {"title": "Weekly links", "link": "https://wire.example.org/", "pubDate": ago(hours=1)}
    offer(web, item(1, **twice))
    look(feed)
    offer(web, item(1, **twice), item(2, **twice, description="Others."))
    assert look(feed).created == 1
    offer(web, item(1, **twice), item(2, **twice, description="Others."), item(3, **twice))
    assert look(feed).created == 1
    assert Briefing.objects.count() == 3


def test_entries_of_two_feeds_with_one_title_are_two_briefings(
    feed: Feed, web: Site, pivot: Topic
) -> None:
    other = feed_sources.add(pivot, web.url("/other"), minutes=30, hold=False, by="a test")
    offer(web, item(1, pubDate=ago(hours=1)))
    web.pages["/other"] = (200, {}, rss(item(1, pubDate=ago(hours=1)), title="Other Wire"))
    look(feed)
    look(other)
    sources = [one.sources[0]["name"] for one in Briefing.objects.order_by("pk")]
    assert sources == ["Harbour Wire", "Other Wire"]


def test_an_edit_on_the_desk_stays_until_the_feed_says_something_new(feed: Feed, web: Site) -> None:
    offer(web, item(1, pubDate=ago(hours=1)))
    look(feed)
    Briefing.objects.update(headline="By hand")
    look(feed)
    assert Briefing.objects.get().headline == "By hand"


def test_an_entry_without_a_date_keeps_the_day_of_its_first_reading(feed: Feed, web: Site) -> None:
    undated = item(1)
    del undated["pubDate"]
    offer(web, undated)
    look(feed)
    first = Briefing.objects.get().published_at
    assert abs(first - timezone.now()) < dt.timedelta(minutes=1)
    assert look(feed).unchanged == 1
    offer(web, {**undated, "description": "Something else."})
    assert look(feed).updated == 1
    assert Briefing.objects.get().published_at == first


# ---- what is news ---------------------------------------------------------------------------


def test_an_archive_is_seen_and_is_no_news(feed: Feed, web: Site) -> None:
    offer(web, item(1, pubDate=ago(hours=1)), *[item(at, pubDate=ago(days=90)) for at in (2, 3)])
    came = look(feed)
    assert (came.created, came.old) == (1, 2)
    assert (feed.seen, feed.came) == (3, "1 new, 2 too old to be news")
    assert look(feed).unchanged == 3


def test_500_entries_after_an_outage_are_all_news_and_the_budget_takes_what_fits(
    feed: Feed, web: Site, pivot: Topic
) -> None:
    offer(web, item(0, pubDate=ago(hours=1)))
    look(feed)
    approval.approve(drafting.draft(pivot), by="pia@example.org")
    Feed.objects.update(good_at=timezone.now() - dt.timedelta(days=3))
    offer(web, *[item(at, pubDate=ago(hours=70 - at / 10)) for at in range(1, 501)])
    assert look(feed).created == 500
    update = drafting.draft(pivot)
    assert update.items.count() <= 6
    assert update.items.count() + len(update.left_out) >= 500


def test_what_comes_after_the_cut_off_of_a_feed_that_was_read_is_news_and_before_is_not(
    feed: Feed, web: Site, pivot: Topic
) -> None:
    offer(web, item(0, pubDate=ago(hours=1)))
    look(feed)
    approval.approve(drafting.draft(pivot), by="pia@example.org")
    offer(web, item(1, pubDate=ago(hours=20)), item(2, pubDate=ago(hours=30)))
    came = look(feed)
    assert (came.created, came.old) == (1, 1)


def test_what_a_feed_that_is_held_brings_waits_for_a_look_and_an_edit_of_it_does_not_again(
    feed: Feed, web: Site
) -> None:
    Feed.objects.update(hold=True)
    date = ago(hours=1)
    offer(web, item(1, pubDate=date))
    look(feed)
    assert Briefing.objects.get().held_at
    Briefing.objects.update(held_at=None)
    offer(web, item(1, pubDate=date, description="It was sold again."))
    assert look(feed).updated == 1
    assert Briefing.objects.get().held_at is None


# ---- manners --------------------------------------------------------------------------------


def test_what_has_not_changed_is_not_sent_again(feed: Feed, web: Site) -> None:
    offer(web, item(1, pubDate=ago(hours=1)), ETag='"a"', **{"Last-Modified": "Mon, 1 Jun 2026"})
    look(feed)
    web.pages["/feed"] = (304, {}, b"")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        came = look(feed)
    _, asked = web.asked[-1]
    assert asked["if-none-match"] == '"a"'
    assert asked["if-modified-since"] == "Mon, 1 Jun 2026"
    assert str(came) == "nothing new"
    assert feed.health is Health.WELL
    assert len(queries) <= 6


def test_robots_txt_is_obeyed_and_asked_once(feed: Feed, web: Site) -> None:
    web.pages["/robots.txt"] = (200, {}, b"User-agent: Digest\nDisallow: /f*d\n")
    offer(web, item(1))
    assert "robots.txt" in look(feed).trouble
    look(feed)
    assert web.paths() == ["/robots.txt"]
    assert not Briefing.objects.exists()


def test_a_robots_txt_that_is_missing_forbids_nothing_and_one_that_fails_everything(
    feed: Feed, web: Site
) -> None:
    offer(web, item(1, pubDate=ago(hours=1)))
    web.pages["/robots.txt"] = (503, {}, b"")
    assert "robots.txt" in look(feed).trouble
    web.pages["/robots.txt"] = (404, {}, b"")
    assert look(feed).created == 1


def test_a_feed_that_moved_for_good_is_asked_where_it_is(feed: Feed, web: Site) -> None:
    web.pages["/feed"] = (301, {"Location": "/new"}, b"")
    web.pages["/new"] = (200, {}, rss(item(1, pubDate=ago(hours=1))))
    look(feed)
    assert feed.url == web.url("/new")
