"""How many may sign up in a while: from one client or network, at one mail domain, in all.

Counted in this process's memory, since pages must work without a broker, and a flood must not
become writes. The limit that protects a mailbox is exact, and stands in ``signup_requests``.
"""

import ipaddress
from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage  # type: ignore[import-untyped]  # it has no types

from digest import visitors

_CLIENT, _NETWORK = {4: 32, 6: 64}, {4: 24, 6: 48}
"""Bits that one client, and one network, has of an address: an IPv6 line is a /64 at least."""


def wait_of_client(request: HttpRequest) -> int:
    """Count one more from this client and its network; seconds to wait where there were too
    many, else 0."""
    client = visitors.address(request)
    # A proxy that nobody named would make everybody one client.
    if client is None or visitors.is_near(client):
        return 0
    places = [("client", _block(client, _CLIENT)), ("network", _block(client, _NETWORK))]
    return _first_over(request, places)


def wait_of_mail(request: HttpRequest, address: str) -> int:
    """Count one more to the address's mail domain, and in all; seconds to wait, else 0."""
    domain = address.rpartition("@")[2].strip().lower()[:254]
    return _first_over(request, [("domain", domain), ("all", "all")])


def _first_over(request: HttpRequest, places: Sequence[tuple[str, str]]) -> int:
    """Whoever is over one limit uses up no other."""
    return next((wait for group, key in places if (wait := _over(request, group, key))), 0)


def _block(client: visitors.Address, bits: dict[int, int]) -> str:
    return str(ipaddress.ip_network((client, bits[client.version]), strict=False))


def _over(request: HttpRequest, group: str, key: str) -> int:
    usage = get_usage(
        request,
        group=f"sign-up {group}",
        key=lambda _group, _request: key,
        rate=settings.SIGNUP_LIMITS[group],
        increment=True,
    )
    return max(1, usage["time_left"]) if usage["should_limit"] else 0
