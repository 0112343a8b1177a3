"""What the doctor is shown in tests: DNS as it should be, a time server; and what it minds."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests import signing
from tests.nameserver import Zone, serving
from workers.doctor import senders
from workers.doctor.finding import Finding, Grade
from workers.doctor.names import Names
from workers.doctor.senders import Sender
from workers.letters import signer_of

SPF, DKIM, DMARC = ("news.example.org", "TXT"), ("s1._domainkey.example.org", "TXT"), (
    "_dmarc.example.org", "TXT",
)  # fmt: skip
RELAY = "192.0.2.25"


def zone(**changed: Any) -> dict[tuple[str, str], list[str]]:
    """DNS as it should be for news.example.org, signed for example.org."""
    key = signing.signer().record
    halves = f'"{key[:200]}" "{key[200:]}"'  # as long records are written
    return {
        SPF: [f'"v=spf1 ip4:{RELAY} ~all"'],
        DKIM: [halves],
        DMARC: ['"v=DMARC1; p=none"'],
        ("news.example.org", "MX"): ["10 mx.example.net."],
        **changed,
    }


def of_sender(known: Zone, bounces: str = "news.example.org") -> list[Finding]:
    with serving(known) as server:
        sender = Sender("news.example.org", bounces, [RELAY], signer_of("news.example.org"))
        return list(senders.examine(Names(server), sender))


def troubles(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.grade is not Grade.WELL]


def only(found: list[Finding]) -> Finding:
    """The one that is not well; each has a mend."""
    (one,) = troubles(found)
    assert one.mend
    return one


@contextmanager
def telling_time(off: float, said: bytes = b"\x24\x01") -> Iterator[str]:
    """A time server that is so many seconds behind this machine; ``said``: of itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))

        def answer() -> None:
            _, whence = listening.recvfrom(48)
            now = time.time() - off + 2_208_988_800
            stamp = struct.pack("!II", int(now), int(now % 1 * 2**32))
            listening.sendto(said + bytes(30) + stamp * 2, whence)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join(5)
