"""A mail taken apart, within bounds: anybody may write one, and as they like.  Pure."""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from html import unescape

OCTETS = 65_536
"""So much of a mail is read: its header and the first lines of what it says, or a report and the
header of what came back."""

DEEPEST = 20
"""Mentions of a boundary, or of a mail within the mail, in one whose body is looked at."""

_TAG = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?tr|/?h\d)\b[^<>]*>", re.IGNORECASE)


def parsed(mail: bytes) -> Message:
    """Header and parts; the header alone of a mail that is nested deeper than people's are, and
    servers' too: to take that apart takes seconds."""
    content = mail.lower()
    is_a_trap = content.count(b"boundary") + content.count(b"message/") > DEEPEST
    return BytesParser().parsebytes(mail, headersonly=is_a_trap)


def text_of(part: Message) -> str:
    """What a text part says, without its tags where it is HTML; characters that we can't tell
    become a mark: all that is looked for is ASCII."""
    content = part.get_payload(decode=True)
    text = content.decode("ascii", "replace") if isinstance(content, bytes) else ""
    if part.get_content_type() == "text/html":
        text = unescape(_TAG.sub("", _BREAK.sub("\n", text)))
    return text


def texts(mail: Message) -> Iterator[Message]:
    """The parts that are to be read, but for those of a mail within the mail."""
    if mail.get_content_maintype() == "text":
        yield mail
    elif mail.get_content_maintype() == "multipart" and mail.is_multipart():
        for part in mail.get_payload():
            assert isinstance(part, Message), "what a multipart holds"
            yield from texts(part)


def one_line(text: object) -> str:
    """On one line, without what can't be printed."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+", " ", str(text)).split())
