"""Sending a batch: real relay over a socket, real journal, real rows.

What must hold when something breaks stands in ``tests/faults``.
"""

from pathlib import Path
from typing import Any

import pytest

from digest import approval, drafting
from digest.models import Topic
from digest.requesting import RequestedTest
from subscribers.models import Segment
from tests.briefings import keep_briefing
from tests.ledgering import readers
from tests.sends import received, states
from workers import asked, audience, balance, departures, ledger, mailings, recovery, sending
from workers.journal import Journal
from workers.models import BULK, URGENT, Batch, BatchState, DeliveryState, Mailing, MailingState

pytestmark = pytest.mark.django_db


def test_everybody_gets_one_and_the_sheet_balances(due: Mailing, relay: Path) -> None:
    sending.send(BULK, seconds=5)
    assert received(relay) == [f"reader{n}@example.org" for n in range(1, 6)]
    assert set(states(due).values()) == {"accepted"}
    ledger.finish()
    sheet = balance.sheet(due)
    assert (sheet.state, sheet.balanced) == ("done", True)
    assert sending._journal().path.read_bytes() == b"", "cut once all of it is committed"


def test_a_reader_whose_name_can_not_stand_in_a_header_is_excluded_and_the_batch_goes_on(
    due: Mailing, relay: Path
) -> None:
    due.deliveries.filter(address="reader2@example.org").update(name="Eve\r\nBcc: all@example.org")
    sending.send(BULK, seconds=5)
    assert len(received(relay)) == 4
    assert balance.sheet(due).excluded == {"malformed": 1}


def test_a_relay_that_is_down_costs_no_attempt_and_says_why(due: Mailing, settings: Any) -> None:
    settings.SMTP_URL = "smtp://127.0.0.1:1?connections=2"
    sending.send(BULK, seconds=5)
    due.refresh_from_db()
    assert set(states(due).values()) == {"queued"}
    assert "127.0.0.1:1" in due.why
    assert Batch.objects.get().state == BatchState.PENDING


def test_a_test_mail_goes_by_the_urgent_worker_to_the_address_alone(
    due: Mailing, relay: Path
) -> None:
    assert due.update is not None
    RequestedTest.objects.create(update=due.update, addresses=["edda@example.org"])
    assert asked.take_requested_tests() == 1
    assert asked.take_requested_tests() == 0
    sending.send(URGENT, seconds=5)
    assert received(relay) == ["edda@example.org"]


def test_a_resend_of_an_uncertain_row_repeats_the_same_bytes(
    due: Mailing, dead: Journal, relay: Path
) -> None:
    from workers.letters import Letters

    row = ledger.one(due, "reader1@example.org")
    assert row is not None
    before = Letters(due).message(row)
    dead.close(remove=True)
    recovery.recover()
    assert mailings.settle(due, DeliveryState.QUEUED, by="otto") == 5
    again = ledger.one(due, "reader1@example.org")
    assert again is not None
    assert Letters(due).message(again) == before
    sending.send(BULK, seconds=5)
    assert len(received(relay)) == 5


def test_a_lease_that_lasts_too_long_goes_back_in_good_order(
    due: Mailing, relay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TURN", 0)
    turns = 0
    while "queued" in states(due).values():
        sending.send(BULK, seconds=0.01)
        turns += 1
        assert turns <= 5, "each turn sends something"
    due.refresh_from_db()
    assert turns > 1
    assert due.tries == 0
    assert received(relay) == [f"reader{n}@example.org" for n in range(1, 6)]


def test_a_retry_takes_each_delivery_once_though_it_fails_again_at_once(
    due: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    due.deliveries.update(state=DeliveryState.FAILED)
    Mailing.objects.update(queued=0, failed=5)
    real, runs = ledger.requeue, []

    def requeue(mailing_id: int, ids: list[int], since: DeliveryState) -> int:
        runs.append(ids)
        assert len(runs) == 1, "it would go on for ever"
        n = real(mailing_id, ids, since)
        ledger.record(mailing_id, [ledger.Result(one, DeliveryState.FAILED, 550) for one in ids])
        return n

    monkeypatch.setattr(ledger, "requeue", requeue)
    assert mailings.retry(due, by="otto") == 5
    assert balance.sheet(due).balanced


def test_an_update_to_a_segment_that_nobody_is_in_is_held_for_a_person(pivot: Topic) -> None:
    readers(pivot, 2)
    segment = Segment.objects.create(name="none", rule={"field": "tag", "is": "nobody"})
    keep_briefing(pivot, "story")
    approval.approve(drafting.draft(pivot), by="pia", segments=["none"])
    (made,) = departures.take_due_updates()
    held = Mailing.objects.get(id=made)
    assert held.state == MailingState.HELD
    assert "Nobody is in none" in held.why
    segment.rule = {"field": "topic", "is": pivot.slug}
    segment.save()
    mailings.resume(held, by="otto")
    assert audience.fill(made)
    assert balance.sheet(held).candidates == 2
