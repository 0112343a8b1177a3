"""A year of schedules in five zones, two beats that die at any step: each slot runs once.

On PostgreSQL half of it, to where clocks have changed once.
"""

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from digest.models import Stage, Topic, Update
from tests.briefings import keep_briefing
from workers import schedule
from workers.models import Schedule, Slot, SlotResult

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
FIRST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LAST = {
    "sqlite": dt.datetime(2027, 1, 1, tzinfo=dt.UTC),
    # What it shows there is that beats get in each other's way; the calendar is the same.
    "postgresql": dt.datetime(2026, 7, 1, tzinfo=dt.UTC),
}[connection.vendor]

RULES: dict[str, tuple[str, set[int], int, int, int]] = {
    # At an hour that a change of clocks skips, and one brings twice, where the zone has any.
    "Europe/London": ("30 1 * * 0", set(), 6, 1, 30),
    "America/New_York": ("30 2 * 3,4,10,11 0", {3, 4, 10, 11}, 6, 2, 30),
    "Australia/Lord_Howe": ("45 1 * 3,4,10,11 0", {3, 4, 10, 11}, 6, 1, 45),  # by half an hour
    "Africa/Casablanca": ("30 2 * 2,3 0", {2, 3}, 6, 2, 30),  # back for Ramadan
    "Asia/Kathmandu": ("15 7 * * 1", set(), 0, 7, 15),  # never changed, a quarter to the hour
}
"""Zone: rule, its months (none: all), its weekday (0 is Monday), hour, minute."""

DEATHS = 0.01
"""Of a beat, before and again after any one statement to the database."""


class Died(BaseException):
    """A beat was killed: nothing of it runs on, and the database drops what was not committed."""


class Clock:
    """What time it is for everybody."""

    def __init__(self, at: dt.datetime) -> None:
        self.at = at

    def now(self) -> dt.datetime:
        return self.at


def wanted(zone: str) -> Iterator[dt.datetime]:
    """The slots of a zone's rule in the year, told from the calendar alone."""
    _, months, weekday, hour, minute = RULES[zone]
    day = FIRST.date() - DAY
    while day <= LAST.date():
        if day.weekday() == weekday and (not months or day.month in months):
            local = dt.datetime.combine(day, dt.time(hour, minute), ZoneInfo(zone))
            at = local.astimezone(dt.UTC)  # of two the first
            if at.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
                at = after_the_gap(at, local)
            if FIRST < at <= LAST - DAY:
                yield at
        day += DAY


def after_the_gap(at: dt.datetime, local: dt.datetime) -> dt.datetime:
    """The first minute after the clock was put forward over this time."""
    zone = local.tzinfo
    before = (at - 3 * HOUR).astimezone(zone).utcoffset()
    at -= 3 * HOUR
    while at.astimezone(zone).utcoffset() == before:
        at += MINUTE
    return at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(FIRST)
    monkeypatch.setattr(timezone, "now", made.now)
    return made


@pytest.fixture
def topics(db: None, clock: Clock) -> list[Topic]:
    """A topic with a rule in each zone; Kathmandu's has news in May and June."""
    made = []
    for zone, (cron, *_) in RULES.items():
        topic = Topic.objects.create(slug=zone.lower().replace("/", "-").replace("_", "-"))
        first = next(wanted(zone))
        Schedule.objects.create(topic=topic, cron=cron, zone=zone, next_at=first, auto=True)
        made.append(topic)
    return made


class Beat:
    """One beat, in a thread and so on a connection of its own. It may die at any statement, and
    is then spared until nothing is left over: one slot that kills three beats is held."""

    def __init__(self, pool: ThreadPoolExecutor, seed: int) -> None:
        self.pool, self.dice = pool, random.Random(seed)
        self.deaths = Counter[str]()
        self.spared = False

    def tick(self, now: dt.datetime) -> Future[None]:
        return self.pool.submit(self._tick, now)

    def _tick(self, now: dt.datetime) -> None:
        try:
            with connection.execute_wrapper(self._killed):
                schedule.run_due(now)
        except Died:
            self.spared = True
            connection.close()  # as the server sees it

    def _killed(self, execute: Any, sql: str, *rest: Any) -> Any:
        self._dice("before a statement")
        done = execute(sql, *rest)
        self._dice("after a statement")
        return done

    def _dice(self, when: str) -> None:
        if not self.spared and self.dice.random() < DEATHS:
            self.deaths[when] += 1
            raise Died

    def end(self) -> None:
        self.pool.submit(self._disconnect).result()

    def _disconnect(self) -> None:
        connection.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # left cursors
@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
@pytest.mark.long_on("sqlite")  # which lets the two beats take turns
def test_a_year_in_five_zones_with_two_beats_that_die_runs_each_slot_exactly_once(
    topics: list[Topic], clock: Clock
) -> None:
    dice = random.Random(5)
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as another:
        beats = [Beat(one, seed=1), Beat(another, seed=2)]
        while clock.at < LAST:
            news(topics[-1], clock.at)
            for ticked in [beat.tick(clock.at) for beat in beats]:
                ticked.result(60)
            if not is_left_over():
                for beat in beats:
                    beat.spared = False
            clock.at = following(clock.at, dice)
        for beat in beats:
            beat.end()
    assert all(min(beat.deaths.values()) > 5 for beat in beats), "beats did die"
    for zone, topic in zip(RULES, topics, strict=True):
        ran = Slot.objects.filter(topic=topic, due_at__lte=LAST - DAY).order_by("due_at")
        assert list(ran.values_list("due_at", flat=True)) == list(wanted(zone)), zone
    results = Counter(Slot.objects.values_list("result", flat=True))
    held = Slot.objects.filter(result=SlotResult.HELD).values_list("due_at", "tries", "why")
    assert not held, list(held)
    assert set(results) == {SlotResult.SKIPPED, SlotResult.APPROVED}, results
    assert_numbered_once(topics[-1], results[SlotResult.APPROVED])


def following(now: dt.datetime, dice: random.Random) -> dt.datetime:
    """The next moment at which anything could happen, or up to three hours after it."""
    upcoming = Schedule.objects.order_by("next_at").values_list("next_at", flat=True)[0]
    if (
        is_left_over() or upcoming <= now
    ):  # somebody died over it: look again before the grace is over
        return now + dice.choice([MINUTE / 60, 6 * MINUTE, 20 * MINUTE])
    return max(upcoming, now) + dice.random() * 3 * HOUR


def is_left_over() -> bool:
    """A slot waits, or somebody died over it."""
    return Slot.objects.filter(result__in=[SlotResult.DUE, SlotResult.RUNNING]).exists()


def news(topic: Topic, now: dt.datetime) -> None:
    """In May and June there is something to tell."""
    if now.month in {5, 6}:
        slug = f"{now:%d-%H%M%S}"
        keep_briefing(topic, slug, published_at=now - MINUTE)


def assert_numbered_once(topic: Topic, approved: int) -> None:
    """As many updates as slots that were approved; no gap, no double, every story in one."""
    found = Update.objects.filter(topic=topic, stage=Stage.APPROVED).order_by("number")
    assert [one.number for one in found] == list(range(1, approved + 1))
    carried = Counter(found.values_list("items__briefing_id", flat=True))
    assert set(carried.values()) == {1}
