"""How many may sign up in a while: from one client or network, at one mail domain, in all.

Counted in this process's memory, since pages must work without a broker, and a flood must not
become writes. The limit that protects a mailbox is exact, and stands in ``signup_requests``.
"""

import ipaddress

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage  # type: ignore[import-untyped]  # it has no types

from digest import visitors

_CLIENT, _NETWORK = {4: 32, 6: 64}, {4: 24, 6: 48}
"""Bits that one client, and one network, has of an address: an IPv6 line is a /64 at least."""


def seconds_to_wait(request: HttpRequest, domain: str) -> int:
    """Count a sign-up at this mail domain; how long to wait where there were too many, else 0.

    Whoever is over their own limit uses up nobody else's.
    """
    client = visitors.address(request)
    places = []
    # A proxy that nobody named would make everybody one client.
    if client is not None and not visitors.is_near(client):
        places += [("client", _block(client, _CLIENT)), ("network", _block(client, _NETWORK))]
    places += [("domain", domain), ("all", "all")]
    for group, key in places:
        if wait := _over(request, group, key):
            return wait
    return 0


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
