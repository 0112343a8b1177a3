"""Why nothing of a mailing may go now, though it is on its way: in words, and until when."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.utils import timezone

from workers.brake import look, quiet
from workers.brake.models import STOPPED, FirstPart, ProviderShare, Stage
from workers.ledger import LIVE
from workers.models import BULK, Mailing
from workers.queue.clock import clock, span


class Rest(NamedTuple):
    """What keeps it, and when that ends by itself."""

    words: str
    until: dt.datetime | None


def rests(
    mailings: Sequence[Mailing],
    shares: Sequence[ProviderShare],
    parts: Mapping[int, FirstPart],
    now: dt.datetime,
) -> dict[int, Rest]:
    """By mailing; in two queries, whatever their number."""
    stopped = [one for one in shares if one.standing in STOPPED]
    ids = {one.mailing_id for one in stopped}
    at_rest = set(Mailing.objects.filter(look.RESTS, id__in=ids).values_list("id", flat=True))
    asleep = quiet.topics(now)
    found = {}
    for one in mailings:
        part = parts.get(one.id)
        if one.kind in BULK and one.topic_id in asleep:
            found[one.id] = _quiet(one, asleep[one.topic_id], now)
        elif part and part.stage == Stage.WAITING:
            found[one.id] = _waits(one, part, now)
        elif one.id in at_rest:
            found[one.id] = _held_back(one, [s for s in stopped if s.mailing_id == one.id], now)
    return found


def why(mailing: Mailing) -> str:
    """The same of one mailing, in words; "" where nothing keeps it."""
    now = timezone.now()
    if mailing.state not in LIVE or not mailing.queued:
        return ""
    found = rests([mailing], look.troubled([mailing.id]), parts_of([mailing]), now)
    return found[mailing.id].words if mailing.id in found else ""


def parts_of(mailings: Iterable[Mailing]) -> dict[int, FirstPart]:
    """The first parts for which the rest of these waits."""
    rows = FirstPart.objects.filter(mailing__in=[one.id for one in mailings if one.queued])
    return {one.mailing_id: one for one in rows.exclude(stage=Stage.OPEN)}


def first_part_words(part: FirstPart) -> str:
    """What goes first, and what follows."""
    return (
        f"The first {part.percent:g} % ({part.size:,} readers) go; the rest "
        f"{span(part.wait)} after them, unless the brake says otherwise."
    )


def _quiet(mailing: Mailing, until: dt.datetime, now: dt.datetime) -> Rest:
    at = clock(until, mailing.topic.zone, now)
    return Rest(f"Quiet until {at}: nothing begins, and it goes on by itself.", until)


def _waits(mailing: Mailing, part: FirstPart, now: dt.datetime) -> Rest:
    zone = mailing.topic.zone
    went = clock(part.went_at, zone, now) if part.went_at else ""
    at = clock(part.until, zone, now) if part.until else ""
    return Rest(
        f"The first {part.percent:g} % ({part.size:,} readers) went {went}; the rest goes {at} "
        "unless the brake says otherwise.",
        part.until,
    )


def _held_back(mailing: Mailing, shares: Sequence[ProviderShare], now: dt.datetime) -> Rest:
    until = min((one.until for one in shares if one.until), default=None)
    again = f" Tried again from {clock(until, mailing.topic.zone, now)}." if until else ""
    names = ", ".join(one.provider for one in shares)
    return Rest(
        f"All that is left goes to {names}, which refuses mail from us: its share is held "
        f"back.{again}",
        until,
    )
