"""Approved updates that are due: the main mailing of each, made once.

One that can't be made has a mailing too, so that people see it: it counts the tries, and after
the third it is in quarantine until somebody resumes it, or takes the approval back.
"""

import datetime as dt
from typing import Any

import structlog
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from digest import approval, editions
from digest.audit import audit
from digest.errors import NotFound, Refused
from digest.models import Edition, Stage, Update
from digest.seldom import Seldom
from subscribers.models import Segment
from workers.audience import count, freeze
from workers.mailings import GIVE_UP, TRIES
from workers.models import Mailing, MailingKind, MailingState
from workers.slots import GRACE

log = structlog.get_logger()

_APPROVED = Seldom(lambda: Update.objects.filter(stage=Stage.APPROVED))


def take_due_updates() -> list[int]:
    """Make the mailing of every approved update that is due; the new mailings' ids."""
    _forget_unapproved()
    made = []
    for update in _due(timezone.now()) if _APPROVED.any() else ():
        try:
            made.append(_make(update))
        except (OperationalError, InterfaceError):  # the database's trouble is not the update's
            raise
        except Exception as problem:  # one update that can't be mailed must not keep the others
            log.exception("an update's mailing could not be made", update=update.ref)
            _failed(update, problem)
    return [mailing_id for mailing_id in made if mailing_id is not None]


def hold_due(until: dt.datetime, why: str) -> None:
    """Make the mailings of updates due by then, and hold them: a person is to decide."""
    for update in _due(until):
        try:
            _make(update, held=why)
        except NotFound as problem:
            _failed(update, problem)


def _due(until: dt.datetime) -> QuerySet[Update]:
    """Approved updates due by then, but for those in quarantine."""
    stuck = Mailing.objects.filter(
        update=OuterRef("pk"), kind=MailingKind.SCHEDULED, state=MailingState.QUARANTINED
    )
    due = Update.objects.filter(~Exists(stuck), stage=Stage.APPROVED, due_at__lte=until)
    return due.select_related("topic")


def _make(update: Update, held: str = "") -> int | None:
    """The update's main mailing; None where another tick has just made it, or it was unapproved."""
    audience, why = _audience(update)
    why = held or _too_late(update, timezone.now()) or why
    said = {
        "topic": update.topic,
        "state": MailingState.HELD if why else MailingState.PREPARING,
        "why": why,
        "tries": 0,
        "audience": audience,
        "rate": update.rate,
        "due_at": update.due_at or timezone.now(),
        "edition": _edition(update),
        "give_up_after": _patience(update),
    }
    try:
        with transaction.atomic():
            approval.mark_sent(update)  # of two ticks one is refused here
            mailing, _ = Mailing.objects.update_or_create(
                update=update, kind=MailingKind.SCHEDULED, defaults=said
            )
    except (IntegrityError, Refused):
        return None
    return mailing.id


def _audience(update: Update) -> tuple[list[dict[str, Any]], str]:
    """The segments' rules as they are now, and why they can't be mailed to, or ""."""
    try:
        audience = freeze(update.segments)
    except Segment.DoesNotExist:
        return [], (
            f"One of its segments ({', '.join(update.segments)}) does not exist any more; "
            "nobody was mailed. Save it again, then resume."
        )
    if audience and not count(update.topic, audience):
        return audience, (
            f"Nobody is in {', '.join(update.segments)} and follows {update.topic}; nobody was "
            "mailed. Mend the segment, then resume."
        )
    return audience, ""


def _too_late(update: Update, now: dt.datetime) -> str:
    if update.due_at is None or now - update.due_at <= GRACE:
        return ""
    return (
        f"Due {update.due_at:%d %B %H:%M %Z}, found {now:%d %B %H:%M %Z}: more than six hours "
        "late; nobody was mailed. Resume it if it is still wanted, or cancel it."
    )


def _edition(update: Update) -> Edition:
    found = editions.frozen(update)
    if found is None:
        raise NotFound(
            f"what was frozen at its approval is gone, and nobody was mailed. Approve it anew: "
            f"digest unapprove {update.ref}, then digest approve {update.topic.slug}/draft"
        )
    return found


def _patience(update: Update) -> dt.timedelta:
    """How long to retry: yesterday's news must not follow today's."""
    schedule = getattr(update.topic, "schedule", None)
    if schedule is None or update.due_at is None:
        return GIVE_UP
    until_next = schedule.slot_at - update.due_at
    return min(GIVE_UP, until_next) if until_next > dt.timedelta(0) else GIVE_UP


# ---- those that can't be made ------------------------------------------------------------


@transaction.atomic
def _failed(update: Update, problem: Exception) -> None:
    """Count a failure where people see it; the third puts the update in quarantine."""
    mailing, _ = Mailing.objects.get_or_create(
        update=update,
        kind=MailingKind.SCHEDULED,
        defaults={
            "topic": update.topic,
            "state": MailingState.SCHEDULED,
            "due_at": update.due_at or timezone.now(),
            "give_up_after": GIVE_UP,
        },
    )
    why = f"Its mailing could not be made: {problem}"[:1000]
    waiting = Mailing.objects.filter(id=mailing.id, state=MailingState.SCHEDULED)
    waiting.update(tries=F("tries") + 1, why=why)
    if waiting.filter(tries__gte=TRIES).update(state=MailingState.QUARANTINED):
        audit("workers", "quarantined mailing", update, why=why)


def _forget_unapproved() -> None:
    """An approval that was taken back, or given anew, leaves no failed tries behind."""
    if _UNAPPROVED.any():
        _unapproved().delete()


def _unapproved() -> QuerySet[Mailing]:
    unmade = Mailing.objects.filter(
        kind=MailingKind.SCHEDULED,
        edition=None,
        state__in=[MailingState.SCHEDULED, MailingState.QUARANTINED],
    )
    return unmade.filter(Q(update__approved_at=None) | Q(update__approved_at__gt=F("created_at")))


_UNAPPROVED = Seldom(_unapproved)
