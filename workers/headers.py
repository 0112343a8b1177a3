"""Header fields of a message: what is refused, and how text and names are encoded.

RFC 5322 for the fields, RFC 2047 for text that is not ASCII. All functions are pure.
"""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from digest.errors import Refused

LINE = 998  # octets in a line, without CRLF (RFC 5322 2.1.1)
FOLD = 76  # where lines with encoded words must end (RFC 2047 2), and ours do where they can
NAME = 250  # characters in a display name; longer ones are a mistake or an attack
FIELD = 10_000  # characters in a reader's field

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+"
    r"(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+)*"
    r"@[A-Za-z0-9\u00a1-\U0010ffff-]+(?:\.[A-Za-z0-9\u00a1-\U0010ffff-]+)*"
)
_COMMON_ADDRESS = re.compile(
    r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
)
_MAILBOX = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|([^"<>]*?)) *<([^<>]*)>|([^<> ]+)')
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_Q_OCTETS = [chr(b) if b in _Q_SAFE else "_" if b == 0x20 else f"={b:02X}" for b in range(256)]


class MessageRefused(Refused):
    """A message can't be made; ``field`` names the header, part or reader's field at fault."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field} {why}; this message was not made, the others go on.")
        self.field = field


def checked(field: str, value: str) -> str:
    """The value, if it may stand in a header; MessageRefused if it holds a control character.

    That takes in every character that some parser somewhere treats as the end of a line:
    CR, LF, VT, FF, FS, GS, RS, NEL, U+2028 and U+2029, and NUL.
    """
    bad = _CONTROL.search(value)
    if bad:
        raise MessageRefused(field, f"holds U+{ord(bad.group()):04X}, a control character")
    return value


def _printable(value: str) -> bool:
    """Whether all of it is ASCII from space to tilde."""
    return value.isascii() and value.isprintable()


def plain_header(name: str, value: str) -> bytes:
    """A field of ASCII on one line, never folded: URIs, identifiers, dates."""
    coded = checked_plain(name, value)
    if len(name) + 2 + len(value) > LINE:
        raise MessageRefused(name, f"is longer than {LINE} characters")
    return b"%b: %b\r\n" % (name.encode("ascii"), coded)


def checked_plain(field: str, value: str) -> bytes:
    """The value, if it is printable ASCII."""
    if not _printable(value):
        checked(field, value)
        raise MessageRefused(field, "must be ASCII")
    return value.encode("ascii")


def text_header(name: str, value: str) -> bytes:
    """A field of free text, folded at spaces, in encoded words where it needs them."""
    checked(name, value)
    if len(value) > FIELD:
        raise MessageRefused(name, f"is longer than {FIELD} characters")
    simple = _printable(value) and "=?" not in value and value == value.strip()
    if simple and len(name) + 2 + len(value) <= FOLD:
        return f"{name}: {value}\r\n".encode("ascii")
    chunks = re.findall(r"\s*\S+", value) if simple else []
    if not simple or max(map(len, chunks)) > FOLD:
        return f"{name}: {_words(value, len(name) + 2)}\r\n".encode("ascii")
    lines = [f"{name}: {chunks[0]}"]
    for chunk in chunks[1:]:
        if len(lines[-1]) + len(chunk) <= FOLD:
            lines[-1] += chunk
        else:
            lines.append(chunk)
    return ("\r\n".join(lines) + "\r\n").encode("ascii")


def address_header(name: str, display: str, address: str) -> bytes:
    """A field that names exactly one mailbox, e.g. ``To: "Doe, Jane" <jane@example.org>``."""
    checked_address(name, address)
    if not display:
        return f"{name}: {address}\r\n".encode()
    if len(display) > NAME:
        raise MessageRefused(name, f"has a name longer than {NAME} characters")
    if "=?" not in display and _PHRASE.fullmatch(display):
        phrase = display
    elif "=?" not in display and _printable(display):
        phrase = '"' + display.replace("\\", "\\\\").replace('"', '\\"') + '"'
    else:
        phrase = _words(checked(name, display), len(name) + 2)
    last = len(name) + 2 + len(phrase) if "\r\n" not in phrase else len(phrase.split("\r\n")[-1])
    gap = " " if last + len(address) + 3 <= FOLD else "\r\n "
    return f"{name}: {phrase}{gap}<{address}>\r\n".encode()


def checked_address(field: str, address: str) -> str:
    """The address, if it is one plain ``local@domain``: no quotes, comments, routes or lists.

    What parsers disagree about (CVE-2023-27043) is not an address here.
    """
    if len(address) <= 64 and _COMMON_ADDRESS.fullmatch(address):
        return address
    local, _, domain = address.rpartition("@")
    if len(local) > 64 or len(domain) > 255 or not _ADDRESS.fullmatch(address):
        raise MessageRefused(field, "is not one plain e-mail address")
    return checked(field, address)


def split_mailbox(field: str, value: str) -> tuple[str, str]:
    """Name and address of ``Media Desk <news@example.org>`` or of a bare address."""
    found = _MAILBOX.fullmatch(checked(field, value))
    if not found:
        raise MessageRefused(field, "is not one mailbox such as News <news@example.org>")
    quoted, name, address, bare = found.groups(default="")
    return re.sub(r"\\(.)", r"\1", quoted) or name, checked_address(field, address or bare)


def _words(text: str, used: int) -> str:
    """The text as RFC 2047 encoded words of whole characters, folded; ``used`` is column one."""
    encode = _q if len(_q(text)) <= 12 + len(text.encode()) * 4 // 3 else _b  # the shorter one
    return "\r\n ".join(_split(text, encode, FOLD - used))


def _split(text: str, encode: Callable[[str], str], room: int) -> Iterator[str]:
    word = encode(text)
    while len(word) > room:
        size = max(1, len(text) * (room - 12) // len(word))
        while size > 1 and len(encode(text[:size])) > room:
            size -= 1
        yield encode(text[:size])
        text, room = text[size:], FOLD - 1
        word = encode(text)
    yield word


def _q(text: str) -> str:
    return f"=?utf-8?q?{''.join([_Q_OCTETS[octet] for octet in text.encode()])}?="


def _b(text: str) -> str:
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode('ascii')}?="


@dataclass(frozen=True)
class Letterhead:
    """What the headers of one mailing say, beside those that every message has.

    Values may hold tokens where they differ by reader. Empty ones are left out.
    """

    sender: str  # From: "Name <address>"
    language: str  # Content-Language, the same as <html lang>
    reply_to: str = ""
    list_id: str = ""  # without brackets; stable per topic, survives renames
    unsubscribe: str = ""  # one URI (RFC 8058): a token, as it differs by reader
    unsubscribe_mailto: str = ""  # what goes behind mailto: after it, where we receive mail
    help_uri: str = ""
    archive_uri: str = ""
    owner: str = ""  # an address
    archived_at: str = ""  # the web version's URI, without a personal token
    feedback_id: str = ""  # update:topic:kind:sender
    unattended: bool = False  # no person sent it: confirmations, automatic updates (RFC 3834)
    corrects: str = ""  # Message-ID of the message that this one corrects

    def headers(self) -> list[tuple[str, str]]:
        """Name and value of each field, in the order in which they stand in the message."""
        unsubscribe = f"<{self.unsubscribe}>" if self.unsubscribe else ""
        if unsubscribe and self.unsubscribe_mailto:
            unsubscribe += f", <mailto:{self.unsubscribe_mailto}>"
        fields = [
            ("From", self.sender),
            ("Reply-To", self.reply_to),
            ("References", self.corrects),
            ("Content-Language", self.language),
            ("List-Id", _bracketed(self.list_id)),
            ("List-Unsubscribe", unsubscribe),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click" if unsubscribe else ""),
            ("List-Help", _bracketed(self.help_uri)),
            ("List-Archive", _bracketed(self.archive_uri)),
            ("List-Owner", _bracketed(f"mailto:{self.owner}" if self.owner else "")),
            ("Archived-At", _bracketed(self.archived_at)),
            ("Feedback-ID", self.feedback_id),
            ("Auto-Submitted", "auto-generated" if self.unattended else ""),
        ]
        return [(name, value) for name, value in fields if value]


def _bracketed(value: str) -> str:
    return f"<{value}>" if value else ""
