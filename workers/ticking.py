"""The tick: every second, find what is due by index, do what is small, wake others for the rest.

Everything here may run twice at once (two beats) or not at all for a while (broker gone):
each step is a conditional change of the database, and what it missed it finds next time.
"""

from collections.abc import Callable

import structlog
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from digest.feeds import Feed
from digest.seldom import Seldom
from subscribers import fresh_links, signup_requests, unconfirmed
from subscribers.importing import forgetting
from subscribers.importing import runs as imports
from workers import (
    asked,
    departures,
    ledger,
    leftovers,
    mailings,
    presence,
    pulse,
    put_back,
    recovery,
    samples,
    schedule,
    slots,
)
from workers.brake import first_part, judging, quiet, shares
from workers.feedback import retention
from workers.inbound import reading
from workers.models import BULK, URGENT, Batch, BatchState, DeliveryState, Mailing, MailingState
from workers.pulse import Cause, Gap
from workers.routes import choosing, health
from workers.wakeups import wake

log = structlog.get_logger()

AT_ONCE = 8
"""Wake-ups to send in one tick at most: a worker that finds work goes on by itself."""


def tick() -> None:
    """Everything that is due now; one part's failure stops no other."""
    for part in (
        look_back,
        schedule.run_due,
        departures.take_due_updates,
        asked.take_requested_tests,
        signup_requests.take,
        asked.take_confirmations,
        asked.take_welcomes,
        unconfirmed.forget,
        fresh_links.take,
        asked.take_letters,
        recovery.recover,
        requeue_due,
        mailings.resend_uncertain,
        mailings.sweep_cancelled,
        ledger.finish,
        judging.judge,
        first_part.go_on,
        shares.conclude,
        samples.take,
        leftovers.sweep,
        retention.forget,
        wake_for_feeds,
        wake_for_imports,
        wake_for_inbox,
        health.keep_watch,
        wake_for_waiting,
    ):
        _run(part)


def _run(part: Callable[[], object]) -> None:
    try:
        part()
    except Exception:  # a poisoned row of one part must not stop the others
        log.exception("tick failed", part=part.__name__)


def look_back() -> None:
    """Hold what nobody may send unasked: after hours of standing still, or from a backup."""
    pulse.beat(timezone.now(), _hold)


def _hold(gap: Gap) -> None:
    log.warning(f"the database {gap.cause.value}", since=gap.since, until=gap.until)
    if gap.cause is Cause.PUT_BACK:
        put_back.hold(gap.since, gap.until)
        return
    why = (
        f"No worker looked for work from {gap.since:%d %B %H:%M %Z} until "
        f"{gap.until:%d %B %H:%M %Z}, and this was due more than six hours ago. Resume it if "
        "it is still wanted, or cancel it."
    )
    unfilled = Q(queued__gt=0) | Q(prepared_at=None)
    old = Q(kind__in=BULK, state__in=ledger.LIVE, due_at__lt=gap.until - slots.GRACE)
    mailings.hold_live(unfilled & old, why)


def requeue_due() -> None:
    """Queue again the deferred deliveries whose time has come."""
    for mailing_id, ids in ledger.due_again().items():
        ledger.requeue(mailing_id, ids, DeliveryState.DEFERRED)


def wake_for_feeds() -> None:
    """A wake-up per feed that is due; whoever claims it first reads it."""
    if _DUE_FEEDS.any():
        for feed_id in _due_feeds().values_list("pk", flat=True)[:20]:
            wake("read_feed", feed_id)


def _due_feeds() -> QuerySet[Feed]:
    asked = Feed.objects.filter(paused_at=None, gone_at=None, topic__ended_at=None)
    return asked.filter(next_at__lte=Now()).order_by("next_at")


_DUE_FEEDS = Seldom(_due_feeds)


def wake_for_inbox() -> None:
    """A wake-up where it is time to look into the mailbox."""
    if reading.is_due():
        wake("read_inbox")


def wake_for_imports() -> None:
    """A wake-up per list that waits to be checked or imported; whoever claims it has it."""
    for import_id in imports.waiting():
        wake("import_list", import_id)
    forgetting.sweep()


def wake_for_waiting() -> None:
    """A wake-up per mailing that nobody fills, and one for each place that could send."""
    if _UNFILLED.any():
        for mailing_id in _unfilled().values_list("id", flat=True)[:50]:
            wake("prepare", mailing_id)
    if not _PENDING.any():
        return
    which, at_once = choosing.claims()
    if ledger.claimable(URGENT, which, at_once).exists():
        wake("send_urgent")
    which &= quiet.awake(BULK, timezone.now())
    for _ in range(ledger.claimable(BULK, which, at_once)[: _senders_wanted()].count()):
        wake("send_bulk")


def _unfilled() -> QuerySet[Mailing]:
    idle = Q(filling_until=None) | Q(filling_until__lt=Now())
    return Mailing.objects.filter(
        idle, state=MailingState.PREPARING, prepared_at=None, due_at__lte=Now()
    )


_UNFILLED = Seldom(_unfilled)
_PENDING = Seldom(lambda: Batch.objects.filter(state=BatchState.PENDING))


def _senders_wanted() -> int:
    """As many as seem to have nothing to do; and always one, for whoever looks busy may be dead."""
    busy = Batch.objects.filter(state=BatchState.LEASED, mailing__kind__in=BULK).count()
    return min(AT_ONCE, max(1, presence.places("bulk") - busy))
