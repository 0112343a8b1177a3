"""Which mailbox readers may write to, and how to reach it, as a value."""

import re
import ssl
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, quote, unquote

from digest.errors import Refused
from workers.headers import checked_address
from workers.relay import Security, on_loopback, parts_of

_OPTIONS = {"address", "cafile"}
_PORTS = {"imap": 143, "imaps": 993}
_PLAIN = re.compile(r"[ -~]*")


@dataclass(frozen=True)
class Account:
    """One folder of one mailbox, and the address whose mail arrives there."""

    host: str
    port: int
    security: Security
    user: str
    folder: str
    address: str
    password: str = field(repr=False)
    cafile: str = ""  # authorities to trust; else the system's

    @classmethod
    def from_url(cls, url: str) -> "Account":
        """Read ``imap://user:pass@host:143/FOLDER?address=leave@example.org`` or ``imaps://…``.

        Without a folder INBOX; without ``address`` the user, where that is one. ``imap://`` is
        STARTTLS, but for loopback. ValueError says in words what is wrong (and never shows the
        URL, which holds a password).
        """
        parts = parts_of(url)
        if parts.scheme not in _PORTS:
            raise ValueError("does not begin with imap://, imaps:// or lmtp://")
        if not parts.hostname:
            raise ValueError("names no host")
        options = options_of(parts, _OPTIONS)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if not (user and password):
            raise ValueError("names no user and password")
        folder = unquote(parts.path.strip("/")) or "INBOX"
        if not _PLAIN.fullmatch(user + password + folder):
            raise ValueError("has a user, password or folder that is not plain ASCII")
        return cls(
            host=parts.hostname,
            port=port_of(parts) or _PORTS[parts.scheme],
            security=_security(parts),
            user=user,
            password=password,
            folder=folder,
            address=checked(options.get("address") or user),
            cafile=options.get("cafile", ""),
        )

    def __str__(self) -> str:
        return f"{self.folder} of {self.user} at {self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext:
        """Verifies the server's name and chain; OSError if ``cafile`` can't be read."""
        return ssl.create_default_context(cafile=self.cafile or None)


def leaving_uri(address: str, token: str) -> str:
    """What stands behind ``mailto:`` (RFC 6068): a mail that asks to leave, for a program to send.

    The token stands in subject and body, which keep their letters' case on the way; a local part
    may not, and not every provider takes one with something after a ``+``.
    """
    asking = f"unsubscribe%20{token}"
    return f"{quote(address, safe='@')}?subject={asking}&body={asking}"


def options_of(parts: SplitResult, known: set[str]) -> dict[str, str]:
    """What stands behind the question mark; ValueError where one is not known."""
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(options) - known):
        names = ", ".join(sorted(known))
        raise ValueError(f"has an unknown option, {unknown[0]}; known: {names}")
    return options


def port_of(parts: SplitResult) -> int | None:
    """The port that is named; ValueError where it is none."""
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("has a port that is not between 1 and 65535")
    return port


def _security(parts: SplitResult) -> Security:
    if parts.scheme == "imaps":
        return Security.IMPLICIT
    return Security.NONE if on_loopback(parts.hostname or "") else Security.STARTTLS


def checked(text: str) -> str:
    """The address, if readers can write to it; ValueError in words."""
    try:
        checked_address("INBOUND_URL", text)
    except Refused:
        text = ""
    if not text or not text.isascii():
        raise ValueError(
            "names no address that readers can write to: neither is its user one, nor is there "
            "?address=unsubscribe@example.org"
        )
    return text
