"""The machine's clock, held against a time server's (SNTP, RFC 5905 14)."""

import socket
import struct
import time
from collections.abc import Iterator

from django.conf import settings

from workers.doctor.finding import Finding, bad, look, unknown, well

PATIENCE = 3.0
"""Seconds for an answer."""

_SINCE_1900 = 2_208_988_800
_ASK = b"\x23" + bytes(47)  # version 4, a client
_NOT_SET, _SERVER, _NO_STRATUM = 3, 4, 16
NOTICED, WRONG = 2.0, 60.0
"""Seconds that it may be off before it is said, and before receivers and schedules mind."""


def examine() -> Iterator[Finding]:
    about, server = "Clock", settings.TIME_SERVER
    try:
        off = ahead(server)
    except OSError as problem:
        yield unknown(
            about,
            f"The time server {server} does not tell the time ({problem}).",
            "See that the machine keeps its own time: timedatectl",
        )
        return
    said = f"It is {abs(off):,.1f} s {'ahead' if off > 0 else 'behind'}"
    mend = "Let the machine keep time: timedatectl set-ntp true"
    if abs(off) > WRONG:
        yield bad(
            about, f"{said}: slots come at the wrong time, and signed calls are refused.", mend
        )
    elif abs(off) > NOTICED:
        yield look(about, f"{said}.", mend)
    else:
        yield well(about, f"It agrees with {server}.")


def ahead(server: str) -> float:
    """Seconds by which this clock is ahead of the server's; OSError where it is not heard."""
    host, _, port = server.partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.settimeout(PATIENCE)
        asked.connect((host, int(port or 123)))
        sent = time.time()
        asked.send(_ASK)
        answer = asked.recv(48)
        heard = time.time()
    if not _tells(answer):
        raise OSError("it says that it does not know, or is asked too often")
    arrived, left = (_seconds(*struct.unpack_from("!II", answer, at)) for at in (32, 40))
    return ((sent - arrived) + (heard - left)) / 2


def _tells(answer: bytes) -> bool:
    """Whether it is a server's whole answer, by a clock that is set, and no refusal (kiss of death,
    RFC 5905 7.4): those have no time in them, or a wrong one."""
    if len(answer) < len(_ASK):
        return False
    leap, mode, stratum = answer[0] >> 6, answer[0] & 7, answer[1]
    return leap != _NOT_SET and mode == _SERVER and 0 < stratum < _NO_STRATUM


def _seconds(whole: int, part: int) -> float:
    """Since 1970."""
    return whole - _SINCE_1900 + part / 2**32
