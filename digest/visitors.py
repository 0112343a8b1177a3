"""Where a request comes from: the connection's own address, or what a trusted proxy says.

Anybody may write ``X-Forwarded-For``; each proxy adds at its end the address that it saw. So it
is read from the end, and only as far as those who wrote it are named in TRUSTED_PROXIES.
"""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NEAR = [
    ipaddress.ip_network(text)
    for text in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
]


def address(request: HttpRequest) -> Address | None:
    """The client's address; None where it can't be told (a socket file, a proxy's nonsense)."""
    client = _parsed(str(request.META.get("REMOTE_ADDR", "")))
    told = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    while client is not None and told and _within(client, settings.TRUSTED_PROXIES):
        if not (said := told.pop().strip()):
            break
        client = _parsed(said)
    return client


def came_by_a_stranger(request: HttpRequest) -> bool:
    """Whether a proxy that TRUSTED_PROXIES does not name passed it on."""
    passed_by = _parsed(str(request.META.get("REMOTE_ADDR", "")))
    if passed_by is None or "HTTP_X_FORWARDED_FOR" not in request.META:
        return False
    return not _within(passed_by, settings.TRUSTED_PROXIES)


_PROXY_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_VIA")


def came_straight(request: HttpRequest) -> bool:
    """True only for a program on this machine that came to us directly.

    A proxy on the same machine connects from loopback too: so nothing that a proxy adds may be
    there, and the name asked for must be a loopback one. nginx, told no more than where we are,
    adds nothing and asks for such a name; but it speaks HTTP/1.0 then, as nothing else does by now.
    """
    return (
        request.META.get("SERVER_PROTOCOL") != "HTTP/1.0"
        and not any(request.META.get(name) for name in _PROXY_HEADERS)
        and is_loopback(str(request.META.get("REMOTE_ADDR", "")))
        and is_loopback(urlsplit(f"//{request.get_host()}").hostname or "")
    )


def is_loopback(host: str) -> bool:
    """A name or an address that leads to this machine."""
    plain = host.removeprefix("::ffff:")
    return plain in {"localhost", "::1"} or plain.startswith("127.")


def is_near(client: Address) -> bool:
    """On this machine or in its own network: a proxy that nobody named, as likely as a person."""
    return _within(client, _NEAR)


def _within(client: Address, networks: object) -> bool:
    return any(client in network for network in networks)  # type: ignore[attr-defined]


def _parsed(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
