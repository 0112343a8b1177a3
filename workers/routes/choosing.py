"""Which route a mailing goes by: of those that may take it now, the first in place, by weight."""

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from workers import pace
from workers.models import MailingKind
from workers.routes.models import DEFAULT, Pace, Route, RouteDay
from workers.routes.quota import cap_on, midnight, today

BUSY = 0.5
"""Seconds of instants given out ahead, from which on a route's rate has no room for another."""

UNSERVED = "no route serves such mails; see: digest route list"

_dice = random.Random()  # noqa: S311  shares, not secrets


class Bar(StrEnum):
    """Why a route takes nothing now."""

    PAUSED = "paused"  # by a person
    ASIDE = "set aside"  # it failed, and is looked at again
    FULL = "full"  # it has taken what it may on this day


@dataclass(frozen=True)
class Way:
    """A route and what keeps it, if anything does."""

    route: Route
    topics: frozenset[int]  # that it serves; none: all
    bar: Bar | None
    until: dt.datetime | None  # when that ends, if nobody does anything

    def serves(self, kind: str, topic: int) -> bool:
        """Whether it takes such mailings at all."""
        return (not self.route.kinds or kind in self.route.kinds) and (
            not self.topics or topic in self.topics
        )

    @property
    def why(self) -> str:
        """What keeps it, in words."""
        if self.bar is Bar.ASIDE and self.until:
            return f"{self.route.trouble}; trying again at {self.until:%H:%M:%S} UTC"
        if self.bar is Bar.FULL and self.until:
            zone = self.route.zone
            return f"it has taken today's share; more from {self.until:%H:%M} {zone} on"
        return f"it is {self.bar}" if self.bar else ""


def default() -> Route:
    """The route that SMTP_URL names."""
    found = Route.objects.filter(name=DEFAULT, removed_at=None).first()
    if found is None:
        try:
            with transaction.atomic():
                return Route.objects.create(name=DEFAULT)
        except IntegrityError:
            return Route.objects.get(name=DEFAULT, removed_at=None)
    return found


def ways() -> list[Way]:
    """All routes in order of place, as they stand now.

    The built-in mailbox sends nothing on: where there are routes, it is none of them.
    """
    rows = Route.objects.filter(removed_at=None).prefetch_related("topics")
    routes = list(rows.order_by("place", "id"))
    if not any(route.name == DEFAULT for route in routes):
        default()
        return ways()
    if settings.MAILBOX_IS_RELAY and len(routes) > 1:
        routes = [route for route in routes if route.name != DEFAULT]
    now = timezone.now()
    taken = _taken(routes, now)
    return [_way(route, taken.get(route.id, 0), now) for route in routes]


def usable(found: Sequence[Way]) -> list[Way]:
    """Those that may take something now."""
    return [way for way in found if way.bar is None]


def servable(open_ways: Sequence[Way], prefix: str = "mailing__") -> Q:
    """The mailings that one of these serves."""
    which = Q(pk__in=[])
    for way in open_ways:
        serves = Q()
        if way.route.kinds:
            serves &= Q(**{f"{prefix}kind__in": way.route.kinds})
        if way.topics:
            serves &= Q(**{f"{prefix}topic_id__in": sorted(way.topics)})
        if not serves:
            return Q()
        which |= serves
    return which


def claims() -> tuple[Q, int]:
    """What may be claimed as routes stand now, and by how many workers at once where a mailing has
    a rate."""
    open_ways = usable(ways())
    return servable(open_ways), max(1, len(open_ways))


def choose(
    open_ways: Sequence[Way], kind: str, topic: int, dice: random.Random = _dice
) -> Route | None:
    """One of those that serve it, by weight among the first in place; None where there is none."""
    serving = [way.route for way in open_ways if way.serves(kind, topic)]
    first = min((route.place for route in serving), default=0)
    equals = [route for route in serving if route.place == first]
    if len(equals) > 1:
        equals = _with_room(equals)
    return dice.choices(equals, [route.weight for route in equals])[0] if equals else None


def why(found: Sequence[Way], kind: str, topic: int) -> str:
    """Why nothing of such a mailing goes now, in words."""
    serving = [way for way in found if way.serves(kind, topic)]
    if not serving:
        return UNSERVED
    if len(found) == 1:
        return found[0].why
    return ". ".join(f"Route {way.route.name}: {way.why}" for way in serving)


def is_any_limited() -> bool:
    """Whether any route has a rate of its own."""
    return Route.objects.filter(removed_at=None, rate__isnull=False).exists()


def limit(found: Sequence[Way], rate: float | None, kind: str, topic: int) -> float | None:
    """Messages a second that were asked for of such a mailing: the lowest of its own rate, that of
    all mailings, and that of the routes together which are asked first; None: no limit."""
    serving = [way.route for way in found if way.bar is None and way.serves(kind, topic)]
    first = min((route.place for route in serving), default=0)
    rates = [route.rate for route in serving if route.place == first]
    together = sum(filter(None, rates)) if all(rates) else None
    return min((one for one in (rate, settings.SEND_RATE, together) if one), default=None)


def asked(rate: float | None, topic: int) -> float | None:
    """The same of an update of this topic that is yet to go out at this rate of its own."""
    return limit(ways(), rate, MailingKind.SCHEDULED, topic)


def _with_room(routes: list[Route]) -> list[Route]:
    """Those whose rates have instants to give; all, where none has."""
    rated = [route for route in routes if route.rate]
    if not rated:
        return routes
    names = {pace_of(route): route for route in rated}
    ahead = pace.now() + BUSY
    rows = Pace.objects.filter(name__in=list(names), next_at__gt=ahead).values_list(
        "name", flat=True
    )
    busy = {names[name].id for name in rows}
    return [route for route in routes if route.id not in busy] or routes


def pace_of(route: Route) -> str:
    """What its rate is called."""
    return f"route:{route.id}"


def _taken(routes: Sequence[Route], now: dt.datetime) -> dict[int, int]:
    """route → what it took today, of those with a cap."""
    capped = {
        route.id: today(route, now) for route in routes if route.cap is not None or route.warmup
    }
    if not capped:
        return {}
    rows = RouteDay.objects.filter(route__in=list(capped), day__in=set(capped.values()))
    return {row.route_id: row.taken for row in rows if capped[row.route_id] == row.day}


def _way(route: Route, taken: int, now: dt.datetime) -> Way:
    cap = cap_on(route, today(route, now))
    bar, until = None, None
    if route.paused_at:
        bar = Bar.PAUSED
    elif route.aside_until:
        bar, until = Bar.ASIDE, route.aside_until
    elif cap is not None and taken >= cap:
        bar, until = Bar.FULL, midnight(route, now)
    return Way(route, frozenset(topic.pk for topic in route.topics.all()), bar, until)
