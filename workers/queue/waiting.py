"""Who waits, by mailing: for another try, or for somebody to say whether a message arrived."""

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import OuterRef, Subquery, Window
from django.db.models.functions import RowNumber

from workers.models import Delivery, DeliveryState, Mailing
from workers.queue.answers import IS_TO_SEE

NAMED = 5
"""Uncertain readers who are named on a card."""


class Again(NamedTuple):
    """When a mailing's deferred deliveries are tried again."""

    first: dt.datetime | None
    last: dt.datetime | None
    to: str  # the address of the first


NEVER = Again(None, None, "")


def retries(mailing_ids: Iterable[int]) -> dict[int, Again]:
    """By mailing, from either end of the index of what is due."""
    ids = list(mailing_ids)
    if not ids:
        return {}
    due = Delivery.objects.filter(
        mailing=OuterRef("id"), state=DeliveryState.DEFERRED, next_attempt_at__isnull=False
    )
    first, last = due.order_by("next_attempt_at"), due.order_by("-next_attempt_at")
    found = (
        Mailing.objects.filter(id__in=ids)
        .annotate(
            first=Subquery(first.values("next_attempt_at")[:1]),
            last=Subquery(last.values("next_attempt_at")[:1]),
            to=Subquery(first.values("address")[:1]),
        )
        .values_list("id", "first", "last", "to")
    )
    return {one: Again(first, last, to or "") for one, first, last, to in found}


def uncertain(mailing_ids: list[int]) -> dict[int, tuple[Delivery, ...]]:
    """By mailing, the first of those of whom nothing is known, by their index."""
    if not mailing_ids:
        return {}
    rank = Window(RowNumber(), partition_by="mailing_id", order_by="id")
    rows = Delivery.objects.filter(
        IS_TO_SEE, state=DeliveryState.UNCERTAIN, mailing_id__in=mailing_ids
    )
    found: dict[int, tuple[Delivery, ...]] = {}
    for one in rows.annotate(rank=rank).filter(rank__lte=NAMED).order_by("id"):
        found[one.mailing_id] = (*found.get(one.mailing_id, ()), one)
    return found
