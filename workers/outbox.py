"""The seam between whoever has messages to send and the SMTP client that sends them."""

from enum import StrEnum
from typing import NamedTuple, Protocol


class Envelope(NamedTuple):
    """One message to one recipient, ready for the wire.

    ``message``: CRLF only, ends in CRLF, and no line begins with a dot, as ``workers.message``
    makes them; the client stuffs nothing, and checks this once per run.
    """

    key: int  # the delivery; the client only hands it back
    sender: bytes  # for MAIL FROM, without brackets; empty for bounces
    recipient: bytes  # for RCPT TO, without brackets
    message: bytes
    tag: bytes = b""  # for a provider to repeat with its events, where the message has none


class Verdict(StrEnum):
    """What became of one attempt."""

    ACCEPTED = "accepted"  # the relay answered 2xx to the final dot
    DEFERRED = "deferred"  # 4xx, or this message broke connection after connection: try later
    FAILED = "failed"  # 5xx, or this relay can never take it (its size, its address)
    UNCERTAIN = "uncertain"  # the final dot went out and no answer to it came back
    UNTRIED = "untried"  # the final dot never went out, through no fault of the message


class Outcome(NamedTuple):
    """A verdict and its reason."""

    verdict: Verdict
    code: int  # the reply's code; 0 where no reply decided
    text: str  # the reply on one line, code first ("250 2.0.0 OK queued as 4F1"), or the cause
    wait: float = 0.0  # seconds for which the relay wants to be left alone with it


class Report(NamedTuple):
    """How a run ended: ``trouble`` in words when the relay couldn't be used to its end."""

    trouble: str = ""
    retry_in: float = 0.0  # seconds for which another run would end at once
    asked: float = 0.0  # seconds for which the relay wants to be left alone


TICK = 0.25
"""Seconds between two looks at the clock, and at the outbox where it said to wait."""


class Withdrawn(Exception):
    """Raised by ``begin``: this message must not go out after all."""


class Outbox(Protocol):
    """What the client asks and tells. All calls come from the thread that runs the client.

    An exception from any of these but Withdrawn stops the run in good order: no new body is
    begun, answers under way are waited for and settled, then it is raised again.
    """

    def take(self) -> Envelope | float | None:
        """The next message; or seconds to wait before asking again; or None: no more, this run.

        Every envelope taken is settled exactly once before the run ends.
        """

    def begin(self, key: int) -> None:
        """Called right before the first byte of the body goes out.

        Raise Withdrawn and the message is not sent but settled as untried (this costs the
        connection). Raise OSError when it can't be written down, and nothing of it is sent.
        """

    def settle(self, key: int, outcome: Outcome) -> None:
        """Called once the outcome is known, before the next body on that connection.

        Without a ``begin`` before it, no byte of the body went out.
        """

    def tick(self) -> None:
        """Called about four times a second while the client runs."""
