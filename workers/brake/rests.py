"""Why nothing of a mailing may go now, though it is on its way: in words, and until when."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from workers.brake import look
from workers.brake.models import STOPPED, ProviderShare
from workers.models import Mailing
from workers.queue.clock import clock


class Rest(NamedTuple):
    """What keeps it, and when that ends by itself."""

    words: str
    until: dt.datetime | None


def rests(
    mailings: Sequence[Mailing], shares: Sequence[ProviderShare], now: dt.datetime
) -> dict[int, Rest]:
    """By mailing; in one query more, where a share is held back."""
    stopped = [one for one in shares if one.standing in STOPPED]
    ids = {one.mailing_id for one in stopped}
    at_rest = set(Mailing.objects.filter(look.RESTS, id__in=ids).values_list("id", flat=True))
    return {
        one.id: _held_back(one, [share for share in stopped if share.mailing_id == one.id], now)
        for one in mailings
        if one.id in at_rest
    }


def _held_back(mailing: Mailing, shares: Sequence[ProviderShare], now: dt.datetime) -> Rest:
    until = min((one.until for one in shares if one.until), default=None)
    again = f" Tried again from {clock(until, mailing.topic.zone, now)}." if until else ""
    names = ", ".join(one.provider for one in shares)
    return Rest(
        f"All that is left goes to {names}, which refuses mail from us: its share is held "
        f"back.{again}",
        until,
    )
