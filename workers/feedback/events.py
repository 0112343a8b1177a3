"""An event as every provider's is understood: what happened, when, and to which message.  Pure."""

import datetime as dt
import re
from dataclasses import dataclass

from workers.feedback.models import Kind
from workers.feedback.providers import Teller
from workers.models import Outcome

RECIPIENT = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}
"""Codes (RFC 3463) that speak of the recipient: nobody is there, and nobody will be. All others
may speak of us (5.1.7, 5.1.8, 5.7.x) or of a day (4.x, 5.2.2), and suppress nobody at once."""

OUTCOMES = {
    Kind.DELIVERED: Outcome.DELIVERED,
    Kind.DROPPED: Outcome.DROPPED,
    Kind.SOFT: Outcome.BOUNCED,
    Kind.HARD: Outcome.BOUNCED,
    Kind.COMPLAINED: Outcome.COMPLAINED,
}
"""What an event makes of its delivery; to unsubscribe says nothing of the mail."""

RANK = [
    Outcome.UNKNOWN, Outcome.DELIVERED, Outcome.DROPPED, Outcome.BOUNCED, Outcome.COMPLAINED,
]  # fmt: skip
"""Events come in any order; the later of these stands, whatever came first."""

_CODE = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.]\d)")

_THING = "(?:user|recipient|mailbox|e?-?mail address|address|account)"
_NOBODY = re.compile(
    rf"\b{_THING}(?: name)? (?:is )?(?:unknown|not (?:found|known)|does(?: not|n['’]t) exist)"
    rf"|\b(?:no such|unknown|non-?existent) (?:local )?{_THING}|\bno mailbox here by that name",
    re.IGNORECASE,
)
_SENDER = re.compile(r"\bsender\b|\bMAIL FROM\b", re.IGNORECASE)


@dataclass(frozen=True)
class Event:
    """What a provider, or a mail, says of one message."""

    kind: Kind
    provider: Teller
    at: dt.datetime | None = None  # where the provider tells it
    id: str = ""  # the provider's own for the event; the same when it is told again
    tags: tuple[str, ...] = ()  # one of these may be our tag
    message_id: str = ""  # may be ours
    provider_id: str = ""  # the provider's for the message, as the relay answered it
    recipient: str = ""
    code: str = ""
    words: str = ""

    @property
    def gone(self) -> bool:
        """Whether the address is no more."""
        return self.kind is Kind.HARD and self.code in RECIPIENT

    @property
    def might_pass(self) -> bool:
        """Whether it may be the reader's trouble of a day: several in a row are no such thing."""
        bounced = self.kind in {Kind.SOFT, Kind.HARD}
        return bounced and not self.gone and not speaks_of_us(self.code)

    @property
    def says(self) -> bytes:
        """The same for the same event told again: the provider's id of it, or all that it says."""
        at = self.at.isoformat() if self.at and not self.id else ""
        named = self.tags or (self.message_id, self.provider_id)
        parts = [self.provider, self.kind, self.id, at, self.recipient, *named]
        return "\0".join(parts).encode("utf-8", "replace")


def speaks_of_us(code: str) -> bool:
    """Whether a status code blames the sender, its mail or its name."""
    return code in {"5.1.7", "5.1.8"} or code.startswith(("4.7.", "5.7."))


def mailing_name(mailing_id: int) -> str:
    """By whom the suppression list says that a mailing's bounces put somebody there."""
    return f"mailing {mailing_id}"


def refusal_in(words: str) -> str:
    """The code in a server's refusal for good; where it gives none but says in so many words
    that nobody is there, what that amounts to. "" where neither: many still tell no code."""
    said = code_in(words)
    if said and not said.endswith(".0.0"):
        return said
    nobody = _NOBODY.search(words) and not _SENDER.search(words)
    return "5.1.1" if nobody else said


def code_in(words: str) -> str:
    """The first enhanced status code in what a server answered."""
    found = _CODE.search(words)
    return found[0] if found else ""
