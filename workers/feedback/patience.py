"""When bounces of a day are no such thing any more: so many in a row, over so long a time."""

import datetime as dt
from collections.abc import Sequence
from itertools import groupby, takewhile

from django.utils import timezone

from workers.feedback.events import speaks_of_us
from workers.feedback.models import Kind, Returned
from workers.feedback.naming import Found
from workers.models import Delivery, DeliveryState, Outcome

IN_A_ROW = 5
AT_LEAST = dt.timedelta(days=14)
"""From the first of them to the last: a daily mail to somebody on holiday is not enough."""

WHY = "five bounces in a row over two weeks"

LOOKED_BACK = dt.timedelta(days=180)


def worn_out(rows: Sequence[Found]) -> set[int]:
    """Those of these deliveries, which bounced, whose readers' last ones all did, for so long."""
    readers = {row.subscriber_id: row for row in rows if row.subscriber_id and row.address}
    if not readers:
        return set()
    counting = _might_pass(list(readers))
    sent = (
        Delivery.objects.filter(
            subscriber_id__in=readers,
            state=DeliveryState.ACCEPTED,
            settled_at__gte=timezone.now() - LOOKED_BACK,
        )
        .order_by("subscriber_id", "-id")
        .values_list("subscriber_id", "id", "address", "outcome", "settled_at")
    )
    found = set()
    for reader, theirs in groupby(sent, key=lambda one: one[0]):
        row = readers[reader]
        bounced = takewhile(lambda one: one[3] == Outcome.BOUNCED, theirs)
        times = [
            at for _, number, address, _, at in bounced
            if at and number in counting and address == row.address
        ]  # fmt: skip
        if len(times) >= IN_A_ROW and times[0] - times[-1] >= AT_LEAST:
            found.add(row.id)
    return found


def _might_pass(readers: Sequence[int]) -> set[int]:
    """Deliveries to them that bounced by what may be the reader's trouble, and not ours."""
    bounces = Returned.objects.filter(subscriber__in=readers, kind__in=[Kind.SOFT, Kind.HARD])
    told = bounces.values_list("delivery_id", "code")
    return {delivery for delivery, code in told if delivery and not speaks_of_us(code)}
