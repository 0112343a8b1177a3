"""Whom a tick wakes: enough that nothing waits, and no more than can do anything."""

import datetime as dt

import pytest
from django.utils import timezone

from digest.models import Topic
from tests.ledgering import mailing, readers
from tests.queueing import a_crew
from workers import audience, ledger, tasks, ticking
from workers.models import BULK, Mailing, Worker

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks for which somebody was woken."""
    tasks_woken: list[str] = []
    for module in (ticking, tasks):
        monkeypatch.setattr(module, "wake", lambda task, *_: tasks_woken.append(task))
    return tasks_woken


@pytest.fixture
def sent(pivot: Topic) -> Mailing:
    """A mailing in four batches, to be sent by a worker with three places."""
    a_crew()
    Worker.objects.filter(queues="bulk,import").update(places=3)
    readers(pivot, 4)
    made = mailing(pivot, rate=0.1)  # one in ten seconds: a batch each
    audience.fill(made.id)
    Mailing.objects.update(rate=None)
    return made


def woken_after_claims(many: int, woken: list[str]) -> list[str]:
    for number in range(many):
        assert ledger.claim(BULK, "here", f"w{number}")
    ticking.wake_for_waiting()
    return woken


def test_each_place_with_nothing_to_do_is_woken(sent: Mailing, woken: list[str]) -> None:
    assert woken_after_claims(1, woken) == ["send_bulk"] * 2


def test_one_is_woken_where_all_look_busy_for_they_may_be_dead(
    sent: Mailing, woken: list[str]
) -> None:
    assert woken_after_claims(3, woken) == ["send_bulk"]


def test_nobody_is_woken_where_nothing_may_be_claimed(sent: Mailing, woken: list[str]) -> None:
    Mailing.objects.update(rate=10)  # one worker does that
    assert woken_after_claims(1, woken) == []


def test_nobody_is_woken_to_fill_what_another_fills(pivot: Topic, woken: list[str]) -> None:
    made = mailing(pivot)
    ticking.wake_for_waiting()
    Mailing.objects.filter(id=made.id).update(filling_until=timezone.now() + dt.timedelta(hours=1))
    ticking.wake_for_waiting()
    assert woken == ["prepare"]


def test_a_worker_whose_turn_is_over_asks_for_another(
    sent: Mailing, woken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "BUSY", 0)
    tasks.send_bulk()
    assert woken == ["send_bulk"]
