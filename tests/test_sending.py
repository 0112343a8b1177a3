"""Sending a batch: real relay over a socket, real journal, real rows."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from digest import approval, drafting, editions
from digest.models import AuditEntry, Edition, RequestedTest, Topic, Update
from subscribers.models import Segment, Subscription, SubscriptionState, Suppression, address_hash
from tests.briefings import keep_briefing
from tests.ledgering import readers
from workers import audience, balance, departures, identity, ledger, mailings, recovery, sending
from workers.journal import Journal
from workers.models import BULK, URGENT, Batch, BatchState, DeliveryState, Mailing, MailingState
from workers.outbox import Envelope, Outcome, Verdict, Withdrawn

pytestmark = pytest.mark.django_db


@pytest.fixture
def relay(sink: tuple[str, Path], settings: Any) -> Iterator[Path]:
    """A relay that takes everything; what it took is in this file."""
    settings.SMTP_URL = sink[0]
    sending._client.cache_clear()
    yield sink[1]
    sending._client().close()
    sending._client.cache_clear()


@pytest.fixture
def due(pivot: Topic) -> Mailing:
    """A mailing of an approved update to five readers, its audience filled."""
    readers(pivot, 5)
    keep_briefing(pivot, "story")
    approval.approve(drafting.draft(pivot), by="pia")
    (made,) = departures.take_due_updates()
    audience.fill(made)
    return Mailing.objects.get(id=made)


def received(relay: Path) -> list[str]:
    return sorted(relay.read_text().split()) if relay.exists() else []


def states(sent: Mailing) -> dict[str, str]:
    return dict(sent.deliveries.values_list("address", "state"))


def test_everybody_gets_one_and_the_sheet_balances(due: Mailing, relay: Path) -> None:
    sending.send(BULK, seconds=5)
    assert received(relay) == [f"reader{n}@example.org" for n in range(1, 6)]
    assert set(states(due).values()) == {"accepted"}
    ledger.finish()
    sheet = balance.sheet(due)
    assert (sheet.state, sheet.balanced) == ("done", True)
    assert sending._journal().path.read_bytes() == b"", "cut once all of it is committed"


def test_whoever_left_since_the_fill_is_excluded_with_the_reason(due: Mailing, relay: Path) -> None:
    Subscription.objects.filter(subscriber__email="reader1@example.org").update(
        state=SubscriptionState.UNSUBSCRIBED
    )
    Subscription.objects.filter(subscriber__email="reader2@example.org").update(
        state=SubscriptionState.PAUSED, paused_until=timezone.now() + dt.timedelta(days=3)
    )
    Suppression.objects.create(email_hash=address_hash("reader3@example.org"), reason="complaint")
    sending.send(BULK, seconds=5)
    assert received(relay) == ["reader4@example.org", "reader5@example.org"]
    sheet = balance.sheet(due)
    assert sheet.excluded == {"unsubscribed": 1, "paused": 1, "suppressed": 1}
    assert sheet.balanced


def test_a_reader_whose_name_can_not_stand_in_a_header_is_excluded_and_the_batch_goes_on(
    due: Mailing, relay: Path
) -> None:
    due.deliveries.filter(address="reader2@example.org").update(name="Eve\r\nBcc: all@example.org")
    sending.send(BULK, seconds=5)
    assert len(received(relay)) == 4
    assert balance.sheet(due).excluded == {"malformed": 1}


def test_a_cancelled_mailing_sends_nothing_and_its_remainder_is_exact(
    due: Mailing, relay: Path
) -> None:
    assert mailings.cancel(due, by="otto") == 5
    sending.send(BULK, seconds=5)
    assert received(relay) == []
    sheet = balance.sheet(due)
    assert (sheet.state, sheet.excluded, sheet.balanced) == ("cancelled", {"cancelled": 5}, True)


def test_a_mailing_cancelled_under_a_lease_is_excluded_by_its_worker(
    due: Mailing, relay: Path
) -> None:
    batch = ledger.claim(BULK, identity.host(), "another")
    assert batch is not None
    assert mailings.cancel(due, by="otto") == 0, "the batch is its worker's to settle"
    ledger.release(batch)
    sheet = balance.sheet(due)
    assert (sheet.excluded, sheet.balanced) == ({"cancelled": 5}, True)


def test_a_relay_that_is_down_costs_no_attempt_and_says_why(due: Mailing, settings: Any) -> None:
    settings.SMTP_URL = "smtp://127.0.0.1:1?connections=2"
    sending._client.cache_clear()
    sending.send(BULK, seconds=5)
    sending._client.cache_clear()
    due.refresh_from_db()
    assert set(states(due).values()) == {"queued"}
    assert "127.0.0.1:1" in due.why
    assert Batch.objects.get().state == BatchState.PENDING


def test_a_paused_mailing_waits_and_goes_on(due: Mailing, relay: Path) -> None:
    mailings.pause(due, by="otto")
    sending.send(BULK, seconds=5)
    assert received(relay) == []
    due.refresh_from_db()
    mailings.resume(due, by="otto")
    sending.send(BULK, seconds=5)
    assert len(received(relay)) == 5


def test_a_test_mail_goes_by_the_urgent_worker_to_the_address_alone(
    due: Mailing, relay: Path
) -> None:
    assert due.update is not None
    RequestedTest.objects.create(update=due.update, addresses=["edda@example.org"])
    assert mailings.take_requested_tests() == 1
    assert mailings.take_requested_tests() == 0
    sending.send(URGENT, seconds=5)
    assert received(relay) == ["edda@example.org"]


# ---- after a crash -----------------------------------------------------------------------


@pytest.fixture
def dead(due: Mailing) -> Journal:
    """The journal of a worker that claimed the batch and is then no more."""
    assert ledger.claim(BULK, identity.host(), "dead") is not None
    return Journal.open(identity.journals(), "dead")


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


def test_a_live_workers_batch_is_left_alone(due: Mailing, dead: Journal) -> None:
    recovery.recover()
    assert Batch.objects.get().state == BatchState.LEASED
    dead.close(remove=True)


def test_a_lease_whose_journal_is_gone_is_uncertain_never_sent_again(
    due: Mailing, dead: Journal, relay: Path
) -> None:
    dead.close(remove=True)
    recovery.recover()
    assert set(states(due).values()) == {DeliveryState.UNCERTAIN}
    sending.send(BULK, seconds=5)
    assert received(relay) == []
    assert balance.sheet(due).state == MailingState.SENDING
    ledger.finish()
    assert balance.sheet(due).state == MailingState.DONE


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


# ---- standing still, and leaving at the last moment ----------------------------------------


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


@pytest.fixture
def outbox(due: Mailing) -> Iterator[sending._Outbox]:
    """What a client that is slow to begin asks of the batch."""
    batch = ledger.claim(BULK, identity.host(), identity.worker())
    assert batch is not None
    journal = Journal.open(identity.journals(), "slow")
    yield sending._Outbox(batch, journal)
    journal.close(remove=True)


def test_whoever_leaves_while_the_relay_keeps_their_message_waiting_is_not_sent_it(
    due: Mailing, outbox: sending._Outbox
) -> None:
    first, second = outbox.take(), outbox.take()
    assert isinstance(first, Envelope)
    assert isinstance(second, Envelope)
    gone = due.deliveries.get(id=second.key).subscriber
    Subscription.objects.filter(subscriber=gone).update(state=SubscriptionState.UNSUBSCRIBED)
    outbox._looked_at -= sending.LOOK_EVERY
    outbox.tick()
    outbox.begin(first.key)
    with pytest.raises(Withdrawn):
        outbox.begin(second.key)
    outbox.settle(first.key, Outcome(Verdict.ACCEPTED, 250, "250 OK"))
    outbox.settle(second.key, Outcome(Verdict.UNTRIED, 0, "withdrawn"))
    outbox.record()
    assert due.deliveries.get(id=second.key).state == "queued", "the next claim excludes it"


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


def test_one_journal_that_can_not_be_settled_does_not_keep_the_others_from_it(
    due: Mailing, dead: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = due.deliveries.order_by("id")[0]
    dead.begin(first.id)
    dead.close()
    for name in ("a-sick-one", "zz-another"):
        Journal.open(identity.journals(), name).close()
    real = ledger.lost_leases

    def lost_leases(host: str, worker: str) -> list[Batch]:
        if worker == "a-sick-one":
            raise OperationalError("the database went away")
        return real(host, worker)

    monkeypatch.setattr(ledger, "lost_leases", lost_leases)
    recovery.recover()
    assert balance.sheet(due).uncertain == 1
    monkeypatch.undo()
    recovery.recover()
    assert not (identity.journals() / "a-sick-one.log").exists(), "its lock was let go"
    assert not (identity.journals() / "zz-another.log").exists()


# ---- one poison request among others -------------------------------------------------------


def test_a_test_that_can_not_be_rendered_does_not_keep_others_from_theirs(
    due: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert due.update is not None
    sick = RequestedTest.objects.create(update=due.update, addresses=["edda@example.org"])
    RequestedTest.objects.create(update=due.update, addresses=["pia@example.org"])
    real = editions.for_test
    asked: list[object] = []

    def for_test(update: Update) -> Edition:
        asked.append(update)
        if len(asked) == 1:
            raise RuntimeError("poison")
        return real(update)

    monkeypatch.setattr(editions, "for_test", for_test)
    assert mailings.take_requested_tests() == 1
    sick.refresh_from_db()
    assert sick.taken_at, "it is not tried every second for ever"
    assert AuditEntry.objects.filter(what="could not make a test of").exists()


def test_an_update_whose_edition_is_gone_does_not_keep_others_from_being_mailed(
    pivot: Topic,
) -> None:
    readers(pivot, 1)
    other = Topic.objects.create(slug="retail", name="Retail")
    for topic in (pivot, other):
        keep_briefing(topic, "story")
        approval.approve(drafting.draft(topic), by="pia")
    Edition.objects.filter(topic=pivot).delete()
    assert len(departures.take_due_updates()) == 1


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


# ---- what is the machine's trouble, and what the mailing's ------------------------------


def test_a_full_disk_stops_before_the_next_body_and_loses_nobody(
    due: Mailing, relay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the journal's own write is made to fail: a full disk can't be had in a test."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "begin", full)
        sending.send(BULK, seconds=5)
    assert received(relay) == []
    assert set(states(due).values()) == {"queued"}
    due.refresh_from_db()
    assert "No space left" in due.why
    assert due.tries == 0, "no fault of the mailing"
    sending.send(BULK, seconds=5)
    assert len(received(relay)) == 5
    due.refresh_from_db()
    assert due.why == ""


def test_a_poisoned_edition_is_quarantined_after_three_tries_and_others_go_on(
    due: Mailing, relay: Path
) -> None:
    assert due.edition is not None
    due.edition.subject = "a subject\r\nwith another line"
    due.edition.save()
    for _ in range(4):
        sending.send(BULK, seconds=5)
    due.refresh_from_db()
    assert due.state == MailingState.QUARANTINED
    assert "A batch failed" in due.why
    assert balance.sheet(due).balanced
    assert received(relay) == []


def test_a_resumed_mailing_of_a_mended_edition_goes_out(due: Mailing, relay: Path) -> None:
    Mailing.objects.filter(id=due.id).update(state=MailingState.QUARANTINED, tries=3)
    mailings.resume(due, by="otto")
    sending.send(BULK, seconds=5)
    assert len(received(relay)) == 5


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
