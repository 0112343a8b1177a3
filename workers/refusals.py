"""What a relay's refusal says of the recipient: nobody is there, so nobody is mailed there again.

By the same rule as bounces (feedback/events.py), and taken back in the same way.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from subscribers import suppression
from subscribers.models import SuppressionReason
from workers.feedback.events import RECIPIENT, mailing_name, refusal_in
from workers.models import Delivery, DeliveryState

if TYPE_CHECKING:
    from workers.ledger import Result


def heed(mailing_id: int, results: Sequence["Result"]) -> None:
    """Suppress those whose refusal speaks of them, in a few statements however many there are."""
    failed = [one for one in results if one.state == DeliveryState.FAILED and one.code >= 500]
    codes = {one.id: refusal_in(one.answer) for one in failed}
    gone = {number: code for number, code in codes.items() if code in RECIPIENT}
    if not gone:
        return
    # An address that was erased meanwhile is empty: nobody is to be remembered by it.
    rows = Delivery.objects.filter(id__in=gone, state=DeliveryState.FAILED).exclude(address="")
    barred: dict[str, list[str]] = {}
    for number, address in rows.values_list("id", "address"):
        barred.setdefault(gone[number], []).append(address)
    for code, addresses in sorted(barred.items()):
        why = f"{code}, told by the relay"
        suppression.bar(addresses, SuppressionReason.HARD_BOUNCE, mailing_name(mailing_id), why)
