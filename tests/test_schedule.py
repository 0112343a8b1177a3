"""Schedules: due times right where clocks change, and each slot once."""

import datetime as dt
import itertools

import pytest
from django.utils import timezone

from digest.errors import Refused
from digest.models import Stage, Topic
from workers import schedule
from workers.models import Schedule, Slot, SlotResult

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

UTC = dt.UTC


def upcoming(cron: str, zone: str, after: dt.datetime, n: int) -> list[str]:
    return [
        f"{time:%m-%d %H:%M}" for time in itertools.islice(schedule.times(cron, zone, after), n)
    ]


def test_a_time_that_the_clock_skips_runs_once_right_after_the_gap() -> None:
    before = dt.datetime(2026, 3, 28, 12, tzinfo=UTC)
    # London: 01:00 becomes 02:00 on 29 March 2026, so 01:30 does not exist.
    assert upcoming("30 1 * * *", "Europe/London", before, 3) == [
        "03-29 01:00",
        "03-30 00:30",
        "03-31 00:30",
    ]


def test_a_time_that_comes_twice_runs_once() -> None:
    before = dt.datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert upcoming("30 1 * * *", "Europe/London", before, 2) == ["10-25 00:30", "10-26 01:30"]


@pytest.mark.parametrize(
    ("cron", "zone"),
    [
        ("61 * * * *", "UTC"),
        ("* * *", "UTC"),
        ("0 7 * * *", "Mars/Olympus"),
        ("0 7 * * *", "../etc"),
        ("0 0 30 2 *", "UTC"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_words(pivot: Topic, cron: str, zone: str) -> None:
    with pytest.raises(Refused, match="nothing was changed"):
        schedule.set_schedule(pivot, cron, zone, auto=False, by="test")
    assert not Schedule.objects.exists()


@pytest.fixture
def daily(pivot: Topic) -> Schedule:
    """The pivot, assembled at 07:00 in London by an editor, last due a minute ago."""
    return schedule.set_schedule(pivot, "0 7 * * *", "Europe/London", auto=False, by="test")


def test_a_slot_without_news_is_skipped_and_says_why(daily: Schedule) -> None:
    due = daily.next_at
    assert schedule.run_due(due) == 1
    slot = Slot.objects.get()
    assert (slot.due_at, slot.result) == (due, SlotResult.SKIPPED)
    assert "at least 1" in slot.why
    assert not daily.topic.updates.exclude(stage=Stage.DISCARDED).exists()


def test_a_slot_is_run_once_however_many_ticks_see_it(daily: Schedule) -> None:
    due = daily.next_at
    assert [schedule.run_due(due) for _ in range(3)] == [1, 0, 0]
    Schedule.objects.update(next_at=due)  # a second scheduler, one step behind
    assert schedule.run_due(due) == 0
    assert Slot.objects.count() == 1
    daily.refresh_from_db()
    assert daily.next_at > due


def test_nothing_runs_before_its_time(daily: Schedule) -> None:
    assert schedule.run_due(daily.next_at - dt.timedelta(microseconds=1)) == 0


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


def test_a_slot_that_fails_is_tried_again_and_held_after_the_third_time(
    daily: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poisoned(*_: object, **__: object) -> None:
        raise ZeroDivisionError("poison")

    monkeypatch.setattr(schedule.drafting, "draft", poisoned)
    due = daily.next_at
    for minutes in (0, 6, 12):
        schedule.run_due(due + dt.timedelta(minutes=minutes))
        schedule.run_due(due + dt.timedelta(minutes=minutes, seconds=1))
    slot = Slot.objects.get()
    assert (slot.result, slot.tries) == (SlotResult.HELD, 3)
    assert "poison" in slot.why
    daily.refresh_from_db()
    assert daily.next_at > due, "the topic's later slots go on"


def test_the_first_slot_lies_after_now(daily: Schedule) -> None:
    assert daily.next_at > timezone.now()


def test_a_schedule_whose_zone_is_no_more_stops_no_other(daily: Schedule) -> None:
    other = Topic.objects.create(slug="other", name="Other")
    Schedule.objects.create(
        topic=other,
        cron="0 7 * * *",
        zone="Mars/Olympus",
        next_at=daily.next_at - dt.timedelta(days=1),
    )
    assert schedule.run_due(daily.next_at) == 1
    assert Slot.objects.get().topic == daily.topic
