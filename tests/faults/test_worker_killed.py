"""Workers killed in mid-batch, many times: nobody lost, nobody mailed twice in silence."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from django.db import OperationalError

from tests.faults.drills import SEEDS, drill
from tests.faults.installation import approved, holds, leasing, received, state
from tests.journeys.system import DIGEST, System, until
from tests.sends import received as got
from tests.sends import states
from workers import balance, identity, leases, ledger, mailings, recovery, sending
from workers.journal import Journal
from workers.models import BULK, Batch, BatchState, DeliveryState, Mailing, MailingState
from workers.outbox import Envelope, Outcome, Verdict, Withdrawn

READERS = 1500


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
def test_worker_killed_mid_batch_many_times_nobody_is_lost_and_nobody_mailed_twice(
    tmp_path: Path, seed: int
) -> None:
    """On SQLite; on PostgreSQL it is ``test_postgresql_restarted.py`` that kills them too."""
    told = drill(System(tmp_path / "var"), seed)
    assert set(told["faults"]) >= {"worker", "flush", "broker"}  # type: ignore[call-overload]
    assert list((tmp_path / "var").glob("drill_*")) == [], "its folder is still there"


@pytest.mark.long
def test_a_killed_system_goes_on_where_it_was(tmp_path: Path, sink: tuple[str, Path]) -> None:
    system = approved(System(tmp_path / "var", SMTP_URL=sink[0]), READERS, rate=300)
    record, kills = sink[1], 3
    for kill in range(kills):
        with system.process(str(DIGEST), "up", "--port", "0", "--workers", "2") as up:
            until(lambda done=(kill + 1) * 300: received(record) >= done, 60, what=system.log)
            os.kill(up.pid, signal.SIGKILL)
            up.wait()
    with system.process(str(DIGEST), "up", "--port", "0", "--workers", "2"):
        until(lambda: state(system) == "done", 180, what=system.log)
    holds(system, record, READERS, uncertain=kills * 2 * 4)


@pytest.mark.long
def test_a_killed_worker_is_taken_over_from(tmp_path: Path, sink: tuple[str, Path]) -> None:
    system = approved(System(tmp_path / "var", SMTP_URL=sink[0]), READERS, rate=300)
    record = sink[1]
    with system.process(str(DIGEST), "up", "--port", "0", "--workers", "2"):
        until(lambda: received(record) >= 200, 60, what=system.log)
        os.kill(leasing(system), signal.SIGKILL)
        until(lambda: state(system) == "done", 60, what=system.log)
    holds(system, record, READERS, uncertain=4)


# ---- what is settled, and how --------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.both_databases
def test_what_a_dead_worker_wrote_down_is_settled_by_its_journal(
    due: Mailing, dead: Journal
) -> None:
    first, second, third, *_ = list(due.deliveries.order_by("id"))
    for delivery in (first, second, third):
        dead.begin(delivery.id)
    dead.settle(first.id, Outcome(Verdict.ACCEPTED, 250, "250 queued as 1"))
    dead.settle(second.id, Outcome(Verdict.FAILED, 550, "550 no such user"))
    dead.close()
    recovery.recover()
    assert list(states(due).values()) == ["accepted", "failed", "uncertain", "queued", "queued"]
    assert Batch.objects.get().state == BatchState.PENDING
    assert balance.sheet(due).balanced
    assert not dead.path.exists()


@pytest.mark.django_db
@pytest.mark.both_databases
def test_settling_a_journal_twice_changes_nothing(due: Mailing, dead: Journal) -> None:
    first = due.deliveries.order_by("id")[0]
    dead.begin(first.id)
    said = dead.path.read_bytes()
    dead.close()
    recovery.recover()
    dead.path.write_bytes(said)
    recovery.recover()
    assert balance.sheet(due).uncertain == 1
    assert balance.sheet(due).balanced


@pytest.mark.django_db
@pytest.mark.both_databases
def test_a_live_workers_batch_is_left_alone(due: Mailing, dead: Journal) -> None:
    recovery.recover()
    assert Batch.objects.get().state == BatchState.LEASED
    dead.close(remove=True)


@pytest.mark.django_db
@pytest.mark.both_databases
def test_a_lease_whose_journal_is_gone_is_uncertain_never_sent_again(
    due: Mailing, dead: Journal, relay: Path
) -> None:
    dead.close(remove=True)
    recovery.recover()
    assert set(states(due).values()) == {DeliveryState.UNCERTAIN}
    sending.send(BULK, seconds=5)
    assert got(relay) == []
    assert balance.sheet(due).state == MailingState.SENDING
    ledger.finish()
    assert balance.sheet(due).state == MailingState.DONE


@pytest.mark.django_db
@pytest.mark.both_databases
def test_of_two_ticks_at_once_the_later_gives_up_nothing_that_the_other_has_settled(
    due: Mailing, dead: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead.begin(due.deliveries.order_by("id")[0].id)
    dead.close()
    real = leases.of_host

    def overtaken(host: str) -> list[Batch]:
        """The other tick, which has the journal, is done with it once this one has looked."""
        seen = real(host)
        monkeypatch.undo()
        recovery.recover()
        return seen

    monkeypatch.setattr(recovery, "abandoned", lambda _folder: [])
    monkeypatch.setattr(leases, "of_host", overtaken)
    recovery.recover()
    assert list(states(due).values()) == ["uncertain", *["queued"] * 4]


@pytest.mark.django_db
@pytest.mark.both_databases
def test_one_journal_that_can_not_be_settled_does_not_keep_the_others_from_it(
    due: Mailing, dead: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = due.deliveries.order_by("id")[0]
    dead.begin(first.id)
    dead.close()
    for name in ("a-sick-one", "zz-another"):
        Journal.open(identity.journals(), name).close()
    real = leases.of_worker

    def of_worker(host: str, worker: str) -> list[Batch]:
        if worker == "a-sick-one":
            raise OperationalError("the database went away")
        return real(host, worker)

    monkeypatch.setattr(leases, "of_worker", of_worker)
    recovery.recover()
    assert balance.sheet(due).uncertain == 1
    monkeypatch.undo()
    recovery.recover()
    assert not (identity.journals() / "a-sick-one.log").exists(), "its lock was let go"
    assert not (identity.journals() / "zz-another.log").exists()


@pytest.mark.django_db
@pytest.mark.both_databases
def test_a_worker_that_stood_still_beyond_its_lease_begins_nothing_before_it_has_looked(
    outbox: sending._Outbox, due: Mailing
) -> None:
    envelope = outbox.take()
    assert isinstance(envelope, Envelope)
    outbox._renewed_at -= ledger.LEASE.total_seconds() + 1  # SIGSTOP, as the clock shows it
    with pytest.raises(Withdrawn):
        outbox.begin(envelope.key)
    outbox.tick()
    outbox.begin(envelope.key)
    outbox._renewed_at -= ledger.LEASE.total_seconds() + 1
    Batch.objects.update(state=BatchState.PENDING, worker="", host="")  # others gave it up
    outbox.tick()
    with pytest.raises(Withdrawn):
        outbox.begin(envelope.key)


@pytest.mark.skipif(sys.platform != "linux", reason="by Linux's clock that goes on in its sleep")
@pytest.mark.django_db
def test_a_machine_that_slept_beyond_its_lease_begins_nothing_before_it_has_looked(
    outbox: sending._Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    envelope = outbox.take()
    assert isinstance(envelope, Envelope)
    real = time.clock_gettime
    slept = {time.CLOCK_BOOTTIME: 3600.0}  # time.monotonic() stands still meanwhile
    monkeypatch.setattr(time, "clock_gettime", lambda clock: real(clock) + slept.get(clock, 0))
    Batch.objects.update(state=BatchState.PENDING, worker="", host="")  # others gave it up
    with pytest.raises(Withdrawn):
        outbox.begin(envelope.key)
    outbox.tick()
    with pytest.raises(Withdrawn):
        outbox.begin(envelope.key)


@pytest.mark.django_db
@pytest.mark.both_databases
def test_a_journal_that_comes_to_light_after_its_lease_was_given_up_settles_what_it_knows(
    due: Mailing, dead: Journal, relay: Path
) -> None:
    """A machine that was lost for an hour is back: what it heard is true, and nobody sends."""
    first, second, third, *_ = list(due.deliveries.order_by("id"))
    for delivery in (first, second, third):
        dead.begin(delivery.id)
    dead.settle(first.id, Outcome(Verdict.ACCEPTED, 250, "250 queued as 1"))
    dead.settle(second.id, Outcome(Verdict.FAILED, 550, "550 no such user"))
    for batch in leases.of_host(identity.host()):
        recovery._give_up(batch)
    ledger.finish()
    assert set(states(due).values()) == {"uncertain"}
    dead.close()
    recovery.recover()
    assert list(states(due).values()) == ["accepted", "failed"] + ["uncertain"] * 3
    assert due.deliveries.get(id=first.id).answer == "250 queued as 1"
    sheet = balance.sheet(due)
    assert (sheet.balanced, sheet.uncertain, sheet.state) == (True, 3, "done")
    sending.send(BULK, seconds=1)
    assert got(relay) == []


@pytest.mark.django_db
@pytest.mark.both_databases
def test_late_evidence_changes_nothing_that_a_person_has_settled(
    due: Mailing, dead: Journal
) -> None:
    first = due.deliveries.order_by("id")[0]
    dead.begin(first.id)
    dead.settle(first.id, Outcome(Verdict.FAILED, 550, "550 no such user"))
    for batch in leases.of_host(identity.host()):
        recovery._give_up(batch)
    mailings.settle(due, DeliveryState.ACCEPTED, by="otto")
    dead.close()
    recovery.recover()
    assert set(states(due).values()) == {"accepted"}
    assert balance.sheet(due).balanced


@pytest.mark.django_db
@pytest.mark.both_databases
def test_what_a_worker_hears_after_its_lease_was_given_up_settles_what_it_is_of(
    due: Mailing, outbox: sending._Outbox
) -> None:
    """It stood still for an hour and goes on: its relay's answers are true all the same."""
    first, second = outbox.take(), outbox.take()
    assert isinstance(first, Envelope)
    assert isinstance(second, Envelope)
    for envelope in (first, second):
        outbox.begin(envelope.key)
    for batch in leases.of_host(identity.host()):
        recovery._give_up(batch)
    outbox.settle(first.key, Outcome(Verdict.ACCEPTED, 250, "250 queued as 1"))
    outbox.settle(second.key, Outcome(Verdict.FAILED, 550, "550 no such user"))
    outbox.record()
    assert sorted(states(due).values()) == ["accepted", "failed"] + ["uncertain"] * 3
    assert balance.sheet(due).balanced
