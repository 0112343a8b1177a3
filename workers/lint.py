"""A message's final bytes, read back by the standard library and held against the intention.

Run once per batch on one of its messages. Knows nothing of how the bytes were made. The older
parser of ``email`` is used on purpose: the newer one puts spaces between encoded words.
"""

import re
from collections import Counter
from email import message_from_string
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr

from workers.message import Intended

_MAILBOXES = frozenset({"from", "to", "sender", "reply-to"})
_UNSUBSCRIBE = re.compile(r"<https?://[^<>\s]+>(, <mailto:[^<>\s]+>)?")


def lint(message: bytes, intended: Intended, *, signed: bool = False) -> list[str]:
    """What is wrong with the message, in words; empty when it shows exactly what it should.

    ``signed`` says that one DKIM-Signature field is expected beside the intended ones.
    """
    try:
        text = message.decode()
    except UnicodeDecodeError as problem:
        return [f"not UTF-8: {problem}"]
    parsed = message_from_string(text)
    return [
        *_faults_of_lines(message),
        *_faults_of_headers(parsed, intended, signed),
        *_faults_of_parts(parsed, intended),
    ]


def _faults_of_lines(message: bytes) -> list[str]:
    faults = []
    if re.search(rb"(?<!\r)\n|\r(?!\n)", message):
        faults.append("a line ends in a bare CR or LF")
    if not message.endswith(b"\r\n"):
        faults.append("the last line has no end")
    if b"\0" in message:
        faults.append("holds a NUL")
    if message.startswith(b".") or b"\n." in message:
        faults.append("a line begins with a dot")
    head, _, body = message.partition(b"\r\n\r\n")
    if max(map(len, head.split(b"\r\n"))) > 998:
        faults.append("a header line is longer than 998 octets")
    if max(map(len, body.split(b"\r\n"))) > 76:
        faults.append("a body line is longer than 76 octets")
    if not body.isascii():
        faults.append("the body is not ASCII")
    return faults


def _faults_of_headers(parsed: Message, intended: Intended, signed: bool) -> list[str]:
    shown = Counter((name, _shown(name, str(value))) for name, value in parsed.items())
    if signed:
        signatures = [pair for pair in shown.elements() if pair[0] == "DKIM-Signature"]
        if len(signatures) != 1:
            return [f"{len(signatures)} DKIM signatures instead of one"]
        del shown[signatures[0]]
    wanted = Counter(intended.headers)
    faults = [f"header {name} is not shown as {value!r}" for name, value in wanted - shown]
    faults += [f"header {name} shows {value!r}" for name, value in shown - wanted]
    for name, value in shown:
        if name == "List-Unsubscribe" and not _UNSUBSCRIBE.fullmatch(value):
            faults.append("List-Unsubscribe is not one http(s) address, or one and a mailto")
        if name == "List-Unsubscribe" and "=?" in str(parsed[name]):
            faults.append("List-Unsubscribe is in encoded words")
    return faults


def _shown(name: str, raw: str) -> str:
    """A field as a mail program shows it."""
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", raw)
    if name == "Content-Type":
        return re.sub(r"\s+", " ", unfolded)
    if name.lower() not in _MAILBOXES:
        return _decoded(unfolded)
    display, address = parseaddr(unfolded)
    return f"{_decoded(display)} <{address}>" if display else address


def _decoded(value: str) -> str:
    parts = decode_header(value)
    return "".join(
        part.decode(charset or "ascii") if isinstance(part, bytes) else part
        for part, charset in parts
    )


def _faults_of_parts(parsed: Message, intended: Intended) -> list[str]:
    parts = list(parsed.walk())
    kinds = [part.get_content_type() for part in parts]
    if kinds != ["multipart/alternative", "text/plain", "text/html"]:
        return [f"the parts are {', '.join(kinds)}"]
    faults = [f"{part.get_content_type()}: {bug!r}" for part in parts for bug in part.defects]
    for part, wanted in zip(parts[1:], (intended.text, intended.html), strict=True):
        kind = part.get_content_type()
        if part["Content-Transfer-Encoding"] != "quoted-printable":
            faults.append(f"{kind} is not quoted-printable")
        shown = bytes(part.get_payload(decode=True)).decode(errors="replace")
        if part.get_content_charset() != "utf-8" or _lines(shown) != _lines(wanted):
            faults.append(f"{kind} does not show what was intended")
    return faults


def _lines(text: str) -> list[str]:
    return re.sub("\r\n?", "\n", text).split("\n")
