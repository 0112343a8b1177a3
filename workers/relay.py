"""Which server takes our mail, and how to reach it: ``SMTP_URL`` as a value."""

import ipaddress
import re
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_OPTIONS = {"starttls", "connections", "helo", "cafile"}


class Security(StrEnum):
    """How the connection is kept from others' eyes. What was asked for is never lowered."""

    NONE = "none"  # in the clear
    STARTTLS = "starttls"  # begun in the clear, then TLS before anything is said (RFC 3207)
    IMPLICIT = "implicit"  # TLS from the first octet (RFC 8314)


@dataclass(frozen=True)
class Relay:
    """One account at one server. ``connections``: at most so many at once, per process."""

    host: str
    port: int = 25
    security: Security = Security.NONE
    user: str = ""
    password: str = field(default="", repr=False)
    connections: int = 4
    helo: str = ""  # what we call ourselves; else the machine's name or address
    cafile: str = ""  # authorities to trust; else the system's

    @classmethod
    def from_url(cls, url: str) -> "Relay":
        """Read ``smtp://user:pass@host:587?starttls=1&connections=8`` or ``smtps://…``.

        Also ``helo=`` and ``cafile=``; user and password are percent-decoded. ValueError says
        in words what is wrong (and never shows the URL, which may hold a password).
        """
        parts = parts_of(url)
        if parts.scheme not in {"smtp", "smtps"}:
            raise ValueError("does not begin with smtp:// or smtps://")
        if not parts.hostname:
            raise ValueError("names no host")
        if parts.path.strip("/") or parts.fragment:
            raise ValueError("has something after the port that is no option")
        options = _options(parts)
        security = _security(parts, options)
        if not re.fullmatch(r"[A-Za-z0-9.:\[\]-]*", options.get("helo", "")):
            raise ValueError("has a helo that is no host name")
        return cls(
            host=parts.hostname,
            port=_port(parts, security),
            security=security,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            connections=connections(options.get("connections", "4")),
            helo=options.get("helo", ""),
            cafile=options.get("cafile", ""),
        )

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext:
        """Verifies the server's name and chain; OSError if ``cafile`` can't be read."""
        return ssl.create_default_context(cafile=self.cafile or None)


@dataclass(frozen=True)
class Limits:
    """How long the relay may take, in seconds, each as a total: no octet buys more time."""

    connecting: float = 30  # per address
    opening: float = 120  # from the connection to being ready for MAIL
    commands: float = 300  # from MAIL to the answer to DATA
    body: float = 600  # to take the body
    final: float = 600  # to answer the final dot; less makes uncertainty (RFC 5321 4.5.3.2.6)
    stall: float = 10  # for that answer, before the message behind it goes another way
    idle: float = 20  # between two runs, before a connection is not used again
    pause: float = 0.5  # before the second attempt to connect; doubles
    spare: float = 10  # before another attempt while other connections work
    attempts: int = 3  # to reach the relay, in one run
    losses: int = 3  # of connections under one message, before it is put off


def parts_of(url: str) -> SplitResult:
    """An address in its parts; ValueError in words of which none is from it, since what is in the
    wrong place is a piece of a password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("has brackets around no IPv6 address; for others write %5B, %5D") from None
    if "@" not in parts.netloc and "@" in f"{parts.path}{parts.query}{parts.fragment}":
        raise ValueError("has a /, ? or # in user or password; write %2F, %3F, %23 for them")
    return parts


def _options(parts: SplitResult) -> dict[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise ValueError(
            f"has an unknown option, {unknown[0]}; known: {', '.join(sorted(_OPTIONS))}"
        )
    return options


def _security(parts: SplitResult, options: dict[str, str]) -> Security:
    wanted = options.get("starttls", "")
    if wanted not in {"", "0", "1"}:
        raise ValueError("has a starttls that is neither 0 nor 1")
    if parts.scheme == "smtps":
        if wanted == "1":
            raise ValueError("asks for smtps:// and starttls=1 at once; choose one")
        return Security.IMPLICIT
    if wanted == "1":
        return Security.STARTTLS
    if parts.password and wanted != "0" and not on_loopback(parts.hostname or ""):
        raise ValueError(
            "would send a password in the clear; add ?starttls=1, or starttls=0 to insist"
        )
    return Security.NONE


def _port(parts: SplitResult, security: Security) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("has a port that is not between 1 and 65535")
    return port or {Security.NONE: 25, Security.STARTTLS: 587, Security.IMPLICIT: 465}[security]


def connections(text: str) -> int:
    """How many at once that says; ValueError in words."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 200:
        raise ValueError("has a number of connections that is not between 1 and 200")
    return int(text)


def on_loopback(host: str) -> bool:
    """Whether what is said to this host stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
