"""The one door to the network: fetches what somebody else has named.

Addresses come from feeds, briefings and whoever may name a source, so nothing about them is
believed.  Only http and https; every address behind a name must be public, the address that
was looked at is the one that is spoken to (certificates are held against the name), and a
redirect is looked at anew.  So much time in all, and so many bytes after unpacking.  Nothing
is taken from the environment: no proxy, no netrc.
"""

import functools
import importlib.metadata
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, quote, urljoin

import httpcore
from django.conf import settings

from digest.intake.addresses import (
    Network,
    NoSuchSite,
    NotFetched,
    Private,
    Resolve,
    checked,
    host_of,
    parts_of,
    port_of,
    resolved,
    within,
)
from digest.intake.limits import FETCHED, megabytes
from digest.intake.outcomes import Unfit
from digest.intake.unfolding import unfolded

__all__ = ["Fetched", "NoSuchSite", "NotFetched", "Private", "agent", "fetch"]

SECONDS = 10.0
"""For everything: looking up, each redirect, the last byte."""

REDIRECTS = 5

_LED_ON = {301, 302, 303, 307, 308}
_DROPPED = (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered, after its redirects."""

    url: str
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By small names."""
    moved: bool = False
    """Every redirect on the way was for good (301, 308): the next may ask ``url`` at once."""


def agent() -> str:
    """Who asks: the program, its version, and where to complain."""
    return f"Digest/{importlib.metadata.version('digest')} (+{settings.BASE_URL})"


def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    resolve: Resolve = resolved,
    seconds: float = SECONDS,
    with_body: bool = True,
) -> Fetched:
    """Ask for an address, whatever status it answers; without its body, where nobody reads it.

    Raises NotFetched, in words, where nobody answers in time, or nobody may be asked.
    """
    trip = _Trip(resolve, settings.FETCH_NETWORKS, time.monotonic() + seconds, with_body)
    asked = {"User-Agent": agent(), "Accept-Encoding": "gzip, deflate", **(headers or {})}
    moved = True
    for hop in range(REDIRECTS + 1):
        answer, further = trip.ask(url, method, asked)
        if not further:
            return Fetched(url, answer.status, answer.body, answer.headers, bool(hop) and moved)
        moved = moved and answer.status in {301, 308}
        url = urljoin(url, further)
    raise NotFetched(f"leads on more than {REDIRECTS} times")


@dataclass
class _Trip:
    """From an address to the answer at its end, in so much time."""

    resolve: Resolve
    networks: tuple[Network, ...]
    deadline: float
    with_body: bool
    is_first: bool = True

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.deadline - time.monotonic()

    def ask(self, url: str, method: str, headers: Mapping[str, str]) -> tuple[Fetched, str]:
        """One answer, and where it leads on to."""
        parts = parts_of(url)
        addresses = checked(parts, self.resolve, self.networks, self.left)
        if self.is_first and not any(within(one, self.networks) for one in addresses):
            self.networks = ()  # what began outside must not be led into a private network
        self.is_first = False
        try:
            return self._asked(url, parts, addresses, method, headers)
        except httpcore.TimeoutException:
            raise NotFetched(f"did not answer in full within {SECONDS:g} seconds") from None
        except Unfit as problem:
            raise NotFetched(problem.why) from None
        except _DROPPED as problem:
            raise NotFetched(f"could not be asked ({_said(problem)})") from None

    def _asked(
        self,
        url: str,
        parts: SplitResult,
        addresses: list[str],
        method: str,
        headers: Mapping[str, str],
    ) -> tuple[Fetched, str]:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host, port = host_of(parts), port_of(parts)
        named = f"[{host}]" if ":" in host else host
        asked = {"Host": named if parts.port is None else f"{named}:{port}", **headers}
        address = httpcore.URL(scheme=parts.scheme, host=host, port=port, target=_quoted(target))
        with (
            httpcore.ConnectionPool(
                ssl_context=_authorities() if parts.scheme == "https" else None,
                network_backend=_Pinned(addresses, self),
            ) as pool,
            pool.stream(method, address, headers=list(asked.items())) as response,
        ):
            got = {
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in response.headers
            }
            further = got.get("location", "") if response.status in _LED_ON else ""
            wanted = self.with_body and not further
            body = b"" if not wanted else _body(response.iter_stream(), got)
            return Fetched(url, response.status, body, got), further


class _Pinned(httpcore.NetworkBackend):
    """Connects to the addresses that were looked at, whatever the name leads to by now."""

    def __init__(self, addresses: list[str], trip: _Trip) -> None:
        self._addresses, self._trip, self._plain = addresses, trip, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the very thing that is not asked for again
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the trip's deadline stands for all
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        last: Exception = httpcore.ConnectTimeout()
        for address in self._addresses:
            left = self._trip.left
            if left <= 0:
                break
            try:
                stream = self._plain.connect_tcp(address, port, left, local_address, socket_options)
            except httpcore.ConnectError as problem:
                last = problem
            else:
                return _Timed(stream, self._trip)
        raise last


class _Timed(httpcore.NetworkStream):
    """A connection on which each wait ends with the trip: against a byte a second."""

    def __init__(self, stream: httpcore.NetworkStream, trip: _Trip) -> None:
        self._stream, self._trip = stream, trip

    def _left(self) -> float:
        left = self._trip.left
        if left <= 0:
            raise httpcore.ReadTimeout
        return left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._left())
        return _Timed(stream, self._trip)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@functools.cache
def _authorities() -> ssl.SSLContext:
    """The system's certificate authorities; to read them takes a tenth of a second."""
    return ssl.create_default_context()


def _body(chunks: Iterator[bytes], headers: Mapping[str, str]) -> bytes:
    """The whole of an answer, unpacked; Unfit past the limit, folded or not."""
    folded = headers.get("content-encoding", "").strip().lower()
    if folded not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise Unfit(f"came packed in a way that was not asked for ({folded[:20]})")
    limited = _limited(chunks)
    return unfolded(limited, FETCHED) if folded not in {"", "identity"} else b"".join(limited)


def _limited(chunks: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > FETCHED:
            raise Unfit(f"has more than {megabytes(FETCHED)}")
        yield chunk


def _quoted(target: str) -> str:
    """With what may not stand in a request's first line percent-encoded."""
    return quote(target, safe="/%?=&+:;,@!$'()*~#[]|-._")


def _said(problem: BaseException) -> str:
    """What lay at the bottom of it."""
    while inner := problem.__cause__ or problem.__context__:
        problem = inner
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not good: {problem.verify_message}"
    return (getattr(problem, "strerror", None) or type(problem).__name__).lower()
