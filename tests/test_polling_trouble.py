"""Feeds that are read again and again: what goes wrong, and who sets off a look."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from digest.audit import AuditEntry
from digest.briefings import Briefing
from digest.errors import Refused
from digest.feeds import DAY, Feed, Health
from digest.intake import feed_sources, polling
from digest.intake.feed_entries import Came
from digest.models import Topic
from tests.sites import Site
from tests.test_intake_feeds import item, rss
from tests.test_polling import ago, feed, look, offer, web
from workers import tasks, ticking
from workers.celery import app

__all__ = ["feed", "web"]  # fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


# ---- when it goes wrong ---------------------------------------------------------------------


def test_a_feed_that_fails_is_asked_half_as_often_each_time_down_to_once_a_day(
    feed: Feed, web: Site
) -> None:
    web.pages["/feed"] = (500, {}, b"")
    waits = []
    for _ in range(8):
        look(feed)
        assert feed.fetched_at
        waits.append((feed.next_at - feed.fetched_at) / dt.timedelta(hours=1))
    assert waits == [1, 2, 4, 8, 16, 24, 24, 24]
    assert (feed.health, feed.failures, feed.trouble) == (Health.FAILING, 8, "answered 500")
    offer(web, item(1, pubDate=ago(hours=1)))
    look(feed)
    assert (feed.health, feed.failures, feed.trouble) == (Health.WELL, 0, "")


@pytest.mark.parametrize(
    ("said", "hours"),
    [("36000", 10), ("", 1), ("nonsense", 1), ("99999999", 24 * 7), ("-5", 1)],
)
def test_it_is_asked_no_sooner_than_its_site_wants(
    feed: Feed, web: Site, said: str, hours: int
) -> None:
    web.pages["/feed"] = (429, {"Retry-After": said}, b"")
    look(feed)
    assert feed.fetched_at
    assert round((feed.next_at - feed.fetched_at) / dt.timedelta(hours=1)) == hours


def test_a_date_to_come_back_at_is_kept_too(feed: Feed, web: Site) -> None:
    web.pages["/feed"] = (503, {"Retry-After": ago(hours=-5)}, b"")
    look(feed)
    assert abs(feed.next_at - timezone.now() - dt.timedelta(hours=5)) < dt.timedelta(minutes=1)


def test_one_that_is_gone_for_good_waits_for_a_person(feed: Feed, web: Site) -> None:
    web.pages["/feed"] = (410, {}, b"")
    look(feed)
    assert feed.health is Health.GONE
    assert polling.poll(feed.pk) is None
    feed_sources.ask_now(feed, by="edda@example.org")
    offer(web, item(1, pubDate=ago(hours=1)))
    assert polling.poll(feed.pk) is not None
    feed.refresh_from_db()
    assert feed.health is Health.WELL


def test_a_broken_feed_gives_what_can_be_read_and_says_what_is_broken(
    feed: Feed, web: Site
) -> None:
    whole = rss(item(1, pubDate=ago(hours=1)), item(2, pubDate=ago(hours=1)))
    web.pages["/feed"] = (200, {}, whole.replace(b"</channel></rss>", b"<item><title>Cut"))
    assert look(feed).created >= 2
    assert "broken XML" in feed.trouble
    web.pages["/feed"] = (304, {}, b"")
    look(feed)
    assert "broken XML" in feed.trouble  # what hasn't changed is as broken as before
    web.pages["/feed"] = (200, {}, b"<html>We have a new look!</html>")
    look(feed)
    assert feed.health is Health.FAILING
    assert "no article could be found" in feed.trouble
    web.pages["/feed"] = (304, {}, b"")
    look(feed)
    assert (feed.health, feed.trouble) == (Health.WELL, "")


def test_a_mistake_of_ours_is_told_and_not_repeated_every_two_minutes(
    feed: Feed, web: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(web, item(1, pubDate=ago(hours=1)))
    monkeypatch.setattr("digest.intake.feed_entries.keep", lambda *_: 1 / 0)
    assert "the log says why" in look(feed).trouble
    assert feed.next_at > timezone.now() + dt.timedelta(minutes=30)


# ---- by the tick ----------------------------------------------------------------------------


def test_the_tick_wakes_a_worker_for_what_is_due_alone(
    feed: Feed, web: Site, pivot: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused = feed_sources.add(pivot, web.url("/2"), minutes=30, hold=False, by="a test")
    feed_sources.pause(paused, by="a test")
    later = feed_sources.add(pivot, web.url("/3"), minutes=30, hold=False, by="a test")
    Feed.objects.filter(pk=later.pk).update(next_at=timezone.now() + DAY)
    woken: list[tuple[Any, ...]] = []
    monkeypatch.setattr(ticking, "wake", lambda *words: woken.append(words))
    ticking.wake_for_feeds()
    assert woken == [("read_feed", feed.pk)]
    assert app.conf.task_routes["workers.tasks.read_feed"] == {"queue": "import"}


def test_the_task_reads_the_feed_that_it_was_woken_for(feed: Feed, web: Site) -> None:
    offer(web, item(1, pubDate=ago(hours=1)))
    tasks.read_feed(feed.pk)
    assert Briefing.objects.count() == 1


def test_of_two_workers_one_reads_it(feed: Feed, web: Site) -> None:
    offer(web, item(1, pubDate=ago(hours=1)))
    assert feed.claim(timezone.now())
    assert polling.poll(feed.pk) is None
    assert web.paths() == []


def test_what_a_person_changes_meanwhile_stays(
    feed: Feed, web: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def paused_meanwhile(*_: object) -> Came:
        feed_sources.pause(feed, by="edda@example.org")
        return Came()

    offer(web, item(1))
    monkeypatch.setattr("digest.intake.feed_entries.keep", paused_meanwhile)
    look(feed)
    assert feed.health is Health.PAUSED


@pytest.mark.only_on("sqlite")
def test_what_is_due_is_found_by_its_index(feed: Feed) -> None:
    due = Feed.objects.filter(paused_at=None, gone_at=None, next_at__lte=timezone.now())
    assert "feed_waiting" in due.order_by("next_at").values_list("pk").explain()


# ---- by hand --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "why"),
    [("file:///etc/hosts", "no http"), ("https://u:p@x.example.org/", "names a user"),
     ("https://x.example.org/" + "a" * 2000, "2,000 characters"),
     ("http://127.1/feed", "FETCH_NETWORKS"), ("http://[fd00::1]/feed", "FETCH_NETWORKS")],
)  # fmt: skip
def test_an_address_that_can_be_no_feed_is_refused(pivot: Topic, url: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        feed_sources.add(pivot, url, minutes=30, hold=False, by="a test")
    assert not Feed.objects.exists()


def test_a_feed_is_added_once_and_its_briefings_stay_when_it_is_removed(
    feed: Feed, web: Site, pivot: Topic
) -> None:
    with pytest.raises(Refused, match="already"):
        feed_sources.add(pivot, feed.url, minutes=30, hold=False, by="a test")
    offer(web, item(1, pubDate=ago(hours=1)))
    look(feed)
    feed_sources.remove(feed, by="a test")
    assert Briefing.objects.count() == 1
    assert AuditEntry.objects.filter(what__in=["added feed", "removed feed"]).count() == 2


def test_a_page_and_briefings_in_our_own_form_can_be_a_source(feed: Feed, web: Site) -> None:
    said = f'[{{"headline": "A", "published_at": "{timezone.now().isoformat()}", "summary": "B"}}]'
    web.pages["/feed"] = (200, {"Content-Type": "application/json"}, said.encode())
    assert look(feed).created == 1
    assert look(feed).unchanged == 1
