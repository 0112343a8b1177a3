"""Deliveries in words: each with what its answer means, and what came back of it later."""

from collections.abc import Sequence
from dataclasses import dataclass

from workers.feedback.models import Returned
from workers.models import Delivery
from workers.queue import cards
from workers.queue.answers import TO_SEE, enhanced_of, meaning
from workers.queue.person import tone
from workers.routes.carriers import is_rewritten
from workers.routes.models import Route


@dataclass(frozen=True)
class Told:
    """One delivery as a page tells it."""

    one: Delivery
    title: str  # of its mailing; "" on the mailing's own page
    came: Sequence[Returned]
    by: Route | None  # by which it was last tried; None where it was not, or before they were kept

    @property
    def route(self) -> str:
        """The route's name."""
        return self.by.name if self.by else ""

    @property
    def is_rewritten(self) -> bool:
        """Whether what arrives is written by a provider, of what it was given."""
        return self.by is not None and is_rewritten(self.by)

    @property
    def zone(self) -> str:
        return self.one.mailing.topic.zone

    @property
    def tone(self) -> str:
        return tone(self.one)

    @property
    def meaning(self) -> str:
        """What its answer means; nothing of a plain yes."""
        if self.one.state not in TO_SEE:
            return ""
        return meaning(self.one.state, self.one.code, enhanced_of(self.one.answer))


def told(rows: Sequence[Delivery], *, titled: bool = True) -> list[Told]:
    """In two queries beside those that found them."""
    came, routes = _came_back(rows), _routes(rows)
    return [
        Told(
            one,
            cards.title(one.mailing) if titled else "",
            came.get(one.id, ()),
            routes.get(one.route or 0),
        )
        for one in rows
    ]


def _routes(rows: Sequence[Delivery]) -> dict[int, Route]:
    """The routes by which these went."""
    ids = {one.route for one in rows if one.route}
    return Route.objects.in_bulk(ids) if ids else {}


def _came_back(rows: Sequence[Delivery]) -> dict[int, tuple[Returned, ...]]:
    """What was heard of these later, in order, by their readers' index."""
    readers = {one.subscriber_id for one in rows if one.subscriber_id}
    found: dict[int, tuple[Returned, ...]] = {}
    if not readers:
        return found
    heard = Returned.objects.filter(
        subscriber_id__in=readers, delivery_id__in=[one.id for one in rows]
    )
    for event in heard.order_by("at"):
        key = event.delivery_id or 0
        found[key] = (*found.get(key, ()), event)
    return found
