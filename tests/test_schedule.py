"""Schedules: due times right where clocks change, and each slot once."""

import datetime as dt

import pytest
from django.utils import timezone

from digest.errors import Refused
from digest.models import Stage, Topic
from workers import schedule
from workers.models import Schedule, Slot, SlotResult

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

UTC = dt.UTC


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


def test_a_slot_without_news_is_skipped_and_says_why(daily: Schedule) -> None:
    due = daily.next_at
    assert schedule.run_due(due) == 1
    slot = Slot.objects.get()
    assert (slot.due_at, slot.result) == (due, SlotResult.SKIPPED)
    assert "at least 1" in slot.why
    assert not daily.topic.updates.exclude(stage=Stage.DISCARDED).exists()


def test_nothing_runs_before_its_time(daily: Schedule) -> None:
    assert schedule.run_due(daily.next_at - dt.timedelta(microseconds=1)) == 0


def test_the_first_slot_lies_after_now(daily: Schedule) -> None:
    assert daily.next_at > timezone.now()
