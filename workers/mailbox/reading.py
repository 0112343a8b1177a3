"""A mail's bytes as something to look at: its headers, its two parts, safe to show.

What comes here was sent by our own program, but also by whatever else speaks SMTP on this
machine: nothing in it is trusted, and nothing in it raises.
"""

import email
import email.header
import email.message
import email.policy
import re
from dataclasses import dataclass

_SHOWN = (
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "List-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "Auto-Submitted",
    "DKIM-Signature",
)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_NEW_TAB = '<base target="_blank">'


@dataclass(frozen=True)
class Reading:
    """What a mail says."""

    headers: list[tuple[str, str]]  # those that matter, decoded, in reading order
    subject: str
    html: str  # empty where there is no such part
    text: str


def read(content: bytes) -> Reading:
    """Take a mail apart; whatever can't be read is shown as it came."""
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    headers = [
        (name, decoded(str(value))) for name in _SHOWN for value in message.get_all(name, [])[:5]
    ]
    parts = {part.get_content_type(): part for part in reversed(list(message.walk()))}
    return Reading(
        headers=headers,
        subject=next((value for name, value in headers if name == "Subject"), ""),
        html=_text_of(parts.get("text/html")),
        text=_text_of(parts.get("text/plain")),
    )


def decoded(header: str) -> str:
    """A header's text with its encoded words read (RFC 2047), on one line."""
    line = " ".join(header.split())
    try:
        return str(email.header.make_header(email.header.decode_header(line)))
    except (ValueError, LookupError, email.errors.MessageError):
        return line


def for_frame(html: str) -> str:
    """The HTML part for a sandboxed frame: its links open in a new tab, outside the sandbox."""
    place = _HEAD.search(html)
    at = place.end() if place else 0
    return html[:at] + _NEW_TAB + html[at:]


def _text_of(part: "email.message.Message[str, str] | None") -> str:
    if part is None:
        return ""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")
