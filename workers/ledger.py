"""The send ledger: every change of a delivery's state and of a batch's lease.

The SQL that matters stands here, with the reason for its shape.  Each function is one
transaction; counters on the mailing change with the rows they count, so that the sheet
(balance.py) is exact at any moment.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now

from digest.seldom import Seldom
from workers import domains, evidence, refusals
from workers.brake.hard import is_hard
from workers.models import (
    Batch,
    BatchState,
    Delivery,
    DeliveryState,
    Exclusion,
    Mailing,
    MailingState,
)

log = structlog.get_logger()

LEASE = dt.timedelta(seconds=60)
"""How long a worker may be silent before others may settle its batch."""


LIVE = [MailingState.PREPARING, MailingState.SENDING]
"""Mailings whose batches may be claimed."""

ONE_WORKER_DOES = 1000
"""Messages a second up to which a mailing with a rate is one worker's at a time."""


class Row(NamedTuple):
    """A queued delivery, as much of it as a message is made of."""

    id: int
    subscriber_id: int | None
    address: str
    name: str
    variant: str
    token_version: int
    generation: int
    attempts: int
    dated_at: dt.datetime


class Result(NamedTuple):
    """What became of one attempt."""

    id: int
    state: str  # a DeliveryState
    code: int = 0
    answer: str = ""
    next_attempt_at: dt.datetime | None = None
    reason: str = ""  # an Exclusion, where the state is excluded
    attempt: int = 1  # 0 where nothing was tried


# ---- leases --------------------------------------------------------------------------


def claimable(kinds: Sequence[str], which: Q | None = None, at_once: int = 1) -> QuerySet[Batch]:
    """Pending batches of live mailings of these kinds, and of those that ``which`` says.

    A mailing with a modest rate is one worker's at a time, so that it can't hold them all; or as
    many workers' as there are routes, since a worker sends by one at a time.
    """
    leased = Batch.objects.filter(mailing=OuterRef("mailing"), state=BatchState.LEASED)
    rested = Q(not_before=None) | Q(not_before__lte=Now())
    return Batch.objects.filter(
        which or Q(),
        rested,
        state=BatchState.PENDING,
        mailing__state__in=LIVE,
        mailing__kind__in=kinds,
    ).exclude(
        Q(mailing__rate__lte=ONE_WORKER_DOES) & Exists(leased.order_by("id")[at_once - 1 : at_once])
    )


def claim(
    kinds: Sequence[str], host: str, worker: str, which: Q | None = None, at_once: int = 1
) -> Batch | None:
    """Lease one batch that may be claimed to this worker, or None.

    A look, then a conditional UPDATE that acts only if the batch is still pending: right on
    SQLite and PostgreSQL alike, and without SKIP LOCKED's walk over the rows of others.
    """
    found = claimable(kinds, which, at_once).order_by("mailing__due_at", "id")
    pending = found.values_list("id", flat=True)[:8]
    for batch_id in list(pending):
        claimed = Batch.objects.filter(id=batch_id, state=BatchState.PENDING).update(
            state=BatchState.LEASED,
            host=host,
            worker=worker,
            leased_until=Now() + LEASE,
            dated_at=Coalesce(F("dated_at"), Now()),
        )
        if claimed:
            return _with_mailing.get(id=batch_id)
    return None


_with_mailing = Batch.objects.select_related(
    "mailing__edition", "mailing__topic", "mailing__update"
).defer("mailing__edition__html", "mailing__edition__text", "mailing__edition__view")
"""A worker reads the edition's content once a mailing, not once a batch."""


def renew(batch: Batch) -> bool:
    """Extend the lease; False when it is no longer this worker's: it must stop at once."""
    renewed = Batch.objects.filter(
        id=batch.id, state=BatchState.LEASED, worker=batch.worker
    ).update(leased_until=Now() + LEASE, missed_at=None)
    return renewed == 1


_FROZEN = Row._fields[:-1]
"""Columns as in Row, but for the Date, which may be that of the batch."""


def queued(batch: Batch) -> list[Row]:
    """The batch's deliveries that are still to be sent, in order."""
    assert batch.dated_at is not None, "a claimed batch is dated"
    found = (
        batch.deliveries.filter(state=DeliveryState.QUEUED)
        .order_by("id")
        .values_list(*_FROZEN, "dated_at")
    )
    return [Row._make((*frozen, dated_at or batch.dated_at)) for *frozen, dated_at in found]


def one(mailing: Mailing, address: str) -> Row | None:
    """The mailing's delivery to this address, as its message was or will be made."""
    row = (
        Delivery.objects.filter(mailing=mailing, address=address)
        .order_by("id")
        .values_list(
            *_FROZEN,
            Coalesce("dated_at", "batch__dated_at", Now()),
        )
        .first()
    )
    return Row._make(row) if row else None


