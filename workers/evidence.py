"""Uncertain deliveries settled by evidence: an answer that came to light after they were given up.

A machine that was lost comes back with its journals; a worker that stood still past its lease
goes on, and its relay answers. What they heard is true whoever holds the lease by now.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from workers import domains
from workers.brake.hard import is_hard
from workers.models import Delivery, DeliveryState, Mailing

if TYPE_CHECKING:
    from workers.ledger import Result

FINAL = (DeliveryState.ACCEPTED, DeliveryState.FAILED)
"""What settles a delivery. One that was put off waits for a person all the same: its mailing may
be over."""


def settle(late: Sequence["Result"]) -> int:
    """Settle those of these deliveries that are uncertain, and no others; how many there were."""
    said = {result.id: result for result in late if result.state in FINAL}
    unsettled = Delivery.objects.filter(id__in=list(said), state=DeliveryState.UNCERTAIN)
    return sum(
        _settle(mailing_id, said[delivery_id])
        for mailing_id, delivery_id in list(unsettled.values_list("mailing_id", "id"))
    )


@transaction.atomic
def _settle(mailing_id: int, result: "Result") -> int:
    """Row and counters together; 0 where somebody else has just settled it."""
    changed = Delivery.objects.filter(id=result.id, state=DeliveryState.UNCERTAIN).update(
        state=result.state,
        code=result.code,
        answer=result.answer.replace("\0", "")[:1000],
        settled_at=Now(),
    )
    if changed:
        if result.state == DeliveryState.ACCEPTED:
            to = Delivery.objects.values_list("address", flat=True).filter(id=result.id)
            domains.accepted(mailing_id, to)
        hard = result.state == DeliveryState.FAILED and is_hard(result.code, result.answer)
        Mailing.objects.filter(id=mailing_id).update(
            **{"uncertain": F("uncertain") - 1, result.state: F(result.state) + 1},
            hard=F("hard") + int(hard),
        )
    return changed
