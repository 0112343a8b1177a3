"""Who moves the mail: the workers' page, and the same in a terminal."""

import datetime as dt
import json

import pytest
from click.testing import CliRunner
from django.test import Client
from django.utils import timezone

from digest.models import Topic
from tests.queueing import a_crew, a_mailing, an_update
from workers.commands.status import status
from workers.models import Batch, Delivery, Pulse, Worker
from workers.queue import works
from workers.routes.models import Route, RouteDay
from workers.watch import readings
from workers.watch.readings import BrokerState

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker with some wake-ups in it: journeys ask a real one."""
    waiting = {"tick": 1, "urgent": 0, "bulk": 1234, "import": 0}
    monkeypatch.setattr(readings, "broker", lambda: BrokerState(True, "", waiting))


@pytest.fixture
def page(db: None, otto, signed_in) -> "Client":
    return signed_in(otto)


def shown(page: Client) -> str:
    answer = page.get("/queue/workers/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_all_is_well_where_each_queue_is_served_and_somebody_looks_for_what_is_due(page):
    a_crew()
    said = shown(page)
    assert "all well" in said
    assert "ooked for what is due" in said
    assert "updates to their audiences" in said
    assert ">1,234<" in said
    assert "Nobody holds a batch" in said
    assert "every 15s" in said, "a page at rest asks seldom"


def test_what_each_holds_is_shown_with_what_is_left_and_how_fast_it_goes(page, pivot: Topic):
    a_crew()
    mailing = a_mailing(pivot, update=an_update(pivot, 2), accepted=40, queued=7, leased=True)
    Delivery.objects.filter(mailing=mailing, state="accepted").update(
        settled_at=timezone.now() + dt.timedelta(minutes=1)  # of late, however slow this is
    )
    (lease,) = works.leases()
    assert (lease.left, lease.speed, lease.silent) == (7, 4.0, "")
    said = shown(page)
    assert "wharf, process 7" in said
    assert "7 of 47" in said
    assert "every 2s" in said


def test_a_worker_that_was_killed_is_named_until_an_hour_later(page, pivot: Topic):
    a_crew()
    killed = Worker.objects.create(
        name="wharf:9", host="wharf-1a2b", pid=4711, queues="bulk",
        seen_at=timezone.now() - dt.timedelta(minutes=5),
    )  # fmt: skip
    a_mailing(pivot, update=an_update(pivot, 2), queued=7, leased=True)
    Batch.objects.update(leased_until=timezone.now() - dt.timedelta(minutes=5))
    said = shown(page)
    assert "Gone without a word" in said
    assert f"process 4711: bulk; last sign at {killed.seen_at:%H:%M:%S} UTC" in said
    assert "silent for 5 min" in said
    Worker.objects.filter(id=killed.id).update(seen_at=timezone.now() - dt.timedelta(hours=2))
    assert "4711" not in shown(page)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("workers", "Nobody serves bulk: nothing of it moves"),
        ("tick", "Start both with"),
        ("broker", "The broker does not answer (ConnectionError). Nobody is lost"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do_and_all_is_not_well(
    broken, words, page, monkeypatch
):
    a_crew()
    if broken == "workers":
        Worker.objects.filter(queues="bulk,import").delete()
    elif broken == "tick":
        Pulse.objects.update(at=timezone.now() - dt.timedelta(minutes=5))
    else:
        monkeypatch.setattr(readings, "broker", lambda: BrokerState(False, "ConnectionError", {}))
    said = shown(page)
    assert words in said
    assert "all well" not in said


def test_the_queue_is_not_well_either_while_nobody_ticks_or_no_relay_takes_a_mailing(
    page, pivot: Topic
):
    a_crew()
    assert "all well" in page.get("/queue/").content.decode()
    mailing = a_mailing(pivot, queued=3)
    mailing.why = "The relay does not answer"
    mailing.save()
    said = page.get("/queue/").content.decode()
    assert "no relay takes a mailing" in said
    assert "all well" not in said
    Pulse.objects.update(at=timezone.now() - dt.timedelta(minutes=5))
    said = page.get("/queue/").content.decode()
    assert "Nobody looks for what is due" in said
    assert "all well" not in said


def test_the_queue_is_not_well_while_somebody_is_uncertain_in_a_mailing_that_moves(
    page, pivot: Topic
):
    a_crew()
    a_mailing(pivot, queued=3, uncertain=2)
    said = page.get("/queue/").content.decode()
    assert "2 to settle" in said
    assert "all well" not in said


def test_the_terminal_shows_the_same(page, pivot: Topic):
    a_crew()
    a_mailing(pivot, update=an_update(pivot, 2), accepted=40, queued=7, leased=True)
    day = timezone.now().date()
    RouteDay.objects.create(
        route=Route.objects.create(name="ses-1", rate=70, cap=500), day=day, taken=40, accepted=38
    )
    said = " ".join(CliRunner().invoke(status).output.split())
    for words in (
        "Route ses-1: takes mail; 0/s of 70 asked; 38 of 500 today",
        "2 workers",
        "bulk 1 worker, 1,234 waiting",
        "ooked for what is due",
        "7 of 47 left",
        "process 7",
    ):
        assert words in said, words
    told = json.loads(CliRunner().invoke(status, ["--json"]).output)
    (route,) = [one for one in told["routes"] if one["name"] == "ses-1"]
    assert (route["state"], route["accepted_today"], route["cap"]) == ("open", 38, 500)
