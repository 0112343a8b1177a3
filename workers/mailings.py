"""Mailings: their audiences filled, and steered by people."""

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from digest import approval
from digest.audit import audit
from digest.errors import NotFound, Refused
from digest.models import Stage
from digest.seldom import Seldom
from digest.updates import find
from subscribers.models import Segment
from workers import ledger
from workers.audience import fill, freeze
from workers.brake import judging, letting_go, shares
from workers.brake.verdict import Seen
from workers.models import (
    Batch,
    BatchState,
    Delivery,
    DeliveryState,
    Exclusion,
    Mailing,
    MailingKind,
    MailingState,
)
from workers.results import deadline
from workers.said import of_nobody
from workers.wakeups import wake

log = structlog.get_logger()

GIVE_UP = dt.timedelta(hours=24)
"""How long a deferred delivery is tried (ledger document); never past the next slot."""

TRIES = 3
"""After so many failures a mailing waits for a person."""

_WAITING = [
    MailingState.HELD,
    MailingState.QUARANTINED,
    MailingState.DONE,
    MailingState.CANCELLED,
]
"""Of these nothing goes out unless a person says so."""


# ---- filling them ----------------------------------------------------------------------


def prepare(mailing_id: int, seconds: float) -> None:
    """Fill the audience for a while; quarantined when that fails for the third time."""
    try:
        if fill(mailing_id, seconds):
            wake("send_bulk")
    except Exception as problem:
        failed_try(mailing_id, f"Its audience could not be filled: {problem}")
        raise


def failed_try(mailing_id: int, why: str) -> None:
    """Count a failure; the third puts the mailing in quarantine, and the others go on."""
    Mailing.objects.filter(id=mailing_id).update(tries=F("tries") + 1, why=why[:1000])
    stuck = Mailing.objects.filter(id=mailing_id, tries__gte=TRIES, state__in=ledger.LIVE)
    if stuck.update(state=MailingState.QUARANTINED, paused_from=F("state")):
        audit("workers", "quarantined mailing", str(mailing_id), why=why)


def tell(mailing: Mailing, trouble: str) -> None:
    """Keep why a live mailing waits, in words; "" when it does not, and all is well again."""
    trouble = of_nobody(trouble)[:1000]
    if mailing.why != trouble or (mailing.tries and not trouble):
        tries = mailing.tries if trouble else 0
        Mailing.objects.filter(id=mailing.id, state__in=ledger.LIVE).update(
            why=trouble, tries=tries
        )
        mailing.why, mailing.tries = trouble, tries


# ---- steering them ---------------------------------------------------------------------


def named(ref: str) -> Mailing:
    """The mailing of this id, or the main mailing of this update (``topic/2``)."""
    mailings = Mailing.objects.select_related("update__topic", "topic")
    if ref.isdigit():
        found = mailings.filter(id=int(ref)).first() if len(ref) < 19 else None
    else:
        update = find(ref)
        found = mailings.filter(update=update, kind=MailingKind.SCHEDULED).first()
        if found is None and update.stage == Stage.APPROVED and update.due_at:
            raise NotFound(
                f"{update.label} has no mailing yet: it is due {update.due_at:%d %B %Y %H:%M %Z}, "
                "and made by `digest up` or the workers."
            )
    if found is None:
        raise NotFound(
            f"There is no mailing {ref!r}; nothing was changed. digest status lists them."
        )
    return found


def pause(mailing: Mailing, by: str) -> None:
    """No new message within 2 seconds, until resumed."""
    paused = Mailing.objects.filter(id=mailing.id, state__in=ledger.LIVE).update(
        paused_from=F("state"), state=MailingState.PAUSED, why=f"Paused by {by}."
    )
    if not paused:
        mailing.refresh_from_db()
        raise Refused(f"Mailing {mailing.id} is {mailing.state}; there is nothing to pause.")
    audit(by, "paused mailing", str(mailing.id))