@transaction.atomic
def release(batch: Batch, rest: dt.timedelta | None = None) -> None:
    """Give the lease back: pending while anything in it is queued, else done.

    ``rest``: for so long others are claimed before it.
    """
    mine = Batch.objects.select_for_update().filter(
        id=batch.id, state=BatchState.LEASED, worker=batch.worker
    )
    if not mine.exists():
        return
    mailing = Mailing.objects.get(id=batch.mailing_id)
    if mailing.state == MailingState.CANCELLED:
        exclude(mailing.id, Q(batch=batch), Exclusion.CANCELLED)
    left = batch.deliveries.filter(state=DeliveryState.QUEUED).exists()
    mine.update(
        state=BatchState.PENDING if left else BatchState.DONE,
        worker="",
        host="",
        leased_until=None,
        not_before=Now() + rest if rest else None,
    )


# ---- results ---------------------------------------------------------------------------

# One statement for hundreds of rows: a commit each costs twenty times as much, and
# bulk_update's CASE thirty times.  The values come as JSON, which Python writes three times as
# fast as arrays.  The bounds keep PostgreSQL from reading the whole table, which it thinks
# cheaper than hundreds of looks into the index; a batch's rows lie side by side.  RETURNING tells
# which rows really were queued, so that a result told twice (a journal read after its commit)
# changes neither row nor counter.
_RECORD = """
    UPDATE workers_delivery AS d SET state = v.state, code = v.code, answer = v.answer,
        next_attempt_at = v.next_attempt_at, reason = v.reason,
        attempts = d.attempts + v.attempt, settled_at = {now},
        route = CASE WHEN v.attempt > 0 THEN %s ELSE d.route END
    FROM {values} AS v{columns}
    WHERE d.id BETWEEN %s AND %s AND d.id = v.id AND d.state = 'queued' RETURNING {returning}"""
_RECORDS = {
    "postgresql": _RECORD.format(
        now="now()",
        values="json_to_recordset(%s)",
        columns="""(id bigint, state text, code int, answer text, next_attempt_at timestamptz,
            reason text, attempt int)""",
        returning="d.id, d.state, d.address",
    ),
    "sqlite": _RECORD.format(
        now="strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')",
        values="""(SELECT json_extract(value, '$.id') AS id,
            json_extract(value, '$.state') AS state, json_extract(value, '$.code') AS code,
            json_extract(value, '$.answer') AS answer,
            json_extract(value, '$.next_attempt_at') AS next_attempt_at,
            json_extract(value, '$.reason') AS reason,
            json_extract(value, '$.attempt') AS attempt FROM json_each(%s))""",
        columns="",
        returning="id, state, address",
    ),
}


@transaction.atomic
def record(mailing_id: int, results: Sequence[Result], route: int | None = None) -> None:
    """Write results of queued deliveries, and move the counters by what really changed.

    ``route``: the id of that by which they were attempted.
    """
    if not results:
        return
    said = [one._asdict() | {"answer": _clean(one.answer)} for one in results]
    ids = [one.id for one in results]
    with connection.cursor() as cursor:
        values = json.dumps(said, default=_database_time)
        cursor.execute(_RECORDS[connection.vendor], [route, values, min(ids), max(ids)])
        changed = cursor.fetchall()
    moved = Counter(state for _, state, _ in changed)
    domains.accepted(
        mailing_id, (to for _, state, to in changed if state == DeliveryState.ACCEPTED)
    )
    _count(mailing_id, moved, since=DeliveryState.QUEUED, hard=_hard(results, changed))
    late = moved.total() < len(results)
    if late:
        # Somebody gave this worker's batch up: what it heard all the same is evidence.
        evidence.settle(results)
    if late or moved[DeliveryState.FAILED]:
        refusals.heed(mailing_id, results)


def _hard(results: Sequence[Result], changed: Sequence[Sequence[Any]]) -> int:
    """How many of the changed failed since nobody is there."""
    failed = [one for one in results if one.state == DeliveryState.FAILED]
    gone = {one.id for one in failed if is_hard(one.code, one.answer)}
    return sum(delivery in gone for delivery, *_ in changed) if gone else 0


def exclude(mailing_id: int, which: Q, reason: Exclusion) -> int:
    """Exclude queued or deferred deliveries of a mailing; how many there were."""
    total = 0
    for state in (DeliveryState.QUEUED, DeliveryState.DEFERRED):
        with transaction.atomic():
            changed = Delivery.objects.filter(which, mailing_id=mailing_id, state=state).update(
                state=DeliveryState.EXCLUDED, reason=reason, next_attempt_at=None, settled_at=Now()
            )
            _count(mailing_id, {DeliveryState.EXCLUDED: changed}, since=state)
            total += changed
    return total


