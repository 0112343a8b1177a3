"""What a mail tells of a mail of ours: that it came back, arrived, waits, or was called spam.

From its octets alone, whoever wrote it; whether it is true, ``handling.py`` asks.  Pure.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from email.utils import parsedate_to_datetime

from workers.inbound import complaints, freehand, names, parts, status
from workers.inbound.complaints import Feedback
from workers.inbound.names import Names
from workers.inbound.status import Said

_OUT = re.compile(
    r"\s*(?:auto(?:matic)?[ -]?(?:reply|response|answer)|out of (?:the )?office|abwesenheit)",
    re.IGNORECASE,
)
_REPLIES = {"auto_reply", "auto-reply"}


@dataclass(frozen=True)
class Report:
    """One mail's. Without feedback and sayings it is an automatic answer of the reader's side."""

    names: Names
    at: dt.datetime | None  # as its Date says
    feedback: Feedback | None = None
    said: tuple[Said, ...] = ()


def read(mail: bytes, to: Sequence[str] = ()) -> Report | None:
    """The report in a mail; None where it is none. ``to``: the envelope's recipients."""
    mail = mail[: parts.OCTETS]
    parsed = parts.parsed(mail)
    told = Report(names.names_in(mail, parsed, to), _date(parsed))
    if feedback := complaints.feedback_in(parsed):
        return Report(told.names, told.at, feedback=feedback)
    if said := status.said_in(parsed):
        return Report(told.names, told.at, said=tuple(said))
    answers = _answers(parsed)
    may_bounce = freehand.is_by_server(parsed) or not answers
    if may_bounce and (said := freehand.said_in(parsed)):
        return Report(told.names, told.at, said=tuple(said))
    return told if answers else None


def _answers(mail: Message) -> bool:
    """Whether it is an automatic answer (RFC 3834): somebody is away, or asks for a proof that
    we are people. Servers say that of their own bounces too."""
    submitted = parts.one_line(mail.get("Auto-Submitted", "")).lower()
    if submitted.startswith("auto-replied"):
        return True
    if any(name in mail for name in ("X-Autoreply", "X-Autorespond")):
        return True
    precedence = parts.one_line(mail.get("Precedence", "")).lower()
    return precedence in _REPLIES or bool(_OUT.match(parts.one_line(mail.get("Subject", ""))[:200]))


def _date(mail: Message) -> dt.datetime | None:
    try:
        return parsedate_to_datetime(parts.one_line(mail.get("Date", ""))[:100])
    except (ValueError, OverflowError):
        return None