def resume(mailing: Mailing, by: str, despite: str = "", shown: Seen | None = None) -> None:
    """Go on where it stopped.

    What the brake holds goes on for a reason alone; ``shown``: the figures that were looked at.
    """
    mailing.refresh_from_db()
    braked = judging.is_held(mailing)
    if mailing.state == MailingState.PAUSED or braked:
        back = mailing.paused_from or MailingState.SENDING
    elif mailing.state in {MailingState.HELD, MailingState.QUARANTINED}:
        back = _begins_as(mailing)
        if mailing.update:
            mailing.audience = freeze_or_refuse(mailing.update.segments)
    else:
        raise Refused(f"Mailing {mailing.id} is {mailing.state}; there is nothing to resume.")
    if braked and not despite.strip():
        raise letting_go.refusal(mailing)
    with transaction.atomic():
        resumed = Mailing.objects.filter(id=mailing.id, state=mailing.state).update(
            state=back, paused_from="", why="", tries=0, audience=mailing.audience
        )
        if not resumed:
            raise Refused(f"Mailing {mailing.id} has just changed; look at it again, then resume.")
        if braked:
            letting_go.let_go(mailing, by, despite.strip()[:1000], shown)
        audit(by, "resumed mailing", str(mailing.id))


def _begins_as(mailing: Mailing) -> MailingState:
    """The state in which work on it begins where it got to."""
    if mailing.prepared_at:
        return MailingState.SENDING
    if mailing.edition_id is None and mailing.update_id is not None:
        return MailingState.SCHEDULED  # it could not be made: the tick tries again
    return MailingState.PREPARING


def hold_live(which: Q, why: str) -> int:
    """Hold mailings that were on their way, for a person to decide; how many."""
    held = Mailing.objects.filter(which).exclude(state__in=_WAITING)
    ids = list(held.select_for_update().values_list("id", flat=True))
    for mailing_id in ids:
        Mailing.objects.filter(id=mailing_id).update(state=MailingState.HELD, why=why)
        audit("workers", "held mailing", str(mailing_id), why=why)
    return len(ids)


def cancel(mailing: Mailing, by: str) -> int:
    """Exclude whatever has not gone; how many that was so far.

    A worker in the midst of a batch notices within 2 seconds and excludes its own rest.
    """
    with transaction.atomic():
        cancelled = (
            Mailing.objects.filter(id=mailing.id)
            .exclude(state__in=[MailingState.DONE, MailingState.CANCELLED])
            .update(state=MailingState.CANCELLED, why=f"Cancelled by {by}.")
        )
        if cancelled and mailing.update and mailing.edition_id is None:
            with suppress(Refused):  # it could not be made; the tick need not try again
                approval.mark_sent(mailing.update)
    if not cancelled:
        mailing.refresh_from_db()
        raise Refused(f"Mailing {mailing.id} is {mailing.state}; there is nothing to cancel.")
    audit(by, "cancelled mailing", str(mailing.id))
    return sweep_cancelled(mailing.id)


def sweep_cancelled(mailing_id: int | None = None) -> int:
    """Exclude what cancelled mailings still have queued outside a lease; how many."""
    if not _CANCELLED.any():
        return 0
    mailings = Mailing.objects.filter(state=MailingState.CANCELLED).filter(
        Q(queued__gt=0) | Q(deferred__gt=0)
    )
    if mailing_id is not None:
        mailings = mailings.filter(id=mailing_id)
    total = 0
    for one in mailings:
        with transaction.atomic():
            # The batches first: one that a worker has just claimed is its own to exclude,
            # and one that is taken here can't be claimed any more.
            Batch.objects.filter(mailing=one, state=BatchState.PENDING).update(
                state=BatchState.DONE
            )
            total += ledger.exclude(one.id, Q(batch__state=BatchState.DONE), Exclusion.CANCELLED)
        if one.prepared_at is None:
            Mailing.objects.filter(id=one.id).update(prepared_at=Now())
    Mailing.objects.filter(
        state=MailingState.CANCELLED, finished_at=None, queued=0, deferred=0
    ).update(finished_at=Now())
    return total


def _still_cancelled() -> QuerySet[Mailing]:
    """Those of which anything is left to do."""
    left = Q(queued__gt=0) | Q(deferred__gt=0) | Q(finished_at=None)
    return Mailing.objects.filter(left, state=MailingState.CANCELLED)


_CANCELLED = Seldom(_still_cancelled)


def set_rate(mailing: Mailing, rate: float | None, by: str) -> None:
    """Messages a second from now on; None is as fast as the relay takes them."""
    if mailing.state == MailingState.CANCELLED:
        raise Refused(f"Mailing {mailing.id} is cancelled; it has no rate any more.")
    Mailing.objects.filter(id=mailing.id).update(rate=rate)
    audit(by, "set rate", str(mailing.id), rate=rate)


