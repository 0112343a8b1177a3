"""Where this machine is in the world, as its own network settings tell."""

import socket
from ipaddress import ip_address

_FAR = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses that are nobody's (RFC 5737, RFC 3849): nothing is sent to them."""


def public() -> list[str]:
    """From which it would reach others, IPv4 and IPv6; none that a router translates."""
    return [one for family, far in _FAR if (one := _towards(family, far)) and _is_public(one)]


def _towards(family: socket.AddressFamily, far: str) -> str:
    with socket.socket(family, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect((far, 53))  # of a datagram's socket: chooses our address, no more
        except OSError:
            return ""
        return str(asked.getsockname()[0])


def _is_public(address: str) -> bool:
    return ip_address(address).is_global
