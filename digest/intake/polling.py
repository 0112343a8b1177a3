"""Feeds asked for what is new.

``feeds.py`` says when one is due and how it fares, the tick wakes a worker for each that is,
and ``feed_entries.py`` keeps what came.
"""

import datetime as dt
import email.utils

import structlog
from django.utils import timezone

from digest.feeds import Feed
from digest.intake import feed_entries, robots
from digest.intake.addresses import NotFetched, Resolve, resolved
from digest.intake.feed_entries import Came
from digest.intake.fetch import Fetched, fetch
from digest.intake.outcomes import Unfit

log = structlog.get_logger()

_FARES = (
    "url", "name", "etag", "last_modified", "next_at", "fetched_at", "good_at", "gone_at",
    "trouble", "failures", "came", "seen", "created",
)  # fmt: skip
"""What a look changes; the rest is a person's, who may change it meanwhile."""


def poll(feed_id: int, resolve: Resolve = resolved) -> Came | None:
    """Read a feed if it is due and no other worker is at it; None where that is not so."""
    feed = Feed.objects.select_related("topic").filter(pk=feed_id, topic__ended_at=None).first()
    if feed is None or not feed.claim(timezone.now()):
        return None
    try:
        came = _look(feed, resolve)
    except NotFetched as problem:
        came = Came(trouble=str(problem))
        feed.went_wrong(timezone.now(), came.trouble, getattr(problem, "wait", None))
    except Unfit as problem:
        came = Came(trouble=f"could not be read: {problem.why}")
        feed.went_wrong(timezone.now(), came.trouble)
    except Exception:  # a feed that nobody foresaw must not be asked every two minutes
        log.exception("feed failed", feed=feed.url)
        came = Came(trouble="could not be kept; the log says why")
        feed.went_wrong(timezone.now(), came.trouble)
    Feed.objects.filter(pk=feed.pk).update(**{name: getattr(feed, name) for name in _FARES})
    return came


class _ComeBack(NotFetched):
    """An answer that brings nothing, and perhaps says when to come back."""

    def __init__(self, why: str, wait: dt.timedelta | None) -> None:
        super().__init__(why)
        self.wait = wait


def _look(feed: Feed, resolve: Resolve) -> Came:
    robots.refuse(feed.url, resolve)
    answer = fetch(feed.url, headers=_conditions(feed), resolve=resolve)
    now = timezone.now()
    if answer.status == 410:
        feed.is_gone(now)
        return Came(trouble=feed.trouble)
    if answer.status == 304:
        broken = "" if feed.failures else feed.trouble  # when it was read, and so still
        feed.went_well(now)
        feed.came, feed.trouble = str(Came()), broken
        return Came()
    if answer.status != 200:
        raise _ComeBack(f"answered {answer.status}", _retry_after(answer, now))
    came = feed_entries.keep(feed, answer, now)
    feed.went_well(now)
    feed.trouble = came.trouble or "; ".join(came.rejected[:3])
    feed.came = str(came)[:200]
    feed.etag = answer.headers.get("etag", "")[:500]
    feed.last_modified = answer.headers.get("last-modified", "")[:100]
    _move(feed, answer)
    return came


def _conditions(feed: Feed) -> dict[str, str]:
    """So that what hasn't changed isn't sent again."""
    asked = {"If-None-Match": feed.etag, "If-Modified-Since": feed.last_modified}
    return {name: value for name, value in asked.items() if value.isascii() and value}


def _retry_after(answer: Fetched, now: dt.datetime) -> dt.timedelta | None:
    """The wait that an answer asks for, in seconds or as a date (RFC 9110)."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return dt.timedelta(seconds=min(int(said[:9]), 30 * 24 * 3600))
    try:
        until = email.utils.parsedate_to_datetime(said)
    except ValueError:
        return None
    known = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    return max(known - now, dt.timedelta())


def _move(feed: Feed, answer: Fetched) -> None:
    """Ask at its new address from now on, where it has moved there for good."""
    taken = feed.topic.feeds.filter(url=answer.url).exists()
    if answer.moved and not taken and len(answer.url) <= 2000:
        feed.url = answer.url
