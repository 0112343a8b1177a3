"""The ledger's rules: leases, results, retries, settling, and a sheet that always balances."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from digest.models import Topic
from tests.ledgering import mailing, readers
from workers import audience, balance, leases, ledger
from workers.ledger import Result
from workers.models import (
    BULK,
    URGENT,
    Batch,
    BatchState,
    DeliveryState,
    Exclusion,
    Mailing,
    MailingKind,
    MailingState,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def sent(pivot: Topic) -> Mailing:
    """A mailing of five, ready to be claimed."""
    readers(pivot, 5)
    made = mailing(pivot)
    audience.fill(made.id)
    return made


def claimed(worker: str = "w1", host: str = "h1") -> Batch:
    batch = ledger.claim(BULK, host, worker)
    assert batch is not None
    return batch


def counters(sent: Mailing) -> dict[str, int]:
    sent.refresh_from_db()
    return {state: getattr(sent, state) for state in balance.STATES if getattr(sent, state)}


def test_a_batch_is_claimed_by_one_worker_only(sent: Mailing) -> None:
    assert claimed("w1").worker == "w1"
    assert ledger.claim(BULK, "h1", "w2") is None


def test_a_paused_mailing_is_not_claimed(sent: Mailing) -> None:
    Mailing.objects.update(state=MailingState.PAUSED)
    assert ledger.claim(BULK, "h1", "w1") is None


def test_urgent_workers_leave_updates_alone(sent: Mailing) -> None:
    assert ledger.claim(URGENT, "h1", "w1") is None


def test_a_mailing_with_a_modest_rate_is_one_workers_at_a_time(
    sent: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    Mailing.objects.update(rate=50)
    Batch.objects.create(mailing=sent, size=0)
    claimed("w1")
    assert ledger.claim(BULK, "h1", "w2") is None
    Mailing.objects.update(rate=None)
    assert ledger.claim(BULK, "h1", "w2") is not None


def test_a_lease_that_is_another_workers_can_not_be_renewed_or_released(sent: Mailing) -> None:
    batch = claimed("w1")
    assert ledger.renew(batch)
    Batch.objects.update(worker="w2")
    assert not ledger.renew(batch)
    ledger.release(batch)
    assert Batch.objects.get().state == BatchState.LEASED


def test_results_move_rows_and_counters_together(sent: Mailing) -> None:
    rows = ledger.queued(claimed())
    soon = timezone.now() + dt.timedelta(minutes=1)
    ledger.record(
        sent.id,
        [
            Result(rows[0].id, DeliveryState.ACCEPTED, 250, "250 2.0.0 queued as 4F1"),
            Result(rows[1].id, DeliveryState.DEFERRED, 450, "450 4.2.1 later", soon),
            Result(rows[2].id, DeliveryState.FAILED, 550, "550 5.1.1 no such user"),
            Result(rows[3].id, DeliveryState.EXCLUDED, reason=Exclusion.UNSUBSCRIBED, attempt=0),
        ],
    )
    assert counters(sent) == {"accepted": 1, "queued": 1, "deferred": 1, "failed": 1, "excluded": 1}
    sheet = balance.sheet(sent)
    assert sheet.balanced
    assert sheet.excluded == {"unsubscribed": 1}
    accepted, deferred, _, excluded, _ = sent.deliveries.order_by("id")
    assert (accepted.code, accepted.answer) == (250, "250 2.0.0 queued as 4F1")
    assert (deferred.attempts, excluded.attempts) == (1, 0)
    assert deferred.next_attempt_at is not None
    assert abs(deferred.next_attempt_at - soon) < dt.timedelta(milliseconds=1)


def test_a_result_told_twice_changes_nothing_the_second_time(sent: Mailing) -> None:
    row = ledger.queued(claimed())[0]
    ledger.record(sent.id, [Result(row.id, DeliveryState.ACCEPTED, 250, "250 first")])
    ledger.record(sent.id, [Result(row.id, DeliveryState.FAILED, 550, "550 second")])
    assert counters(sent) == {"accepted": 1, "queued": 4}
    assert sent.deliveries.get(id=row.id).answer == "250 first"


def test_an_answer_may_hold_anything_a_server_can_say(sent: Mailing) -> None:
    row = ledger.queued(claimed())[0]
    said = "550 \u2028 \x00 'quotes\" \\ {%s} é \x1b[31m " + "x" * 5000
    ledger.record(sent.id, [Result(row.id, DeliveryState.FAILED, 550, said)])
    kept = sent.deliveries.get(id=row.id).answer
    assert kept.startswith("550 \u2028  'quotes\" \\ {%s} é")
    assert len(kept) <= 1000


def test_a_batch_given_back_with_somebody_queued_can_be_claimed_again(sent: Mailing) -> None:
    batch = claimed()
    first_dated = batch.dated_at
    ledger.release(batch)
    again = claimed("w2")
    assert again.id == batch.id
    assert again.dated_at == first_dated, "the Date of its messages must not change"


def test_a_mailing_is_done_only_when_nothing_is_queued_deferred_or_leased(sent: Mailing) -> None:
    batch = claimed()
    ids = [row.id for row in ledger.queued(batch)]
    ledger.record(sent.id, [Result(i, DeliveryState.ACCEPTED, 250, "250 ok") for i in ids[1:]])
    ledger.release(batch)
    assert ledger.finish() == 0
    batch = claimed()
    ledger.record(sent.id, [Result(ids[0], DeliveryState.ACCEPTED, 250, "250 ok")])
    assert ledger.finish() == 0, "its last batch is in a lease"
    ledger.release(batch)
    assert ledger.finish() == 1
    sent.refresh_from_db()
    assert sent.state == MailingState.DONE


def test_a_deferred_delivery_comes_back_in_its_time_with_the_same_date(sent: Mailing) -> None:
    batch = claimed()
    row = ledger.queued(batch)[0]
    past = timezone.now() - dt.timedelta(seconds=1)
    ledger.record(sent.id, [Result(row.id, DeliveryState.DEFERRED, 421, "421 later", past)])
    due = ledger.due_again()
    assert due == {sent.id: [row.id]}
    assert ledger.requeue(sent.id, due[sent.id], DeliveryState.DEFERRED) == 1
    assert ledger.due_again() == {}
    ledger.release(batch)
    mine = [found for found in (claimed(), claimed("w2")) if found.id != batch.id]
    (again,) = ledger.queued(mine[0])
    assert (again.id, again.dated_at, again.generation) == (row.id, row.dated_at, 0)
    assert again.attempts == 1
    assert balance.sheet(sent).balanced


def test_one_that_is_not_yet_due_waits(sent: Mailing) -> None:
    row = ledger.queued(claimed())[0]
    later = timezone.now() + dt.timedelta(minutes=1)
    ledger.record(sent.id, [Result(row.id, DeliveryState.DEFERRED, 421, "421 later", later)])
    assert ledger.due_again() == {}


def test_an_uncertain_row_is_settled_by_a_person_either_way(sent: Mailing) -> None:
    rows = ledger.queued(claimed())
    ledger.record(sent.id, [Result(row.id, DeliveryState.UNCERTAIN) for row in rows[:2]])
    assert ledger.accept_uncertain(sent.id, [rows[0].id]) == 1
    assert ledger.requeue(sent.id, [rows[1].id], DeliveryState.UNCERTAIN) == 1
    assert counters(sent) == {"accepted": 1, "queued": 4}
    assert balance.sheet(sent).balanced


def test_settling_takes_a_done_mailing_back_to_sending(sent: Mailing) -> None:
    batch = claimed()
    rows = ledger.queued(batch)
    ledger.record(sent.id, [Result(row.id, DeliveryState.UNCERTAIN) for row in rows])
    ledger.release(batch)
    ledger.finish()
    ledger.requeue(sent.id, [rows[0].id], DeliveryState.UNCERTAIN)
    sent.refresh_from_db()
    assert sent.state == MailingState.SENDING


def test_excluding_touches_only_what_has_not_gone(sent: Mailing) -> None:
    row = ledger.queued(claimed())[0]
    ledger.record(sent.id, [Result(row.id, DeliveryState.ACCEPTED, 250, "250 ok")])
    assert ledger.exclude(sent.id, Q(), Exclusion.CANCELLED) == 4
    assert counters(sent) == {"accepted": 1, "excluded": 4}


def test_the_sheet_says_so_when_a_row_is_lost(sent: Mailing) -> None:
    sent.deliveries.filter(id=sent.deliveries.first().id).delete()  # type: ignore[union-attr]
    assert not balance.sheet(sent).balanced


def test_the_sheet_says_so_when_counters_and_rows_disagree(sent: Mailing) -> None:
    Mailing.objects.update(queued=4, accepted=1)
    assert not balance.sheet(sent).balanced


def test_a_lease_of_a_lost_host_is_given_up_only_after_its_silence(sent: Mailing) -> None:
    claimed("w1", "gone")
    Batch.objects.update(leased_until=timezone.now() - dt.timedelta(days=2))
    assert leases.given_up("here") == [], "it was only just seen to be silent"
    Batch.objects.update(missed_at=timezone.now() - leases.LOST - dt.timedelta(seconds=1))
    assert len(leases.given_up("here")) == 1
    assert leases.given_up("gone") == [], "its own host asks the journals"


def test_claiming_recording_and_finishing_take_few_queries(
    sent: Mailing, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(3):  # type: ignore[operator]
        batch = claimed()
    rows = ledger.queued(batch)
    results = [Result(row.id, DeliveryState.ACCEPTED, 250, "250 ok") for row in rows]
    with django_assert_max_num_queries(5):  # type: ignore[operator]
        ledger.record(sent.id, results)


@pytest.mark.only_on("postgresql")
def test_recording_looks_at_the_batch_alone_however_many_are_queued(pivot: Topic) -> None:
    readers(pivot, 4000)
    sent = mailing(pivot)
    while not audience.fill(sent.id):
        pass
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE workers_delivery")
    plans: list[str] = []

    def explained(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.strip().startswith("UPDATE workers_delivery"):
            execute(f"EXPLAIN {sql}", params, many, context)
            plans.extend(line for (line,) in context["cursor"].fetchall())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explained):
        rows = ledger.queued(claimed())[:500]
        ledger.record(sent.id, [Result(row.id, DeliveryState.ACCEPTED) for row in rows])
    assert any("Index" in line for line in plans)
    assert not any("Seq Scan on workers_delivery" in line for line in plans)


@pytest.mark.parametrize("kind", [MailingKind.TEST, MailingKind.CONFIRM])
def test_what_a_person_waits_for_is_claimed_by_urgent_workers(pivot: Topic, kind: str) -> None:
    made = mailing(pivot, kind=kind, state=MailingState.SENDING)
    Batch.objects.create(mailing=made, size=0)
    assert ledger.claim(URGENT, "h1", "w1") is not None
