"""Complaint reports (ARF, RFC 5965): a reader called a mail of ours spam.  Pure."""

from dataclasses import dataclass
from email.message import Message

from workers.inbound.parts import one_line

_NO_COMPLAINTS = {"not-spam", "auth-failure", "dmarc"}
"""Feedback of other kinds: a reader took a mail out of the junk (RFC 6430), or a server tells of
our signatures (RFC 6591)."""


@dataclass(frozen=True)
class Feedback:
    """What a report says."""

    type: str  # as written: "abuse", "fraud", "opt-out" …
    words: str

    @property
    def complains(self) -> bool:
        return self.type not in _NO_COMPLAINTS


def feedback_in(mail: Message) -> Feedback | None:
    """The first feedback report in it; None where it has none."""
    for part in mail.walk():
        if part.get_content_type() == "message/feedback-report":
            return _read(part)
    return None


def _read(part: Message) -> Feedback | None:
    fields = part.get_payload(0) if part.is_multipart() else None
    if not isinstance(fields, Message) or "Feedback-Type" not in fields:
        return None
    kind = one_line(fields["Feedback-Type"]).lower()[:40]
    by = one_line(fields.get("Reporting-MTA", "") or fields.get("User-Agent", ""))
    return Feedback(kind, f"{kind}, says {by.removeprefix('dns; ')}" if by else kind)
