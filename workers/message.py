"""Messages by joining: an edition is encoded once, a reader's message is its pieces joined.

The HTML, text and headers of an edition hold tokens (plain ASCII words, each naming a field of
the reader). ``prepare`` cuts them at the tokens and encodes what stands between, once per
edition; ``Pieces.join`` fills in one reader's fields. Before and after each token the
quoted-printable lines are broken softly, so that a value need not know its neighbours.

Contract of the bytes, which ``lint`` checks and the sender relies on: CRLF only, all of it
ASCII but an address that isn't, header lines of at most 998 octets and body lines of at most 76
(RFC 5322, RFC 2045), and **no line begins with a dot**: such dots are encoded (=2E). What is
joined is what goes on the wire; dot-stuffing (RFC 5321 4.5.2) would change nothing in it.
"""

import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from digest.keyed import Keyed
from workers.headers import (
    FIELD,
    LINE,
    MessageRefused,
    address_header,
    checked_plain,
    plain_header,
    split_mailbox,
    text_header,
)

# A value that is its own encoding, whole, in HTML, text and quoted-printable alike.
_AS_IT_IS = re.compile(r"(?!\.|From )[A-Za-z0-9 !#$%()*+,./:;?@\[\\\]^_`{|}~-]{0,75}")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NEWLINE = re.compile("\r\n?|\n")
_TOKEN = re.compile("[A-Za-z0-9_]{6,}")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z-]{0,60}")
_MADE_HERE = frozenset({"to", "subject", "date", "message-id", "mime-version", "content-type"})
_PARTS = {"text": b"plain", "html": b"html"}  # least rich first (RFC 2046 5.1.4)
_MAILBOXES = frozenset({"from", "sender", "reply-to"})
_OCTETS = [bytes([b]) if 32 <= b < 127 and b != 61 else b"=%02X" % b for b in range(256)]
_OCTETS[9] = b"\t"
_SOFT = b"=\r\n"

Reader = Mapping[str, str | bytes]
"""A reader's fields: ``address``, ``name`` (may be empty), ``date`` (RFC 5322), ``message_id``
(in brackets), and each field that a token of the edition names. One given as octets is taken as
it is in headers, HTML and text alike: right for at most 75 letters, digits, ``-`` and ``_``, and
in headers for whatever else ASCII prints."""


class Intended(NamedTuple):
    """What a message must show to whoever parses it; made apart from the encoded pieces."""

    headers: list[tuple[str, str]]  # names, and values as a person reads them
    text: str
    html: str


class _Personal(NamedTuple):
    """A header that differs by reader: static strings and names of fields in turn."""

    name: str
    encode: Callable[[str, str], bytes]
    template: Sequence[str]


class _Slot(NamedTuple):
    """Where a reader's field stands in the rows, and how it is written there."""

    field: str
    encode: Callable[[str, str], bytes]
    places: list[int]


class Pieces:
    """One edition, encoded for sending; immutable, to be shared by a whole batch."""

    def __init__(
        self,
        static: list[tuple[str, str]],
        personal: list[_Personal],
        parts: Mapping[str, Sequence[str]],
        boundary: str,
    ) -> None:
        self._static, self._personal, self._parts = static, personal, parts
        self._boundary = boundary
        laid = _Layout()
        self._composed = _lay_out_head(laid, static, personal, boundary)
        self._body = laid.next_row()
        _lay_out_body(laid, parts, boundary.encode("ascii"))
        self._rows, self._slots = laid.rows, list(laid.slots.values())

    @property
    def body_prefix(self) -> bytes:
        """The body up to the first place that differs by reader (its hash can be kept)."""
        return self._rows[self._body]

    def join(self, reader: Reader) -> bytes:
        """The whole message for this reader; MessageRefused, naming the field that is at fault."""
        return b"".join(self._filled_rows(reader))

    def head_and_body(self, reader: Reader) -> tuple[bytes, list[bytes]]:
        """The header block with the empty line after it; the body in pieces, the first of which
        is ``body_prefix``."""
        rows = self._filled_rows(reader)
        return b"".join(rows[: self._body]), rows[self._body :]

    def _filled_rows(self, reader: Reader) -> list[bytes]:
        rows = self._rows.copy()
        try:
            name, address = _text(reader["name"]), _text(reader["address"])
            rows[0] = address_header("To", name, address)
            for header, place in self._composed:
                rows[place] = header.encode(header.name, _filled(header.template, reader))
            for field, encode, places in self._slots:
                value = reader[field]
                coded = value if isinstance(value, bytes) else encode(field, value)
                for place in places:
                    rows[place] = coded
        except KeyError as missing:
            raise MessageRefused(missing.args[0], "is missing") from None
        return rows

    def intended(self, reader: Reader) -> Intended:
        """What ``join`` of this reader must parse back to."""
        said = {field: _text(value) for field, value in reader.items()}
        name, address = said["name"], said["address"]
        headers = [
            *self._static,
            ("To", f"{name} <{address}>" if name else address),
            ("Date", said["date"]),
            ("Message-ID", said["message_id"]),
            *((header.name, _filled(header.template, said)) for header in self._personal),
            ("MIME-Version", "1.0"),
            ("Content-Type", f'multipart/alternative; boundary="{self._boundary}"'),
        ]
        plain = {field: _NEWLINE.sub("\n", value) for field, value in said.items()}
        escaped = {field: escape(value) for field, value in plain.items()}
        text = _filled(self._parts["text"], plain)
        html = _filled(self._parts["html"], escaped)
        return Intended(headers, text, html)


