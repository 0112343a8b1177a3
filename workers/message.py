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
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from digest.keyed import Keyed
from workers.headers import MessageRefused, address_header, split_mailbox
from workers.layout import MAILBOXES, PARTS, Layout, Personal, encoder, lay_out_body, lay_out_head
from workers.quoted import NEWLINE

_TOKEN = re.compile("[A-Za-z0-9_]{6,}")
_OURS = re.compile(r"([0-9a-f]{1,16})\.([0-9a-f]{1,4})\.([0-9a-f]{32})@")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z-]{0,60}")
_MADE_HERE = frozenset({"to", "subject", "date", "message-id", "mime-version", "content-type"})

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


class Pieces:
    """One edition, encoded for sending; immutable, to be shared by a whole batch."""

    def __init__(
        self,
        static: list[tuple[str, str]],
        personal: list[Personal],
        parts: Mapping[str, Sequence[str]],
        boundary: str,
    ) -> None:
        self._static, self._personal, self._parts = static, personal, parts
        self._boundary = boundary
        laid = Layout()
        self._composed = lay_out_head(laid, static, personal, boundary)
        self._body = laid.next_row()
        lay_out_body(laid, parts, boundary.encode("ascii"))
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
            *((header, _unquoted(header, value)) for header, value in self._static),
            ("To", f"{name} <{address}>" if name else address),
            ("Date", said["date"]),
            ("Message-ID", said["message_id"]),
            *((header.name, _filled(header.template, said)) for header in self._personal),
            ("MIME-Version", "1.0"),
            ("Content-Type", f'multipart/alternative; boundary="{self._boundary}"'),
        ]
        plain = {field: NEWLINE.sub("\n", value) for field, value in said.items()}
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
    """The Message-ID, in brackets: the same at each retry, with no address in or behind it.

    It names the delivery, so that whoever repeats it names it too, and nobody can make one up.
    """
    digest = key.mac(b"%d:%d:%d" % (mailing, recipient, generation))
    return f"<{recipient:x}.{generation:x}.{digest[:16].hex()}@{domain}>"


class Named(NamedTuple):
    """What a Message-ID of ours says; true only where ``is_ours`` of the delivery's mailing."""

    recipient: int
    generation: int
    digest: str

    def is_ours(self, key: Keyed, mailing: int) -> bool:
        """Whether we made it for this delivery of this mailing."""
        made = message_id(key, mailing, self.recipient, self.generation, "")
        return hmac.compare_digest(made, f"<{self._local}@>")

    @property
    def _local(self) -> str:
        return f"{self.recipient:x}.{self.generation:x}.{self.digest}"


def named(said: str) -> Named | None:
    """What this Message-ID, in brackets or not, says if it is one of ours."""
    found = _OURS.match(said.strip().lstrip("<"))
    if not found or int(found[1], 16) >= 2**63:
        return None
    return Named(int(found[1], 16), int(found[2], 16), found[3])


def _unquoted(name: str, value: str) -> str:
    """The value as a mail program shows it: a mailbox's name without the quotes it needs."""
    if name.lower() not in MAILBOXES:
        return value
    display, address = split_mailbox(name, value)
    return f"{display} <{address}>" if display else address


def _filled(template: Sequence[str], reader: Reader) -> str:
    parts = list(template)
    parts[1::2] = [_text(reader[name]) for name in parts[1::2]]
    return "".join(parts)


def _text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value


def _cut(part: str, content: str, tokens: Mapping[str, str]) -> list[str]:
    """Static strings and names of fields in turn, beginning and ending with a string."""
    if bad := re.search("[\x00\ud800-\udfff]", content):
        raise MessageRefused(part, f"holds U+{ord(bad.group()):04X}, which no mail may hold")
    if part in PARTS:
        content = NEWLINE.sub("\n", content)
    if not tokens:
        return [content]
    longest_first = sorted(tokens, key=len, reverse=True)
    pieces = re.split(f"({'|'.join(longest_first)})", content)
    pieces[1::2] = [tokens[token] for token in pieces[1::2]]
    return pieces


def _sorted_headers(
    headers: Sequence[tuple[str, str]], tokens: Mapping[str, str]
) -> tuple[list[tuple[str, str]], list[Personal]]:
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
        elif name.lower() in MAILBOXES:
            raise MessageRefused(name, "can't differ by reader")
        else:
            personal.append(Personal(name, encoder(name), template))
    return static, personal
