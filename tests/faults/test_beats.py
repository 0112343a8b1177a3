"""Beat killed, and two beats: each slot runs once."""

import datetime as dt
import json
import os
import signal
import sqlite3
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.briefings import keep_briefing
from tests.faults.installation import TOPIC, drafted, holds, received, state
from tests.journeys.system import System, until
from workers import schedule, ticking
from workers.models import Mailing, Schedule, Slot, SlotResult


@pytest.mark.django_db
@pytest.mark.both_databases
def test_a_slot_is_run_once_however_many_ticks_see_it(daily: Schedule) -> None:
    due = daily.next_at
    assert [schedule.run_due(due) for _ in range(3)] == [1, 0, 0]
    Schedule.objects.update(next_at=due)  # a second scheduler, one step behind
    assert schedule.run_due(due) == 0
    assert Slot.objects.count() == 1
    daily.refresh_from_db()
    assert daily.next_at > due


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
def test_two_beats_at_the_same_instant_run_a_slot_once(
    daily: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_briefing(daily.topic, "story")
    Schedule.objects.update(auto=True, next_at=dt.datetime.now(dt.UTC), cron="0 0 1 1 *")
    monkeypatch.setattr(ticking, "wake", lambda *_: None)
    together = threading.Barrier(4)

    def beat() -> None:
        together.wait(10)
        ticking.tick()
        connection.close()

    threads = [threading.Thread(target=beat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    ticking.tick()
    assert Slot.objects.get().result == SlotResult.APPROVED
    assert daily.topic.updates.count() == 1
    assert Mailing.objects.count() == 1


@pytest.mark.long
def test_beat_killed_and_two_beats_run_each_slot_exactly_once(
    tmp_path: Path, sink: tuple[str, Path], redis_url: str
) -> None:
    readers = 50
    system = System(tmp_path / "var", SMTP_URL=sink[0], REDIS_URL=redis_url)
    drafted(system, readers)
    fresh = {"slug": "today", "topic": TOPIC, "headline": "Today", "summary": "It is news."}
    fresh["published_at"] = (dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)).isoformat()
    system.run("load", "-", "--topic", TOPIC, stdin=json.dumps(fresh))
    system.run("schedule", "set", TOPIC, "0 0 1 1 *", "--zone", "UTC", "--auto")
    beat = (sys.executable, "-m", "celery", "-A", "workers.celery", "--quiet", "beat", "--pidfile=")
    with ExitStack() as stack:
        stack.enter_context(system.workers(bulk=1))  # and a beat of its own
        second = stack.enter_context(system.process(*beat, "-s", str(tmp_path / "second")))
        third = stack.enter_context(system.process(*beat, "-s", str(tmp_path / "third")))
        os.kill(second.pid, signal.SIGKILL)
        come_due(system)
        until(lambda: slots(system) != [], 30, what=system.log)
        os.kill(third.pid, signal.SIGKILL)
        until(lambda: received(sink[1]) == readers, 60, what=lambda: slots(system))
        until(lambda: [result for _, result in slots(system)] == ["approved"], 10)
        until(lambda: state(system) == "done", 30)
    holds(system, sink[1], readers)


def come_due(system: System) -> None:
    with sqlite3.connect(system.data_dir / "digest.sqlite3") as database:
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None).isoformat(" ")
        database.execute("UPDATE workers_schedule SET next_at = ?", [now])


def slots(system: System) -> list[tuple[Any, ...]]:
    return system.asked("SELECT due_at, result FROM workers_slot")