def prepare(
    *,
    subject: str,
    html: str,
    text: str,
    headers: Sequence[tuple[str, str]],
    tokens: Mapping[str, str],
    secret: bytes,
) -> Pieces:
    """Encode an edition for one mailing. MessageRefused names the header or part at fault.

    ``tokens`` maps each token to the field it stands for. A field is escaped for the place:
    HTML in ``html``, nothing in ``text``, encoded words or refusal in headers. A field inside a
    URL must be percent-encoded already. ``headers``: ``Letterhead.headers()``; To, Subject,
    Date, Message-ID and MIME's own are added here. The boundary comes from ``secret`` and the
    content, so that a resend repeats the same bytes; ``=_`` in it is never in encoded content.
    """
    for token in tokens:
        if not _TOKEN.fullmatch(token):
            raise ValueError(f"{token!r} is no token: six or more letters, digits or _")
    static, personal = _sorted_headers([("Subject", subject), *headers], tokens)
    parts = {"text": _cut("text", text, tokens), "html": _cut("html", html, tokens)}
    said = [static, [[header.name, *header.template] for header in personal], parts]
    content = json.dumps(said).encode("ascii")
    boundary = "=_" + hmac.digest(secret, b"boundary:" + content, "sha256").hex()[:32]
    return Pieces(static, personal, parts, boundary)


def message_id(key: Keyed, mailing: int, recipient: int, generation: int, domain: str) -> str:
    """The Message-ID, in brackets: the same at each retry, with no address in or behind it."""
    digest = key.mac(b"%d:%d:%d" % (mailing, recipient, generation))
    return f"<{digest[:16].hex()}@{domain}>"


def quoted_printable(text: str) -> bytes:
    """The text by RFC 2045 6.7, in lines of at most 75 octets so that a soft break still fits.

    Starts at column one and ends where the text ends. No line begins with a dot, nor with
    "From ", which mailboxes of the mbox kind would change.
    """
    lines = _NEWLINE.sub("\n", text).split("\n")
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
            return _SOFT.join([*rows, row])
        cut = next(at for at in (75, 74, 73) if b"=" not in row[at - 2 : at])
        rows.append(row[:cut])
        start += cut


def _filled(template: Sequence[str], reader: Reader) -> str:
    parts = list(template)
    parts[1::2] = [_text(reader[name]) for name in parts[1::2]]
    return "".join(parts)


def _text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value


def _in_text(field: str, value: str) -> bytes:
    if _AS_IT_IS.fullmatch(value):
        return value.encode("ascii")
    if len(value) > FIELD:
        raise MessageRefused(field, f"is longer than {FIELD} characters")
    if bad := _UNFIT.search(value):
        raise MessageRefused(field, f"holds U+{ord(bad.group()):04X}, a control character")
    return quoted_printable(value)


def _in_html(field: str, value: str) -> bytes:
    if _AS_IT_IS.fullmatch(value):
        return value.encode("ascii")
    if len(value) > FIELD:
        raise MessageRefused(field, f"is longer than {FIELD} characters")
    return _in_text(field, escape(value))