def retry(mailing: Mailing, by: str) -> int:
    """Queue the failed and the deferred again at once; how many."""
    if mailing.state == MailingState.CANCELLED:
        raise Refused(f"Mailing {mailing.id} is cancelled; nothing of it is sent again.")
    if mailing.state not in {*ledger.LIVE, MailingState.DONE}:
        raise Refused(f"Mailing {mailing.id} is {mailing.state}; resume it first.")
    if again := mailing.resent.order_by("id").first():
        raise Refused(
            f"Mailing {mailing.id} was sent again as mailing {again.id}; try that one again, or "
            "some would get it twice."
        )
    if mailing.state == MailingState.DONE:
        shares.begin_anew(mailing)
    total = 0
    for state in (DeliveryState.FAILED, DeliveryState.DEFERRED):
        for ids in _once_each(mailing, state):
            total += ledger.requeue(mailing.id, ids, state)
    audit(by, "retried mailing", str(mailing.id), deliveries=total)
    return total


def settle(mailing: Mailing, how: DeliveryState, by: str) -> int:
    """Settle all uncertain deliveries: ACCEPTED takes them as sent; QUEUED sends them again,
    with the same Message-ID, Date and bytes. How many there were."""
    if how == DeliveryState.QUEUED and mailing.state == MailingState.CANCELLED:
        raise Refused(
            f"Mailing {mailing.id} is cancelled; nothing of it is sent again. Take its uncertain "
            f"deliveries as sent: digest settle {mailing.id} --accept"
        )
    total = 0
    for ids in _once_each(mailing, DeliveryState.UNCERTAIN):
        if how == DeliveryState.QUEUED:
            total += ledger.requeue(mailing.id, ids, DeliveryState.UNCERTAIN)
        else:
            total += ledger.accept_uncertain(mailing.id, ids)
    audit(by, "settled mailing", str(mailing.id), how=how, deliveries=total)
    return total


def settle_one(delivery: Delivery, how: DeliveryState, by: str) -> None:
    """The same of one delivery; Refused where it is settled by now."""
    mailing = delivery.mailing
    if how == DeliveryState.QUEUED and mailing.state == MailingState.CANCELLED:
        raise Refused(f"Mailing {mailing.id} is cancelled; take this one as sent.")
    if how == DeliveryState.QUEUED:
        done = ledger.requeue(mailing.id, [delivery.id], DeliveryState.UNCERTAIN)
    else:
        done = ledger.accept_uncertain(mailing.id, [delivery.id])
    if not done:
        raise Refused("It is not uncertain any more; nothing was changed.")
    audit(by, "settled delivery", str(mailing.id), how=how, delivery=delivery.id)


def resend_uncertain() -> int:
    """Send again what is uncertain of topics that ask for it; how many.

    What was attempted once, so that a relay which never answers is asked twice and no more, and
    within the time of its retries: yesterday's news must not follow today's.
    """
    total, now = 0, timezone.now()
    for mailing in _to_resend() if _TO_RESEND.any() else ():
        if now < deadline(mailing):
            for ids in _once_each(mailing, DeliveryState.UNCERTAIN, attempts=1):
                total += ledger.requeue(mailing.id, ids, DeliveryState.UNCERTAIN)
    return total


def _to_resend() -> QuerySet[Mailing]:
    return Mailing.objects.filter(
        topic__resend_uncertain=True, uncertain__gt=0, state__in=[*ledger.LIVE, MailingState.DONE]
    )


_TO_RESEND = Seldom(_to_resend)


def _once_each(mailing: Mailing, state: DeliveryState, **more: object) -> Iterator[list[int]]:
    """The ids of deliveries in a state, in runs; each once, whatever comes of it meanwhile."""
    last = 0
    rows = (
        mailing.deliveries.filter(state=state, **more).order_by("id").values_list("id", flat=True)
    )
    while ids := list(rows.filter(id__gt=last)[:2000]):
        last = ids[-1]
        yield ids


def freeze_or_refuse(names: list[str]) -> list[dict[str, Any]]:
    """The segments' rules; Refused, with the name, where one does not exist."""
    missing = set(names) - set(
        Segment.objects.filter(name__in=names).values_list("name", flat=True)
    )
    if missing:
        raise Refused(
            f"There is no segment {', '.join(sorted(missing))}; nothing was changed. "
            "digest segment list names them."
        )
    return freeze(names)
