"""Leaving by mail: what a mail asks for is told by the tokens in it, and by nothing else.

Whoever writes a mail may put any address into its From, so that says nothing. A token is looked
for where ``leaving_uri`` has mail programs put it, however they decorate, wrap or encode it; but
in no link and in no quotation, or whoever answers a mail of ours would leave.
"""

import re
from collections.abc import Iterable
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from html import unescape
from itertools import islice
from urllib.parse import unquote

from subscribers import links, unsubscribe
from subscribers.models import LeavingReason
from subscribers.tokens import Purpose
from workers.inbound import parts

LINES = 5
"""Lines of the body, empty ones not counted, that may hold the token."""

MOST = 10
"""Tokens in one mail that are looked at."""

LONGEST = 2_000
"""Octets of the subject that are looked at: taking apart what looks like encoded words takes
seconds for a long one."""

_TOKEN = re.compile(r"(?<![\w/-])[A-Za-z0-9_-]{40}(?![\w/-])", re.ASCII)
_TAG = re.compile(r"<[^<>]*>")


def tokens_in(mail: bytes) -> list[str]:
    """What looks like a token, in subject and first lines; nothing of a bounce or an automatic
    reply (RFC 3834), which may repeat what it answers. Pure."""
    parsed = parts.parsed(mail)
    if _is_automatic(parsed):
        return []
    places = [unquote(_subject(parsed)), *_first_lines(parsed)]
    found = (token for place in places for token in _TOKEN.findall(place))
    return list(islice(dict.fromkeys(found), MOST))


def leave_by(tokens: Iterable[str]) -> bool:
    """End the subscriptions that these tokens are for; False where none of them is live."""
    opened = [links.opened(Purpose.UNSUBSCRIBE, token) for token in tokens]
    theirs = [link for link in opened if link]
    for link in theirs:
        unsubscribe.leave(link.person.id, link.topic.id, LeavingReason.BY_MAIL)
    return bool(theirs)


def _is_automatic(mail: Message) -> bool:
    said = str(mail.get("Auto-Submitted", "")).strip().lower()
    return said.startswith("auto-replied") or mail.get_content_type() == "multipart/report"


def _subject(mail: Message) -> str:
    value = re.sub(r"\r?\n(?=[ \t])", "", str(mail.get("Subject", ""))[:LONGEST])
    try:
        parts = decode_header(value)
    except HeaderParseError:
        return value
    return "".join(part if isinstance(part, str) else _ascii(part) for part, _ in parts)


def _first_lines(mail: Message) -> list[str]:
    found = {part.get_content_type(): part for part in reversed(list(mail.walk()))}
    shown = [found[kind] for kind in ("text/plain", "text/html") if kind in found]
    content = shown[0].get_payload(decode=True) if shown else b""
    text = _ascii(content) if isinstance(content, bytes) else ""
    if shown and shown[0].get_content_type() == "text/html":
        text = unescape(_TAG.sub("\n", text))
    lines = (line.strip() for line in text.splitlines())
    return list(islice((line for line in lines if line and line[0] != ">"), LINES))


def _ascii(octets: bytes) -> str:
    """A token is ASCII, and so is it in whatever charset a mail program would choose."""
    return octets.decode("ascii", "replace")