def _cut(part: str, content: str, tokens: Mapping[str, str]) -> list[str]:
    """Static strings and names of fields in turn, beginning and ending with a string."""
    if bad := re.search("[\x00\ud800-\udfff]", content):
        raise MessageRefused(part, f"holds U+{ord(bad.group()):04X}, which no mail may hold")
    if part in _PARTS:
        content = _NEWLINE.sub("\n", content)
    if not tokens:
        return [content]
    longest_first = sorted(tokens, key=len, reverse=True)
    pieces = re.split(f"({'|'.join(longest_first)})", content)
    pieces[1::2] = [tokens[token] for token in pieces[1::2]]
    return pieces


def _sorted_headers(
    headers: Sequence[tuple[str, str]], tokens: Mapping[str, str]
) -> tuple[list[tuple[str, str]], list[_Personal]]:
    """Those that are the same for every reader, and those that aren't; each name once."""
    static, personal = [], []
    seen = set(_MADE_HERE - {"subject"})
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name) or name.lower() in seen:
            raise MessageRefused(name, "stands twice in the headers, or is no header to set here")
        seen.add(name.lower())
        template = _cut(name, value, tokens)
        if len(template) == 1:
            static.append((name, value))
        elif name.lower() in _MAILBOXES:
            raise MessageRefused(name, "can't differ by reader")
        else:
            personal.append(_Personal(name, _encoder(name), template))
    return static, personal


def _encoder(name: str) -> Callable[[str, str], bytes]:
    if name.lower() in _MAILBOXES:
        return lambda name, value: address_header(name, *split_mailbox(name, value))
    return text_header if name.lower() in {"subject", "comments"} else plain_header


class _Layout:
    """The rows of a message as they are laid out, and which field goes where."""

    def __init__(self) -> None:
        self.rows = [b"", b""]  # the first is the To field's
        self.slots: dict[tuple[object, str], _Slot] = {}

    def static(self, octets: bytes) -> None:
        """Octets that are the same for every reader."""
        self.rows[-1] += octets

    def next_row(self) -> int:
        """Begin another row; its number."""
        self.rows.append(b"")
        return len(self.rows) - 1

    def slot(self, field: str, kind: str, encode: Callable[[str, str], bytes]) -> None:
        """Room for a field; the same field in the same ``kind`` of place is encoded once."""
        self.slots.setdefault((kind, field), _Slot(field, encode, [])).places.append(
            self.next_row()
        )
        self.next_row()


def _lay_out_head(
    laid: _Layout, static: list[tuple[str, str]], personal: list[_Personal], boundary: str
) -> list[tuple[_Personal, int]]:
    """The header block; and the fields that are made as a whole, such as a subject with a name."""
    composed = []
    for header in (
        _Personal("Date", plain_header, ["", "date", ""]),
        _Personal("Message-ID", plain_header, ["", "message_id", ""]),
        *personal,
    ):
        if header.encode is not plain_header:
            composed.append((header, laid.next_row()))
            laid.next_row()
            continue
        room = LINE - len(header.name) - 2 - sum(map(len, header.template[::2]))
        laid.static(plain_header(header.name, header.template[0])[:-2])
        for field, after in zip(header.template[1::2], header.template[2::2], strict=True):
            share = room // len(header.template[1::2])
            laid.slot(field, header.name, _in_header(header.name, share))
            laid.static(checked_plain(header.name, after))
        laid.static(b"\r\n")
    for name, value in static:
        laid.static(_encoder(name)(name, value))
    laid.static(
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: multipart/alternative;\r\n"
        b' boundary="%b"\r\n\r\n' % boundary.encode("ascii")
    )
    return composed


def _in_header(header: str, room: int) -> Callable[[str, str], bytes]:
    def encode(_field: str, value: str) -> bytes:
        if len(value) > room:
            raise MessageRefused(header, f"is longer than {LINE} characters")
        return checked_plain(header, value)

    return encode


def _lay_out_body(laid: _Layout, parts: Mapping[str, Sequence[str]], boundary: bytes) -> None:
    """The body's parts; a value stands on a line of its own, softly broken before and after."""
    for kind, pieces in parts.items():
        laid.static(
            b"--%b\r\nContent-Type: text/%b; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" % (boundary, _PARTS[kind])
        )
        for number, piece in enumerate(pieces):
            if number % 2:
                laid.slot(piece, kind, _in_html if kind == "html" else _in_text)
                laid.static(_SOFT)
            else:
                coded = quoted_printable(piece)
                at_start = not coded or coded.endswith(b"\r\n")
                last = number == len(pieces) - 1
                laid.static(coded if last or at_start else coded + _SOFT)
        laid.static(b"\r\n")
    laid.static(b"--%b--\r\n" % boundary)
