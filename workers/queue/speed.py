"""How fast mailings go, read from the rows that were settled in the last seconds."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Count, F, Window
from django.db.models.functions import Now, RowNumber

from workers.models import Batch, Delivery, DeliveryState

WINDOW = dt.timedelta(seconds=10)
"""Over which the rate is measured."""

LUMP = 2.0
"""Seconds for which a sender that goes on may record nothing: it writes once a second."""

_NEWEST = 8  # batches of a mailing that are looked at however long ago they were claimed
_MOST = 40  # and at most, where it goes fast
_LATELY = dt.timedelta(seconds=15)

Lump = tuple[dt.datetime, int]
"""Results that were recorded at one instant."""


def speeds(mailing_ids: Sequence[int]) -> dict[int, float]:
    """Messages attempted a second, by mailing; 0 where nothing was settled of late.

    Two queries however many mailings. Their cost follows the newest batches, never the
    mailing's size: deliveries have no index by time, but a short way from their batch.
    """
    batches, now = _newest_batches(mailing_ids)
    lumps: dict[int, list[Lump]] = defaultdict(list)
    if batches:
        settled = (
            Delivery.objects.filter(batch_id__in=batches, settled_at__gte=Now() - WINDOW)
            .exclude(state__in=[DeliveryState.QUEUED, DeliveryState.EXCLUDED])
            .values_list("batch__mailing_id", "settled_at")
            .annotate(n=Count("id"))
        )
        for mailing_id, at, n in settled:
            if at is not None:
                lumps[mailing_id].append((at, n))
    return {one: per_second(sorted(lumps[one]), now) for one in mailing_ids}


def per_second(lumps: Sequence[Lump], now: dt.datetime) -> float:
    """The rate that lumps of results tell, in order of time.

    Counted from the first lump on, and without it, since what it holds was sent before: so
    that a steady rate reads as itself wherever the window's edges fall.
    """
    if not lumps:
        return 0.0
    first, last = lumps[0][0], lumps[-1][0]
    silent = (now - last).total_seconds()
    span = (last - first).total_seconds() + (silent if silent > LUMP else 0.0)
    if span < 1.0:
        return sum(_numbers(lumps)) / max(1.0, (now - first).total_seconds())
    return sum(_numbers(lumps[1:])) / span


def _numbers(lumps: Iterable[Lump]) -> Iterable[int]:
    return (n for _, n in lumps)


def _newest_batches(mailing_ids: Sequence[int]) -> tuple[list[int], dt.datetime]:
    """The batches in which something may have been settled of late; the database's time."""
    if not mailing_ids:
        return [], dt.datetime.now(dt.UTC)
    rank = Window(RowNumber(), partition_by="mailing_id", order_by=F("dated_at").desc())
    found = list(
        Batch.objects.filter(mailing_id__in=mailing_ids, dated_at__isnull=False)
        .annotate(rank=rank, now=Now())
        .filter(rank__lte=_MOST)
        .values_list("id", "rank", "dated_at", "now")
    )
    now = found[0][3] if found else dt.datetime.now(dt.UTC)
    return [
        batch
        for batch, place, dated_at, _ in found
        if place <= _NEWEST or (dated_at is not None and dated_at >= now - _LATELY)
    ], now
