"""Values and content in quoted-printable (RFC 2045 6.7)."""

import re
from html import escape

from workers.headers import FIELD, MessageRefused

# A value that is its own encoding, whole, in HTML, text and quoted-printable alike.
_AS_IT_IS = re.compile(r"(?!\.|From )[A-Za-z0-9 !#$%()*+,./:;?@\[\\\]^_`{|}~-]{0,75}")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
NEWLINE = re.compile("\r\n?|\n")
_OCTETS = [bytes([b]) if 32 <= b < 127 and b != 61 else b"=%02X" % b for b in range(256)]
_OCTETS[9] = b"\t"
SOFT = b"=\r\n"  # a break that is not in the content


def quoted_printable(text: str) -> bytes:
    """The text by RFC 2045 6.7, in lines of at most 75 octets so that a soft break still fits.

    Starts at column one and ends where the text ends. No line begins with a dot, nor with
    "From ", which mailboxes of the mbox kind would change.
    """
    lines = NEWLINE.sub("\n", text).split("\n")
    return b"\r\n".join([_wrapped(line.encode()) for line in lines])


def _wrapped(line: bytes) -> bytes:
    coded = b"".join([_OCTETS[octet] for octet in line])
    if coded.endswith((b" ", b"\t")):
        coded = coded[:-1] + b"=%02X" % coded[-1]
    rows: list[bytes] = []
    start = 0
    while True:
        row = coded[start : start + 75]
        if row.startswith((b".", b"From ")):
            row = b"=%02X" % row[0] + coded[start + 1 : start + 73]
            start -= 2
        if start + len(row) >= len(coded):
            return SOFT.join([*rows, row])
        cut = next(at for at in (75, 74, 73) if b"=" not in row[at - 2 : at])
        rows.append(row[:cut])
        start += cut


def in_text(field: str, value: str) -> bytes:
    """A reader's field as it stands in plain text; MessageRefused if it can't."""
    if _AS_IT_IS.fullmatch(value):
        return value.encode("ascii")
    if len(value) > FIELD:
        raise MessageRefused(field, f"is longer than {FIELD} characters")
    if bad := _UNFIT.search(value):
        raise MessageRefused(field, f"holds U+{ord(bad.group()):04X}, a control character")
    return quoted_printable(value)


def in_html(field: str, value: str) -> bytes:
    """A reader's field, escaped, as it stands in HTML; MessageRefused if it can't."""
    if _AS_IT_IS.fullmatch(value):
        return value.encode("ascii")
    if len(value) > FIELD:
        raise MessageRefused(field, f"is longer than {FIELD} characters")
    return in_text(field, escape(value))
