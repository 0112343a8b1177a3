"""PostgreSQL restarts at once, its connections are terminated, a COMMIT's answer is lost."""

import shlex
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError

from tests.faults.drills import SEEDS, drill
from tests.journeys.system import System
from tests.sends import holds, received
from workers import insisting, ledger, sending
from workers.ledger import Result
from workers.models import BULK, BatchState, Mailing

_CRASH = """
import os, psycopg, signal, sys
found = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
with psycopg.connect(sys.argv[1]) as connection:
    (pid,) = connection.execute(found).fetchone()
os.kill(pid, signal.SIGKILL)
"""
"""PostgreSQL then throws everybody out at once and recovers, as after an immediate restart."""


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
def test_restarted_at_once_connections_terminated_and_workers_killed_the_checker_holds(
    tmp_path: Path, postgres_url: str, seed: int
) -> None:
    command = shlex.join([sys.executable, "-c", _CRASH, postgres_url])
    system = System(tmp_path / "var", DATABASE_URL=postgres_url)
    told = drill(system, seed, "--restart-database", command)
    assert set(told["faults"]) >= {"worker", "flush", "broker", "cut", "restart"}  # type: ignore[call-overload]
    with psycopg.connect(postgres_url) as connection:
        left = connection.execute("SELECT datname FROM pg_database").fetchall()
        made = connection.execute("SELECT count(*) FROM pg_tables WHERE tablename ~ '^workers'")
        assert made.fetchone() == (0,), "it touched the user's own database"
    assert [name for (name,) in left if "drill" in name] == []


@pytest.mark.django_db
@pytest.mark.both_databases
def test_a_commit_whose_answer_was_lost_is_settled_by_reading_the_row(
    due: Mailing, relay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the answer is lost: whether the COMMIT took place, the worker can't know."""
    real, lost = ledger.record, []

    def record(mailing_id: int, results: Sequence[Result], route: int | None) -> None:
        real(mailing_id, results, route)
        if results and not lost:
            lost.append(results)
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(ledger, "record", record)
    monkeypatch.setattr(insisting.time, "sleep", lambda _: None)
    monkeypatch.setattr(insisting.connection, "close", lambda: None)  # it holds the test's own
    for _ in range(3):
        sending.send(BULK, seconds=5)
    assert lost
    assert len(received(relay)) == 5
    holds(due, received(relay))


@pytest.mark.django_db
@pytest.mark.both_databases
def test_a_commit_that_never_took_place_is_repeated(
    due: Mailing, relay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refused = ledger.record, []

    def record(mailing_id: int, results: Sequence[Result], route: int | None) -> None:
        if results and len(refused) < 3:
            refused.append(results)
            raise OperationalError("the database system is starting up")
        real(mailing_id, results, route)

    monkeypatch.setattr(ledger, "record", record)
    monkeypatch.setattr(insisting.time, "sleep", lambda _: None)
    monkeypatch.setattr(insisting.connection, "close", lambda: None)
    for _ in range(3):
        sending.send(BULK, seconds=5)
    assert len(refused) == 3
    assert len(received(relay)) == 5
    holds(due, received(relay))


@pytest.mark.django_db
@pytest.mark.both_databases
def test_a_claim_whose_answer_was_lost_is_given_back_once_the_database_is_there(
    due: Mailing, relay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the batch waits for as long as its worker lives, who knows nothing of it."""
    claim, release = ledger.claim, ledger.release
    answers: list[str] = ["server closed the connection", "the database system is starting up"]

    def broken_off(do: Callable[..., object], *asked: object) -> object:
        done = do(*asked) if do is claim or not answers else None
        if answers:
            raise OperationalError(answers.pop(0))
        return done

    monkeypatch.setattr(ledger, "claim", partial(broken_off, claim))
    monkeypatch.setattr(ledger, "release", partial(broken_off, release))
    monkeypatch.setattr(insisting.time, "sleep", lambda _: None)
    monkeypatch.setattr(insisting.connection, "close", lambda: None)
    with pytest.raises(OperationalError, match="closed"):
        sending.send(BULK, seconds=5)
    assert due.batches.get().state == BatchState.PENDING
    sending.send(BULK, seconds=5)
    assert len(received(relay)) == 5
    holds(due, received(relay))
