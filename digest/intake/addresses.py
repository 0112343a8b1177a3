"""Which addresses of the internet may be spoken to: the public ones, whatever their spelling."""

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Sequence
from urllib.parse import SplitResult, urlsplit

from digest.intake.outcomes import shown

Resolve = Callable[[str, int], list[str]]
"""A host and port to all the addresses that the host has; OSError where it has none."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PORTS = {"http": 80, "https": 443}
"""The web's ports; another is spoken to only within a network that FETCH_NETWORKS names."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address is its last 32 bits


class NotFetched(Exception):
    """Nothing came from an address; the text goes on a sentence that begins with the address."""


class Private(NotFetched):
    """The address leads into a network that is not public."""


class NoSuchSite(NotFetched):
    """The address names a host that does not exist."""


def resolved(host: str, port: int) -> list[str]:
    """All addresses of a host, as the system finds them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def spelled_out(host: str, port: int) -> list[str]:
    """The address that a host has without anybody being asked: figures, or this machine's own name
    (RFC 6761). OSError where it is another name."""
    if host == "localhost" or host.endswith(".localhost"):
        return ["127.0.0.1"]
    # Where a link's zone is another machine's, the figures before it say as much.
    figures = host.partition("%")[0]
    found = socket.getaddrinfo(figures, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(one[4][0]) for one in found]


def parts_of(url: str) -> SplitResult:
    """An http(s) address in its parts; NotFetched where it is none, or names a user."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise NotFetched("is no address that can be read") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise NotFetched("is no http(s) address")
    if parts.username is not None or parts.password is not None:
        raise NotFetched("names a user, which no public page needs")
    return parts


def host_of(parts: SplitResult) -> str:
    """The host's name as DNS and certificates have it."""
    try:
        return (parts.hostname or "").rstrip(".").encode("idna").decode("ascii")
    except UnicodeError:
        raise NotFetched("has a host name that can't be read") from None


def port_of(parts: SplitResult) -> int:
    """The port that an address names, else its scheme's."""
    return PORTS[parts.scheme] if parts.port is None else parts.port


def checked(
    parts: SplitResult, resolve: Resolve, networks: Sequence[Network], seconds: float
) -> list[str]:
    """The addresses behind a URL, each looked at; Private if a single one may not be spoken to.

    One look serves for the whole request: whoever connects uses these and asks no more.
    """
    host, port = host_of(parts), port_of(parts)
    try:
        found = _in_time(lambda: resolve(host, port), seconds)
    except (socket.gaierror, UnicodeError):
        raise NoSuchSite("names a site that does not exist") from None
    except OSError as problem:
        raise NotFetched(f"could not be looked up ({type(problem).__name__})") from None
    if not found:
        raise NoSuchSite("names a site that does not exist")
    outside = [one for one in found if not within(one, networks)]
    if not all(is_public(one) for one in outside):
        raise Private(
            f"leads into a private network ({shown(outside[0])}), which is only asked where the "
            "setting FETCH_NETWORKS names it"
        )
    if outside and port != PORTS[parts.scheme]:
        raise NotFetched(f"names the port {port}, which is not the web's")
    return found


def within(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address, or the IPv4 one that it stands for, lies in one of the networks."""
    forms = _forms(address)
    return any(form in network for form in forms for network in networks)


def is_public(address: str) -> bool:
    """Whether an address is routable for everybody, and so is the IPv4 one within it."""
    outer, *inner = _forms(address)
    if inner and outer in _NAT64:
        outer = inner[0]
    return all(
        form.is_global and not (form.is_multicast or form.is_reserved or _is_local(form))
        for form in (outer, *inner)
    )


def _is_local(form: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return isinstance(form, ipaddress.IPv6Address) and form.is_site_local


def _forms(address: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The address, and the IPv4 address that it carries: mapped, 6to4, Teredo or NAT64."""
    outer = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(outer, ipaddress.IPv4Address):
        return [outer]
    carried = [outer.ipv4_mapped, outer.sixtofour, *(outer.teredo or ())]
    if outer in _NAT64:
        carried.append(ipaddress.IPv4Address(int(outer) & 0xFFFFFFFF))
    if outer.ipv4_mapped:  # the same thing in other words
        return [outer.ipv4_mapped]
    return [outer, *(one for one in carried if one is not None)]


def _in_time(ask: Callable[[], list[str]], seconds: float) -> list[str]:
    """What is asked for, or TimeoutError: the system's resolver knows no deadline of ours."""
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def answer() -> None:
        try:
            answers.put(ask())
        except Exception as problem:  # noqa: BLE001 - raised where it was asked for
            answers.put(problem)

    threading.Thread(target=answer, daemon=True).start()
    try:
        got = answers.get(timeout=max(0.0, seconds))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(got, Exception):
        raise got
    return got
