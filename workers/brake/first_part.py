"""A mailing goes to a part of its readers first, and to the rest where the brake lets it.

Who is in it is told by lot, anew for each mailing. The rest's batches are filled as ever, and rest
until somebody lets them go: so the ledger knows nothing of it, and whoever dies in between leaves
rows that say where it stands.
"""

import datetime as dt
import math
from typing import Any

import structlog
from django.db import transaction
from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Cast, Now
from django.utils import timezone

from digest.audit import audit
from digest.errors import Refused
from subscribers import samples
from subscribers.models import Subscriber
from workers.brake import judging
from workers.brake.models import HELD_BACK, Care, FirstPart, Level, Stage
from workers.models import Batch, BatchState, Mailing, MailingKind, MailingState

log = structlog.get_logger()

LEAST = 200
"""Readers in a first part: from so many on the brake judges bounces."""


def draw(mailing: Mailing, people: QuerySet[Subscriber]) -> None:
    """Draw who is in it, once, before anybody is filled; of an audience that is hardly larger
    nobody waits."""
    care = Care.objects.filter(topic=mailing.topic_id, first__gt=0).first()
    if care is None or mailing.kind != MailingKind.SCHEDULED:
        return
    many = people.count()
    size = max(LEAST, math.ceil(many * care.first / 100))
    if size >= many or FirstPart.objects.filter(mailing=mailing).exists():
        return
    places = placed(people, mailing.id).order_by("place").values_list("place", flat=True)
    last = next(iter(places[size - 1 : size]), None)
    if last is None:  # some left since they were counted
        return
    FirstPart.objects.get_or_create(
        mailing=mailing,
        defaults={
            "percent": care.first,
            "wait": min(dt.timedelta(minutes=care.wait), mailing.give_up_after / 2),
            "size": size,
            "below": last + 1,
        },
    )


def placed(people: QuerySet[Subscriber], mailing_id: int) -> QuerySet[Any]:
    """With the place that each has in this mailing's order."""
    order = samples.drawn(f"first part of mailing {mailing_id}")
    lot = Cast(F("lot"), BigIntegerField())
    return people.annotate(place=(lot * order.factor + order.offset) % samples.PRIME)


def waits(mailing: Mailing) -> FirstPart | None:
    """The first part for which the rest of it waits."""
    return FirstPart.objects.filter(mailing=mailing).exclude(stage=Stage.OPEN).first()


# ---- the tick ----------------------------------------------------------------------------


_SOON = dt.timedelta(minutes=1)
"""What goes again within this only lets others before it, for a domain's limit say."""

_WAITS = Q(state=BatchState.PENDING, not_before__gt=Now() + _SOON)
_GOING = Batch.objects.filter(
    ~_WAITS, mailing=OuterRef("pk"), state__in=[BatchState.PENDING, BatchState.LEASED]
)
"""Batches of a first part that was not attempted yet."""


def go_on() -> None:
    """Begin to wait where a first part was attempted, and let the rest go, or hold it, in time."""
    now = timezone.now()
    parts = FirstPart.objects.filter(mailing__state__in=judging.LIVE)
    if not parts.exists():  # as in nearly every second
        return
    for part in parts.filter(
        ~Exists(_GOING), stage=Stage.FIRST, mailing__prepared_at__isnull=False
    ):
        FirstPart.objects.filter(pk=part.pk, stage=Stage.FIRST).update(
            stage=Stage.WAITING, went_at=now, until=now + part.wait
        )
    due = parts.filter(stage=Stage.WAITING, until__lte=now)
    for part in due.select_related("mailing__topic", "mailing__braking"):
        _decide(part)
    # A chunk that was being filled while somebody let the rest go is let go here.
    left = Batch.objects.filter(
        mailing=OuterRef("pk"), not_before=HELD_BACK, state=BatchState.PENDING
    )
    for part in parts.filter(Exists(left), stage=Stage.OPEN):
        _open(part.mailing_id)


def _decide(part: FirstPart) -> None:
    mailing = part.mailing
    said = judging.verdicts([mailing])[mailing.id]
    row = judging.of(mailing)
    seen = row is not None and row.seen_at is not None
    if said.level is Level.CALM or (said.level is Level.WARNED and seen):
        with transaction.atomic():
            if _open(mailing.id):  # of two ticks one
                audit(judging.BY, "let the rest go", str(mailing.id), first=part.size)
        return
    judging.hold(
        mailing,
        f"Held by the brake after its first part ({part.size:,} readers); the rest waits for a "
        f"person. {said.words}",
    )


def _open(mailing_id: int) -> bool:
    """Let all go; whether it was this call that began to."""
    opened = FirstPart.objects.filter(~Q(stage=Stage.OPEN), pk=mailing_id).update(stage=Stage.OPEN)
    Batch.objects.filter(mailing=mailing_id, state=BatchState.PENDING, not_before=HELD_BACK).update(
        not_before=None
    )
    return bool(opened)


@transaction.atomic
def go_on_now(mailing: Mailing, by: str) -> None:
    """Let the rest go at once, on a person's word."""
    if mailing.state not in [*judging.LIVE, MailingState.PAUSED]:
        raise Refused(f"Mailing {mailing.id} is {mailing.state}; nothing was changed.")
    if not _open(mailing.id):
        raise Refused(f"Nothing of mailing {mailing.id} waits for a first part.")
    audit(by, "let the rest go", str(mailing.id))
