"""Where mails come in, by ``INBOUND_URL``: a mailbox that we read, or a door at which we listen."""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from workers.inbound.account import Account, checked, options_of, port_of


@dataclass(frozen=True)
class DoorAt:
    """Where a mail server hands mails over, by LMTP."""

    host: str
    port: int
    address: str  # of mails that unsubscribe; "" where there is none

    @classmethod
    def from_url(cls, url: str) -> "DoorAt":
        """Read ``lmtp://127.0.0.1:2424?address=leave@example.org``; without a host, loopback."""
        parts = urlsplit(url)
        options = options_of(parts, {"address"})
        if parts.username or parts.password or parts.path.strip("/"):
            raise ValueError("has more than a host and a port; LMTP knows no user and no folder")
        address = options.get("address", "")
        return cls(
            host=parts.hostname or "127.0.0.1",
            port=port_of(parts) or 2424,
            address=checked(address) if address else "",
        )

    def __str__(self) -> str:
        return f"the door at {self.host}:{self.port}"


Source = Account | DoorAt


def from_url(url: str) -> Source:
    """ValueError in words where it can't be read."""
    return DoorAt.from_url(url) if url.startswith("lmtp://") else Account.from_url(url)


@lru_cache(maxsize=1)
def source(url: str) -> Source:
    """The source of a setting that was looked at when the program started."""
    return from_url(url)
