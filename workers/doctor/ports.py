"""Which port of a relay answers, where the one that was named does not."""

import socket

from workers.relay import Relay

OTHERS = (587, 465, 2525, 443)
"""On which relays take mail where a host blocks 25, or one of these."""

TRY = 3.0
"""Seconds to reach a port."""


def that_answers(relay: Relay) -> int | None:
    """Another port of the same host that takes a connection; None where none does."""
    return next(
        (port for port in OTHERS if port != relay.port and _is_open(relay.host, port)), None
    )


def _is_open(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), TRY).close()
    except OSError:
        return False
    return True
