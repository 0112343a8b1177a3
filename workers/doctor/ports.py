"""Which port of a relay answers, where the one that was named does not."""

import socket

from workers.relay import Relay, on_loopback

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


def way_out(relay: Relay, trouble: str) -> str:
    """What mends a relay that is not reached: another port that answers, or an API."""
    if not is_shut(trouble):
        return "Mend SMTP_URL, or what the words name, at the relay."
    return instead(relay, that_answers(relay))


def is_shut(trouble: str) -> bool:
    """Whether these words are of a port that nobody answers at."""
    return any(said in trouble for said in ("too long", "timed out", "refused", "unreachable"))


def instead(relay: Relay, other: int | None) -> str:
    """By which way mail can go, where this port is shut and that one answers, or none."""
    if other:
        return (
            f"Port {relay.port} does not answer from here, {other} does: hosts of servers "
            f"often block the first. Set the port in SMTP_URL to {other}"
            + (", and begin it with smtps://" if other == 465 else ".")
        )
    if on_loopback(relay.host):
        return (
            f"Nothing takes mail at port {relay.port} of this machine: start its mail server, name "
            "another port, or go by a provider's HTTP API (docs/routes.md)."
        )
    return (
        f"No usual port of {relay.host} answers from here. If it runs, the host of this server "
        "blocks mail: ask them to open a port, or go by your provider's HTTP API (docs/routes.md)."
    )