@transaction.atomic
def requeue(
    mailing_id: int, ids: Sequence[int], since: DeliveryState, *, anew: bool = False
) -> int:
    """Put deliveries back into the queue, in a batch of their own; how many there were.

    Their Date stays that of their first attempt, and their generation too: a retry repeats
    the same bytes. ``anew`` raises the generation: a person wants another message sent.
    """
    batch = Batch.objects.create(mailing_id=mailing_id, size=len(ids))
    first_claim = Batch.objects.filter(id=OuterRef("batch_id")).values("dated_at")[:1]
    rows = Delivery.objects.filter(id__in=ids, mailing_id=mailing_id, state=since)
    # What failed for good and is tried again may do so again: each delivery counts once.
    failed = rows.select_for_update() if since == DeliveryState.FAILED else rows.none()
    hard = sum(is_hard(*said) for said in failed.values_list("code", "answer"))
    rows.update(dated_at=None if anew else Coalesce(F("dated_at"), Subquery(first_claim)))
    changed = rows.update(
        state=DeliveryState.QUEUED,
        batch=batch,
        next_attempt_at=None,
        settled_at=None,
        generation=F("generation") + (1 if anew else 0),
    )
    if not changed:
        batch.delete()
        return 0
    _count(mailing_id, {DeliveryState.QUEUED: changed}, since=since, hard=-hard)
    Mailing.objects.filter(id=mailing_id, state=MailingState.DONE).update(
        state=MailingState.SENDING, finished_at=None
    )
    return changed


@transaction.atomic
def accept_uncertain(mailing_id: int, ids: Sequence[int]) -> int:
    """Take uncertain deliveries as sent, on a person's word; how many there were."""
    rows = Delivery.objects.filter(id__in=ids, mailing_id=mailing_id, state=DeliveryState.UNCERTAIN)
    taken = list(rows.select_for_update().values_list("id", "address"))
    changed = Delivery.objects.filter(id__in=[one for one, _ in taken]).update(
        state=DeliveryState.ACCEPTED, settled_at=Now()
    )
    domains.accepted(mailing_id, (address for _, address in taken))
    _count(mailing_id, {DeliveryState.ACCEPTED: changed}, since=DeliveryState.UNCERTAIN)
    return changed


def _count(mailing_id: int, moved: Mapping[str, int], since: str, hard: int = 0) -> None:
    """Move counters from one state's to others'; of the failed, so many more for good."""
    changes: dict[str, Any] = {state: F(state) + n for state, n in moved.items() if n}
    if changes:
        changes[since] = F(since) - sum(moved.values())
        if hard:
            changes["hard"] = F("hard") + hard
        Mailing.objects.filter(id=mailing_id).update(**changes)


def _clean(answer: str) -> str:
    """Without the NUL that PostgreSQL can't keep, and no longer than is useful."""
    return answer.replace("\0", "")[:1000]


def _database_time(value: object) -> str:
    """As the database reads it."""
    assert isinstance(value, dt.datetime)
    return str(connection.ops.adapt_datetimefield_value(value))


# ---- due and finished ------------------------------------------------------------------


def due_again(limit: int = 2000) -> dict[int, list[int]]:
    """mailing id → deferred deliveries whose time has come."""
    found: dict[int, list[int]] = {}
    if _DUE_AGAIN.any():
        for mailing_id, delivery_id in _due_again().values_list("mailing_id", "id")[:limit]:
            found.setdefault(mailing_id, []).append(delivery_id)
    return found


def _due_again() -> QuerySet[Delivery]:
    # Not by a join: SQLite would begin with the mailings, and walk through all their deliveries.
    live = Mailing.objects.filter(pk=OuterRef("mailing"), state__in=LIVE)
    due = Delivery.objects.filter(state=DeliveryState.DEFERRED, next_attempt_at__lte=Now())
    return due.filter(Exists(live)).order_by("next_attempt_at")


_DUE_AGAIN = Seldom(_due_again)


def finish() -> int:
    """Mark as done every mailing with nothing queued, deferred or in a lease; how many."""
    if not _ENDED.any():
        return 0
    ended = _ended()
    done = [one for one in ended.values_list("id", flat=True) if _finish(ended.filter(id=one))]
    for one in done:
        log.info("mailing done", mailing=one)
    return len(done)


def _ended() -> QuerySet[Mailing]:
    open_batches = Batch.objects.filter(
        mailing=OuterRef("id"), state__in=[BatchState.PENDING, BatchState.LEASED]
    )
    return Mailing.objects.filter(
        ~Exists(open_batches),
        state=MailingState.SENDING,
        prepared_at__isnull=False,
        queued=0,
        deferred=0,
    )


_ENDED = Seldom(_ended)


def _finish(mailing: QuerySet[Mailing]) -> bool:
    return bool(mailing.update(state=MailingState.DONE, finished_at=Now()))
