"""A clock a day off, and clocks that change: a slot runs once, and a late one is held."""

import datetime as dt
import itertools

import pytest

from workers import rules, schedule
from workers.models import Schedule, Slot, SlotResult

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

UTC = dt.UTC
DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)


def upcoming(cron: str, zone: str, after: dt.datetime, n: int) -> list[str]:
    return [f"{time:%m-%d %H:%M}" for time in itertools.islice(rules.times(cron, zone, after), n)]


def test_dst_gap_a_time_that_the_clock_skips_runs_once_right_after_the_gap() -> None:
    before = dt.datetime(2026, 3, 28, 12, tzinfo=UTC)
    # London: 01:00 becomes 02:00 on 29 March 2026, so 01:30 does not exist.
    assert upcoming("30 1 * * *", "Europe/London", before, 3) == [
        "03-29 01:00",
        "03-30 00:30",
        "03-31 00:30",
    ]


def test_dst_overlap_a_time_that_comes_twice_runs_once() -> None:
    before = dt.datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert upcoming("30 1 * * *", "Europe/London", before, 2) == ["10-25 00:30", "10-26 01:30"]


@pytest.mark.parametrize("off", [DAY - MINUTE, DAY + MINUTE])
def test_a_clock_a_day_ahead_and_then_right_runs_each_slot_once(
    daily: Schedule, off: dt.timedelta
) -> None:
    first = daily.next_at
    schedule.run_due(first + off)  # the clock is ahead
    for minutes in range(0, 3 * 24 * 60, 30):  # and is right again, for three days
        schedule.run_due(first + dt.timedelta(minutes=minutes))
    found = list(Slot.objects.order_by("due_at").values_list("due_at", "result"))
    assert len(found) == len({due for due, _ in found})
    days = {due.date() for due, _ in found}
    assert len(found) == len(days), "none twice"
    assert days >= {(first + 2 * DAY).date()}, "the later ones come as ever"
    late = [result for due, result in found if due == first]
    assert late in ([], [SlotResult.HELD]), "a day late is for a person, whatever the clock meant"


def test_a_clock_a_day_behind_and_then_right_runs_each_slot_once(daily: Schedule) -> None:
    first = daily.next_at
    assert schedule.run_due(first) == 1
    for minutes in range(-24 * 60, 2 * 24 * 60, 30):
        schedule.run_due(first + dt.timedelta(minutes=minutes))
    days = [due.date() for due in Slot.objects.values_list("due_at", flat=True)]
    assert sorted(days) == [first.date(), (first + DAY).date()]


def test_of_several_missed_slots_only_the_latest_runs(daily: Schedule) -> None:
    first = daily.next_at
    late = first + dt.timedelta(days=3, hours=1)
    assert schedule.run_due(late) == 1
    slot = Slot.objects.get()
    assert slot.due_at.date() == late.date()
    assert slot.result == SlotResult.SKIPPED


def test_a_slot_older_than_its_grace_is_held_for_a_person(daily: Schedule) -> None:
    schedule.run_due(daily.next_at + dt.timedelta(hours=7))
    slot = Slot.objects.get()
    assert slot.result == SlotResult.HELD
    assert "more than six hours late" in slot.why
