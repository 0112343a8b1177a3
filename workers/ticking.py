"""The tick: every second, find what is due by index, do what is small, wake others for the rest.

Everything here may run twice at once (two beats) or not at all for a while (broker gone):
each step is a conditional change of the database, and what it missed it finds next time.
"""

from collections.abc import Callable

import structlog
from django.db.models import Q
from django.db.models.functions import Now

from workers import ledger, mailings, recovery, schedule
from workers.models import URGENT, Batch, BatchState, DeliveryState, Mailing, MailingState
from workers.wakeups import wake

log = structlog.get_logger()


def tick() -> None:
    """Everything that is due now; one part's failure stops no other."""
    for part in (
        schedule.run_due,
        mailings.take_due_updates,
        mailings.take_requested_tests,
        mailings.take_confirmations,
        recovery.recover,
        requeue_due,
        mailings.sweep_cancelled,
        ledger.finish,
        wake_for_waiting,
    ):
        _run(part)


def _run(part: Callable[[], object]) -> None:
    try:
        part()
    except Exception:  # a poisoned row of one part must not stop the others
        log.exception("tick failed", part=part.__name__)


def requeue_due() -> None:
    """Queue again the deferred deliveries whose time has come."""
    for mailing_id, ids in ledger.due_again().items():
        ledger.requeue(mailing_id, ids, DeliveryState.DEFERRED)


def wake_for_waiting() -> None:
    """A wake-up per mailing to prepare, and as many to send as there are batches waiting."""
    preparing = Mailing.objects.filter(
        state=MailingState.PREPARING, prepared_at=None, due_at__lte=Now()
    )
    for mailing_id in preparing.values_list("id", flat=True)[:50]:
        wake("prepare", mailing_id)
    pending = Batch.objects.filter(state=BatchState.PENDING, mailing__state__in=ledger.LIVE)
    urgent = Q(mailing__kind__in=URGENT)
    if pending.filter(urgent).exists():
        wake("send_urgent")
    waiting = pending.exclude(urgent)[:8].count()
    for _ in range(waiting):
        wake("send_bulk")
