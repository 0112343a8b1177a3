"""The schedule's clock."""

import datetime as dt

import pytest
from celery.beat import ScheduleEntry
from celery.schedules import schedule

from workers.celery import app
from workers.clockwork import Scheduler

NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def test_it_sleeps_until_the_next_tick_is_due_and_does_not_ask_again_and_again() -> None:
    now = NOON + dt.timedelta(seconds=0.995)
    entry = ScheduleEntry(
        name="tick", task="workers.tasks.tick", app=app, last_run_at=NOON,
        schedule=schedule(1.0, nowfun=lambda: now, app=app),
    )  # fmt: skip
    clock = Scheduler(app, schedule={"tick": entry}, lazy=True)
    assert clock.tick() == pytest.approx(0.005, abs=0.001)
