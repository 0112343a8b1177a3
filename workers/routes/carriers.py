"""What carries a route's messages: one per route in each worker process, kept from batch to batch.

Today that is the SMTP client. A provider's HTTP API would be another ``Carrier``: it asks the same
outbox for raw messages, and says of each what became of it, by the same words.
"""

import dataclasses
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings

from digest.errors import Refused
from workers.feedback.providers import Provider, provider_at
from workers.models import Delivery
from workers.outbox import Outbox
from workers.relay import Relay
from workers.routes.models import DEFAULT, Route
from workers.routes.sealing import unseal
from workers.smtp import Client, Report


class Carrier(Protocol):
    """Sends what an outbox gives it; see ``smtp.Client.send_all`` for what must hold."""

    def send_all(self, outbox: Outbox) -> Report: ...
    def close(self) -> None: ...


_kept: dict[int, tuple[Relay, Carrier]] = {}


def relay_of(route: Route) -> Relay:
    """Where it leads; ValueError or Refused, without the address, where that can't be read."""
    if not route.sealed and route.name != DEFAULT:
        raise ValueError("is gone: the route was removed")
    relay = Relay.from_url(unseal(route.sealed) if route.sealed else settings.SMTP_URL)
    if route.connections:
        return dataclasses.replace(relay, connections=route.connections)
    return relay


def provider_of(route: Route | None) -> Provider | None:
    """Whose relay that is, as it is set, else as its host's name tells; None: that of SMTP_URL."""
    if route and route.provider:
        return Provider(route.provider)
    if route is None or route.name == DEFAULT:
        if settings.SMTP_PROVIDER:
            return Provider(settings.SMTP_PROVIDER)
        return provider_at(urlsplit(settings.SMTP_URL).hostname or "")
    try:
        return provider_at(relay_of(route).host)
    except (ValueError, Refused):
        return None


def last_of(delivery: Delivery) -> Route | None:
    """The route by which it was last tried."""
    return Route.objects.filter(id=delivery.route).first() if delivery.route else None


def carrier(route: Route) -> Carrier:
    """This process's carrier for the route; another one where the route leads elsewhere by now."""
    relay = relay_of(route)
    kept = _kept.get(route.id)
    if kept is None or kept[0] != relay:
        drop(route)
        _kept[route.id] = kept = (relay, Client(relay))
    return kept[1]


def drop(route: Route) -> None:
    """Close its connections.  The next carrier begins anew: when to ask a route that failed again
    is the database's to say, for all workers at once."""
    if kept := _kept.pop(route.id, None):
        kept[1].close()


def close_all() -> None:
    """Take leave of every relay."""
    while _kept:
        _kept.popitem()[1][1].close()
