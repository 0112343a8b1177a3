"""What carries a route's messages: one per route in each worker process, kept from batch to batch.

That is the SMTP client, or that of a provider's HTTP API: both ask the same outbox for messages,
and say of each what became of it, by the same words.
"""

import dataclasses
from typing import Protocol

from django.conf import settings

from digest.errors import Refused
from workers import smtp
from workers.feedback.providers import Provider, provider_at
from workers.https.account import WHOLE, Account, is_api
from workers.models import Delivery
from workers.outbox import Outbox, Report
from workers.relay import Limits
from workers.routes.models import DEFAULT, Route
from workers.routes.sealing import unseal
from workers.where import Where, where


class Carrier(Protocol):
    """Sends what an outbox gives it; see ``smtp.Client.send_all`` for what must hold."""

    def send_all(self, outbox: Outbox) -> Report: ...
    def close(self) -> None: ...


HURRIED = Limits(connecting=4, opening=10, attempts=1)
"""For a relay beside others: one that doesn't answer must not keep a worker from them."""

_kept: dict[int, tuple[tuple[Where, bool], Carrier]] = {}


def relay_of(route: Route) -> Where:
    """Where it leads; ValueError or Refused, without the address, where that can't be read."""
    if not route.sealed and route.name != DEFAULT:
        raise ValueError("is gone: the route was removed")
    relay = where(unseal(route.sealed) if route.sealed else settings.SMTP_URL)
    if route.connections:
        return dataclasses.replace(relay, connections=route.connections)
    return relay


def provider_of(route: Route | None) -> Provider | None:
    """Whose it is, as it is set, else as its address tells; of None, that of SMTP_URL."""
    place = _place_of(route)
    if isinstance(place, Account):
        return place.provider
    if route and route.provider:
        return Provider(route.provider)
    if settings.SMTP_PROVIDER and (route is None or route.name == DEFAULT):
        return Provider(settings.SMTP_PROVIDER)
    return provider_at(place.host) if place else None


def _place_of(route: Route | None) -> Where | None:
    try:
        return relay_of(route) if route else where(settings.SMTP_URL)
    except (ValueError, Refused):
        return None


def by_api(route: Route | None) -> bool:
    """Whether it leads to a provider's HTTP API."""
    return is_api(settings.SMTP_URL) if route is None or route.name == DEFAULT else route.by_api


def is_rewritten(route: Route) -> bool:
    """Whether whoever it leads to writes each message, of what it is given."""
    return by_api(route) and provider_of(route) not in WHOLE


def last_of(delivery: Delivery) -> Route | None:
    """The route by which it was last tried."""
    return Route.objects.filter(id=delivery.route).first() if delivery.route else None


def carrier(route: Route, *, hurried: bool = False) -> Carrier:
    """This process's carrier for the route; another one where the route leads elsewhere by now.

    ``hurried``: it gives up soon on whoever doesn't answer.
    """
    asked = (relay_of(route), hurried)
    kept = _kept.get(route.id)
    if kept is None or kept[0] != asked:
        drop(route)
        _kept[route.id] = kept = (asked, _client(*asked))
    return kept[1]


def _client(place: Where, hurried: bool) -> Carrier:
    if isinstance(place, Account):
        from workers.https import client  # a quarter of a second, which SMTP need not wait

        return client.Client(place, client.HURRIED if hurried else None)
    return smtp.Client(place, HURRIED if hurried else None)


def drop(route: Route) -> None:
    """Close its connections.  The next carrier begins anew: when to ask a route that failed again
    is the database's to say, for all workers at once."""
    if kept := _kept.pop(route.id, None):
        kept[1].close()


def close_all() -> None:
    """Take leave of every relay."""
    while _kept:
        _kept.popitem()[1][1].close()
