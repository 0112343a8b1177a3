"""A schedule's rule: when it comes due, in words and in times.  Pure.

A cron rule in a time zone, its times by cronsim, which is right where clocks change: a time
that a change skips runs once, right after it; one that comes twice runs once.
"""

import datetime as dt
import itertools
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from digest.errors import Refused
from workers import blackout

LONGEST_LEAD = 7 * 24 * 60
"""Minutes: what was cut off more than a week ago is no news."""

PRESETS = {
    "Weekdays 07:00": "0 7 * * 1-5",
    "Every day 07:00": "0 7 * * *",
    "Mondays 09:00": "0 9 * * 1",
    "Sundays 15:00": "0 15 * * 0",
    "First of the month 08:00": "0 8 1 * *",
}

_FIELDS = 5
_LOOKED_AT = 60  # runs over which the shortest time between two is looked for
_LOOKED_AHEAD = dt.timedelta(days=9 * 366)  # for a run: 29 February may be eight years away
_MOMENT = dt.timedelta(microseconds=1)


class Run(NamedTuple):
    """One due time: its slot, when its draft is made, whether it falls on a blackout day."""

    at: dt.datetime
    cutoff: dt.datetime
    blackout: bool


class Rule(NamedTuple):
    """What a schedule is made of, as it is typed."""

    cron: str
    zone: str
    lead: int = 0
    blackouts: str = ""


def times(cron: str, zone: str, after: dt.datetime) -> Iterator[dt.datetime]:
    """The rule's due times after an instant, in UTC.  Raises Refused for a bad rule or zone."""
    try:
        return (time.astimezone(dt.UTC) for time in _cron(cron, after.astimezone(ZoneInfo(zone))))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused(
            f"{zone!r} is no time zone; nothing was changed. Write for example Europe/London"
        ) from None
    except CronSimError as problem:
        raise Refused(
            f"{cron!r} is no cron rule ({problem}); nothing was changed. Write for "
            "example '0 7 * * 1-5' for 07:00 from Monday to Friday"
        ) from None


def _cron(cron: str, after: dt.datetime) -> CronSim:
    if len(cron.split()) > _FIELDS:  # cronsim takes a sixth for seconds
        raise CronSimError("Wrong number of fields")
    return CronSim(cron, after)


def checked(rule: Rule) -> Rule:
    """The rule, its blackout days in one spelling; Refused says what is wrong with it."""
    upcoming = list(
        itertools.islice(times(rule.cron, rule.zone, dt.datetime.now(dt.UTC)), _LOOKED_AT)
    )
    shortest = min((b - a for a, b in itertools.pairwise(upcoming)), default=dt.timedelta.max)
    if not 0 <= rule.lead <= LONGEST_LEAD:
        raise Refused("A lead is at most a week (10080 minutes); nothing was changed.")
    if dt.timedelta(minutes=rule.lead) >= shortest:
        raise Refused(
            f"A lead of {rule.lead} minutes is no shorter than the time between two updates, so "
            "that two drafts would wait at once; nothing was changed. Give a shorter one"
        )
    rule = rule._replace(blackouts=blackout.spelled(blackout.read(rule.blackouts)))
    if first_out(rule, dt.datetime.now(dt.UTC)) is None:
        raise Refused(
            "No update would ever go out: the rule comes due on blackout days only, or never; "
            "nothing was changed. Leave it a day"
        )
    return rule


def runs(rule: Rule, after: dt.datetime) -> Iterator[Run]:
    """The rule's runs whose slots lie after an instant, blackout days included."""
    ahead = dt.timedelta(minutes=rule.lead)
    for time in times(rule.cron, rule.zone, after):
        yield Run(time, time - ahead, is_blackout(rule, time))


def first_out(rule: Rule, after: dt.datetime) -> Run | None:
    """The first run after an instant that is on no blackout day; None where none is in sight.

    A blackout day is passed over as a whole: a rule may come due on it a thousand times.
    """
    end = after + _LOOKED_AHEAD
    while after < end:
        run = next(runs(rule, after), None)
        if run is None or not run.blackout:
            return run
        local = run.at.astimezone(ZoneInfo(rule.zone))
        midnight = dt.datetime.combine(local.date() + dt.timedelta(days=1), dt.time.min)
        after = max(run.at, midnight.replace(tzinfo=local.tzinfo).astimezone(dt.UTC) - _MOMENT)
    return None


def is_blackout(rule: Rule, at: dt.datetime) -> bool:
    """Whether an instant falls on a blackout day, by the rule's own calendar."""
    return blackout.covers(rule.blackouts, at.astimezone(ZoneInfo(rule.zone)).date())


def in_words(cron: str) -> str:
    """The rule as people say it: "At 07:00 on Monday through Friday"."""
    try:
        return CronSim(cron, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)).explain()
    except CronSimError:
        return ""


@lru_cache(maxsize=4096)
def around(
    cron: str, zone: str, slot: dt.datetime, reached: dt.datetime
) -> tuple[dt.datetime, dt.datetime | None]:
    """Of the times from ``slot`` (one of them) on, the last up to ``reached`` and the first after.

    Remembered, since many topics share a rule.
    """
    latest = slot
    for time in times(cron, zone, slot):
        if time > reached:
            return latest, time
        latest = time
    return latest, None
