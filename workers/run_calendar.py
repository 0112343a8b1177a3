"""A schedule's coming runs as a calendar of five weeks.  Pure."""

import datetime as dt
import itertools
from collections import defaultdict
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from workers import rules
from workers.rules import Rule, Run

WEEKS = 5
MOST = 400
"""Runs that are looked at: a rule may come due every minute."""


@dataclass(frozen=True)
class Day:
    """One day of the rule's own zone, with what comes due on it."""

    date: dt.date
    times: tuple[str, ...]
    blackout: bool
    past: bool
    today: bool

    @property
    def words(self) -> str:
        """As it is read aloud, and shown when pointed at."""
        named = f"{self.date:%A} {self.date.day} {self.date:%B}"
        if self.blackout:
            return f"{named}: skipped, a day without an update"
        return f"{named}: {', '.join(self.times) or 'no update'}"

    @property
    def label(self) -> str:
        """The time of its one run, or how many there are."""
        return self.times[0] if len(self.times) == 1 else f"{len(self.times)}×"


def weeks(rule: Rule, now: dt.datetime) -> list[list[Day]]:
    """Five weeks from this one's Monday, by the rule's calendar."""
    zone = ZoneInfo(rule.zone)
    today = now.astimezone(zone).date()
    monday = today - dt.timedelta(days=today.weekday())
    end = monday + dt.timedelta(weeks=WEEKS)
    by_day: dict[dt.date, list[Run]] = defaultdict(list)
    for run in itertools.islice(rules.runs(rule, now), MOST):
        date = run.at.astimezone(zone).date()
        if date >= end:
            break
        by_day[date].append(run)
    days = [_day(monday + dt.timedelta(days=n), by_day, zone, today) for n in range(7 * WEEKS)]
    return [days[first : first + 7] for first in range(0, len(days), 7)]


def _day(date: dt.date, by_day: dict[dt.date, list[Run]], zone: ZoneInfo, today: dt.date) -> Day:
    runs = by_day.get(date, [])
    return Day(
        date=date,
        times=tuple(f"{run.at.astimezone(zone):%H:%M}" for run in runs),
        blackout=any(run.blackout for run in runs),
        past=date < today,
        today=date == today,
    )
