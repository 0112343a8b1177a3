"""Which delivery an event is about.

By our tag, made for this provider alone; by our Message-ID, if the recipient is the delivery's; or
by the recipient and the provider's own id in what the relay answered. So no event that another
provider tells, or that somebody made up, touches a message that is not its own, and every look is
one into an index, a batch at a time.
"""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from django.utils import timezone

from subscribers.models import normal_address
from workers import message
from workers.feedback import providers
from workers.feedback.events import Event
from workers.letters import keys
from workers.models import Delivery

ANSWERED = dt.timedelta(days=30)
"""How old a delivery may be whose relay's answer is looked at."""

SHORTEST = 8
"""Letters of a provider's id that may be looked for in an answer."""


class Found(NamedTuple):
    """A delivery, as much of it as an event touches."""

    id: int
    mailing_id: int
    subscriber_id: int | None
    address: str
    state: str
    outcome: str


def deliveries(events: Sequence[Event]) -> list[Found | None]:
    """For each event the delivery that it is about; locked until the transaction's end, always in
    the same order, so that two batches of the same deliveries wait for each other in turn."""
    tagged = [_by_tag(event) for event in events]
    named = [message.named(event.message_id) for event in events]
    answered = _by_answer([
        event for event, *ways in zip(events, tagged, named, strict=True) if not any(ways)
    ])  # fmt: skip
    wanted = {one for one in tagged if one} | {one.recipient for one in named if one}
    rows = {row.id: row for row in _locked(wanted | set(answered.values()))}

    def found(event: Event, tag: int | None, name: message.Named | None) -> Found | None:
        if tag is not None:
            return rows.get(tag)
        if name is None:
            return rows.get(answered.get(event, 0))
        row = rows.get(name.recipient)
        ours = row and name.is_ours(keys().messages, row.mailing_id) and _is_to(row, event)
        return row if ours else None

    return [found(*one) for one in zip(events, tagged, named, strict=True)]


def _by_tag(event: Event) -> int | None:
    told = (providers.tagged(keys().tags, event.provider, tag) for tag in event.tags)
    return next((one for one in told if one is not None), None)


def _is_to(row: Found, event: Event) -> bool:
    return bool(row.address) and normal_address(row.address) == normal_address(event.recipient)


def _by_answer(events: Sequence[Event]) -> dict[Event, int]:
    asked = [one for one in events if one.recipient and len(one.provider_id) >= SHORTEST]
    if not asked:
        return {}
    to: dict[str, list[tuple[int, str]]] = {}
    rows = Delivery.objects.filter(
        subscriber__email__in={normal_address(one.recipient) for one in asked},
        settled_at__gte=timezone.now() - ANSWERED,
    )
    for number, address, answer in rows.values_list("id", "address", "answer"):
        to.setdefault(normal_address(address), []).append((number, answer))
    return {
        event: number
        for event in asked
        for number, answer in to.get(normal_address(event.recipient), [])
        if event.provider_id in answer
    }


def _locked(ids: set[int]) -> list[Found]:
    rows = Delivery.objects.select_for_update().filter(id__in=ids).order_by("id")
    return [Found._make(row) for row in rows.values_list(*Found._fields)]
