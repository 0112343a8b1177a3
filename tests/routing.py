"""Two relays of the tests' own, and routes to them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.relays import Kept, sink
from workers.relay import Relay
from workers.routes import carriers
from workers.routes.models import Route
from workers.routes.sealing import seal

NOWHERE = "smtp://127.0.0.1:1"
"""A port at which nobody listens."""

Relays = tuple[list[Kept], list[Kept]]


def url_of(relay: Relay) -> str:
    return f"smtp://{relay.host}:{relay.port}?connections=2"


def a_route(name: str, url: str, **said: Any) -> Route:
    return Route.objects.create(name=name, sealed=seal(url), **said)


def who(kept: list[Kept]) -> list[str]:
    """The recipients of what a relay took."""
    return [to.decode() for _, (to,), _ in kept]


@pytest.fixture
def only_routes(settings: Any) -> Iterator[None]:
    """SMTP_URL names a relay, and its route is paused: mail goes by those that a test makes."""
    settings.MAILBOX_IS_RELAY, settings.SMTP_URL = False, NOWHERE
    Route.objects.create(name="default", paused_at="2026-01-01T00:00Z")
    yield
    carriers.close_all()


@pytest.fixture
def relays(only_routes: None) -> Iterator[Relays]:
    """Routes "first" and "second", and what the relay of each took."""
    with sink() as (one, got), sink() as (other, had):
        a_route("first", url_of(one))
        a_route("second", url_of(other))
        yield got, had
        carriers.close_all()
