"""Pause and cancel: no new body 2 s later, and the remainder exact."""

from pathlib import Path

import pytest

from digest.models import Topic
from tests.faults.meanwhile import send_and
from tests.sends import due_to, holds, received
from workers import balance, identity, ledger, mailings, sending
from workers.models import BULK, Mailing

pytestmark = [pytest.mark.both_databases]


@pytest.mark.django_db(transaction=True)
def test_paused_during_the_send_begins_nothing_2_s_later_and_goes_on_where_it_stopped(
    pivot: Topic, relay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = due_to(pivot, 60, rate=20)
    seen = send_and(lambda: mailings.pause(sent, by="otto"), after=5, patch=monkeypatch)
    assert seen.later_than(2.0) == []
    sheet = balance.sheet(sent)
    assert sheet.queued > 0
    assert (sheet.balanced, sheet.accepted) == (True, len(received(relay)))
    assert sheet.accepted + sheet.queued == 60
    sent.refresh_from_db()
    mailings.resume(sent, by="otto")
    mailings.set_rate(sent, None, by="otto")
    sending.send(BULK, seconds=10)
    holds(sent, received(relay))
    assert len(received(relay)) == 60


@pytest.mark.django_db(transaction=True)
def test_cancelled_during_the_send_begins_nothing_2_s_later_and_the_remainder_is_exact(
    pivot: Topic, relay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = due_to(pivot, 60, rate=20)
    seen = send_and(lambda: mailings.cancel(sent, by="otto"), after=5, patch=monkeypatch)
    assert seen.later_than(2.0) == []
    mailings.sweep_cancelled()
    sheet = balance.sheet(sent)
    assert (sheet.state, sheet.queued, sheet.balanced) == ("cancelled", 0, True)
    assert sheet.accepted == len(received(relay)) < 60
    assert sheet.excluded == {"cancelled": 60 - sheet.accepted}
    holds(sent, received(relay))


@pytest.mark.django_db
def test_a_paused_mailing_waits_and_goes_on(due: Mailing, relay: Path) -> None:
    mailings.pause(due, by="otto")
    sending.send(BULK, seconds=5)
    assert received(relay) == []
    due.refresh_from_db()
    mailings.resume(due, by="otto")
    sending.send(BULK, seconds=5)
    assert len(received(relay)) == 5


@pytest.mark.django_db
def test_a_cancelled_mailing_sends_nothing_and_its_remainder_is_exact(
    due: Mailing, relay: Path
) -> None:
    assert mailings.cancel(due, by="otto") == 5
    sending.send(BULK, seconds=5)
    assert received(relay) == []
    sheet = balance.sheet(due)
    assert (sheet.state, sheet.excluded, sheet.balanced) == ("cancelled", {"cancelled": 5}, True)


@pytest.mark.django_db
def test_a_mailing_cancelled_under_a_lease_is_excluded_by_its_worker(
    due: Mailing, relay: Path
) -> None:
    batch = ledger.claim(BULK, identity.host(), "another")
    assert batch is not None
    assert mailings.cancel(due, by="otto") == 0, "the batch is its worker's to settle"
    ledger.release(batch)
    sheet = balance.sheet(due)
    assert (sheet.excluded, sheet.balanced) == ({"cancelled": 5}, True)
