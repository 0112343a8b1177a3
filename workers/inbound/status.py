"""What a mail server says became of a mail (RFC 3464), read as servers write it.  Pure."""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from enum import StrEnum

from digest.errors import Refused
from workers.feedback.events import refusal_in
from workers.headers import checked_address
from workers.inbound.parts import one_line


class Ending(StrEnum):
    """What became of a mail for one recipient. The later of these weighs more."""

    DELAYED = "delayed"  # it is still being tried
    PASSED_ON = "passed on"  # to a server that tells no more, or to the members of a list
    ARRIVED = "arrived"  # in the mailbox
    GIVEN_UP = "given up"  # after trying for long, or for a trouble of a day
    REFUSED = "refused"  # for good


@dataclass(frozen=True)
class Said:
    """What is said of one recipient."""

    ending: Ending
    address: str = ""  # as far as it can be read
    code: str = ""  # enhanced (RFC 3463)
    words: str = ""

    @property
    def for_good(self) -> bool:
        return self.ending is Ending.REFUSED


MOST = 100
"""Recipients of a report that are looked at: ours went to one."""

_KINDS = {"message/delivery-status", "message/global-delivery-status"}
_ACTIONS = {
    "fail": Ending.REFUSED,
    "error": Ending.REFUSED,  # as one server puts it
    "delay": Ending.DELAYED,
    "deliver": Ending.ARRIVED,
    "relay": Ending.PASSED_ON,
    "expand": Ending.PASSED_ON,
}
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_TYPED = re.compile(r"\s*([\w-]+)\s*;\s*(.*)", re.DOTALL)
_XTEXT = re.compile(r"\+(2B|3D)")  # "+" and "=", the only ones that an address needs
_UTF8 = re.compile(r"\\x\{([0-9A-F]{2,6})\}")


def said_in(mail: Message) -> list[Said]:
    """What its reports say of each recipient; nothing where it has none that can be read."""
    found = []
    for part in mail.walk():
        if part.get_content_type() in _KINDS:
            found += [said for block in _blocks(part) if (said := _of(block))]
        if len(found) >= MOST:
            break
    return found[:MOST]


def _blocks(part: Message) -> Iterator[Message]:
    """Groups of fields, however the part is encoded; some servers encode it, though none may."""
    body = _written(part)
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding == "base64":
        body = _from_base64(body)
    elif encoding == "quoted-printable":
        body = quopri.decodestring(body)
    for block in re.split(rb"\n(?:[ \t]*\n)+", body.replace(b"\r\n", b"\n")):
        yield BytesHeaderParser().parsebytes(block.strip() + b"\n\n")


def _written(part: Message) -> bytes:
    """What stands in it; nothing where it can't be written as it was read, which no server's is."""
    try:
        return part.as_bytes().partition(b"\n\n")[2] if part.is_multipart() else b""
    except UnicodeError:
        return b""


def _from_base64(body: bytes) -> bytes:
    try:
        return base64.b64decode(body)
    except binascii.Error:
        return b""


def _of(block: Message) -> Said | None:
    recipient = _recipient(block)
    action = str(block.get("Action", "")).strip().lower()
    ending = next((end for word, end in _ACTIONS.items() if action.startswith(word)), None)
    if recipient is None or ending is None:
        return None
    words = _without_type(one_line(block.get("Diagnostic-Code", "")))
    status = _STATUS.match(str(block.get("Status", "")))
    # What the last server said is nearer to the truth than what the reporting one makes of it.
    code = refusal_in(words) or (status[1] if status else "")
    if code.endswith(".0.0") and status:
        code = refusal_in(f"{status[1]} {words}")
    if ending is Ending.REFUSED and code.startswith("4"):
        ending = Ending.GIVEN_UP
    told_by = _without_type(one_line(block.get("Remote-MTA", "")))
    told = words or one_line(block.get("Status", ""))
    return Said(ending, recipient, code, f"{told_by}: {told}" if told_by and told else told)


def _recipient(block: Message) -> str | None:
    """As we wrote it where that is told; "" where nobody can read it, None where there is none."""
    told = [block.get(name) for name in ("Original-Recipient", "Final-Recipient")]
    found = [_address(one_line(value)) for value in told if value is not None]
    return next(filter(None, found), "") if found else None


def _address(said: str) -> str:
    typed = _TYPED.fullmatch(said)
    kind, text = (typed[1].lower(), typed[2]) if typed else ("rfc822", said)
    if kind not in {"rfc822", "utf-8"}:
        return ""
    text = text.strip().strip("<>")
    if kind == "utf-8":
        text = _UTF8.sub(lambda found: chr(min(int(found[1], 16), 0x10FFFF)), text)
    plain = _XTEXT.sub(lambda found: chr(int(found[1], 16)), text)
    try:
        return checked_address("A recipient", plain)
    except Refused:
        return ""


def _without_type(said: str) -> str:
    """``smtp; 550 5.1.1 …`` without what stands before the semicolon."""
    typed = _TYPED.fullmatch(said)
    return typed[2] if typed else said
