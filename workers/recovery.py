"""Settling what dead workers left: by their journals, and where those are gone, as uncertain.

A journal's owner is dead when its lock is free, however it died; so nothing waits for a lease
to run out on the host where it happened.
"""

import structlog
from django.db import transaction
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from digest.seldom import Seldom
from workers import evidence, leases, ledger
from workers.identity import host, journals
from workers.journal import Abandoned, abandoned
from workers.ledger import Result
from workers.lines import Lines
from workers.models import Batch, BatchState, DeliveryState
from workers.outbox import Outcome
from workers.results import result_of

log = structlog.get_logger()

_LEASED = Seldom(lambda: Batch.objects.filter(state=BatchState.LEASED))


def recover() -> None:
    """Settle every lease whose worker is dead; then what other hosts lost for good."""
    for journal in abandoned(journals()):
        try:
            _settle_journal(journal)
        except Exception:  # the others are locked too, and theirs must not wait for this one
            log.exception("a dead worker's journal waits", worker=journal.worker)
            journal.release()
    if not _LEASED.any():
        return
    for batch in leases.of_host(host()):
        if not (journals() / f"{batch.worker}.log").exists():
            _give_up(batch)
    for batch in leases.given_up(host()):
        _give_up(batch)


def _settle_journal(journal: Abandoned) -> None:
    known = journal.read()
    batches = leases.of_worker(host(), journal.worker)
    for batch in batches:
        _settle(batch, known)
    _settle_late(known)
    journal.discard()
    if batches:
        log.warning(
            "settled a dead worker's batches",
            worker=journal.worker,
            batches=[batch.id for batch in batches],
        )


def _settle(batch: Batch, known: dict[int, Outcome | None]) -> None:
    """Journal says S: its outcome; B alone: uncertain; nothing: it was never begun."""
    now = timezone.now()
    results = []
    for row in ledger.queued(batch):
        if row.id not in known:
            continue
        outcome = known[row.id]
        if outcome is None:
            results.append(
                Result(
                    row.id,
                    DeliveryState.UNCERTAIN,
                    answer=(
                        "The worker died after it began to send this message and before it "
                        "heard the relay's answer."
                    ),
                )
            )
        else:
            results += result_of(row, outcome, batch.mailing, now)
    ledger.record(batch.mailing_id, results, batch.route)
    with bound_contextvars(mailing=batch.mailing_id, batch=batch.id):
        Lines().tell(results)
    ledger.release(batch)


def _settle_late(known: dict[int, Outcome | None]) -> None:
    """What is uncertain by now, because the lease was given up before the journal was seen."""
    late = [
        Result(delivery, outcome.verdict.value, outcome.code, outcome.text)
        for delivery, outcome in known.items()
        if outcome is not None
    ]
    if settled := evidence.settle(late):
        log.warning("a journal that came to light settled uncertain deliveries", settled=settled)


@transaction.atomic
def _give_up(batch: Batch) -> None:
    """The lease ran out long ago and no journal tells of it: never silently sent again.

    Unless it ended since somebody looked: another tick may have settled it by its journal, and
    removed that, and what is left of it goes on.
    """
    if not _still_leased(batch):
        return
    ledger.record(
        batch.mailing_id,
        [
            Result(
                row.id,
                DeliveryState.UNCERTAIN,
                answer=(
                    f"The machine {batch.host} was lost while it held this message; nothing says "
                    "whether it went out."
                ),
            )
            for row in ledger.queued(batch)
        ],
        batch.route,
    )
    ledger.release(batch)
    log.warning("gave up a lost lease", batch=batch.id, host=batch.host)


def _still_leased(batch: Batch) -> bool:
    """Whether it is on the same lease as when it was read, and stays so for this transaction."""
    same = Batch.objects.filter(
        id=batch.id,
        state=BatchState.LEASED,
        worker=batch.worker,
        leased_until=batch.leased_until,
    )
    return same.select_for_update(no_key=True).exists()
