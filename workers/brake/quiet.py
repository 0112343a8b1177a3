"""Quiet hours: when nothing begins to go to a topic's subscribers.

Written as ``22:00-07:00``, in the topic's zone. Unlike a blackout day (``blackout.py``), on which
no update is made, they stop what is on its way, too, and it goes on after them by itself. Where
clocks change they err to the quiet side: what comes twice begins the first time, and ends the
second.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q

from digest.errors import Refused
from workers.brake.models import Care
from workers.models import URGENT, Mailing

_WRITTEN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-3]):([0-5]\d)")
_DAY = dt.timedelta(days=1)


class Window(NamedTuple):
    """One run of quiet hours, as instants."""

    start: dt.datetime
    end: dt.datetime


# ---- pure ------------------------------------------------------------------------------


def spelled(text: str) -> str:
    """The hours in one spelling, "" for none; Refused says what is wrong."""
    if not text.strip():
        return ""
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise Refused(
            f"{text[:40]!r} are no quiet hours; nothing was changed. Write 22:00-07:00, or leave "
            "it empty"
        )
    first, last = (f"{int(match[i]):02}:{match[i + 1]}" for i in (1, 3))
    if first == last:
        raise Refused("Quiet hours that never end would let nothing out; nothing was changed.")
    return f"{first}-{last}"


def windows(hours: str, zone: str, since: dt.datetime) -> Iterator[Window]:
    """The quiet hours that end after an instant, one after another; none where there are none."""
    if not hours:
        return
    first, last = (dt.time.fromisoformat(one) for one in hours.split("-"))
    there = ZoneInfo(zone)
    day = since.astimezone(there).date() - 2 * _DAY
    while True:
        day += _DAY
        start = min(_instants(day, first, there))
        end = max(_instants(day if last > first else day + _DAY, last, there))
        if end > since:
            yield Window(start, end)


def _instants(day: dt.date, time: dt.time, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
    """Both readings of a local time, which differ only where clocks change."""
    local = dt.datetime.combine(day, time, zone)
    return local.astimezone(dt.UTC), local.replace(fold=1).astimezone(dt.UTC)


def window_at(hours: str, zone: str, at: dt.datetime) -> Window | None:
    """The quiet hours in which this instant lies."""
    found = next(windows(hours, zone, at), None)
    return found if found and found.start <= at else None


def after(hours: str, zone: str, since: dt.datetime, length: dt.timedelta) -> dt.datetime:
    """When so much time has passed since an instant, quiet hours not counted."""
    for start, end in windows(hours, zone, since):
        if since < start:
            if since + length <= start:
                break
            length -= start - since
        since = end
    return since + length


# ---- of topics and mailings --------------------------------------------------------------


def until(mailing: Mailing, now: dt.datetime) -> dt.datetime | None:
    """When its quiet hours end; None where it may go now."""
    if mailing.kind in URGENT:
        return None
    care = care_of(mailing)
    found = window_at(care.quiet, mailing.topic.zone, now) if care else None
    return found.end if found else None


def care_of(mailing: Mailing) -> Care | None:
    """With how much care its topic's mailings go."""
    found: Care | None = getattr(mailing.topic, "care", None)
    return found


def topics(now: dt.datetime) -> dict[int, dt.datetime]:
    """Topics that are quiet now, and until when."""
    found = {}
    for care in Care.objects.exclude(quiet="").select_related("topic"):
        if window := window_at(care.quiet, care.topic.zone, now):
            found[care.topic_id] = window.end
    return found


def awake(kinds: Sequence[str], now: dt.datetime, prefix: str = "mailing__") -> Q:
    """Mailings of these kinds that may go now; what a person waits for is never quiet."""
    if not set(kinds) - set(URGENT):
        return Q()
    asleep = list(topics(now))
    return ~Q(**{f"{prefix}topic__in": asleep}) if asleep else Q()
