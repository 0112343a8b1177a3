"""Where everything stands in a message: rows of octets, and which of them a reader fills."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from workers.headers import (
    LINE,
    MessageRefused,
    address_header,
    checked_plain,
    plain_header,
    split_mailbox,
    text_header,
)
from workers.quoted import SOFT, in_html, in_text, quoted_printable

PARTS = {"text": b"plain", "html": b"html"}  # least rich first (RFC 2046 5.1.4)
MAILBOXES = frozenset({"from", "sender", "reply-to"})


class Personal(NamedTuple):
    """A header that differs by reader: static strings and names of fields in turn."""

    name: str
    encode: Callable[[str, str], bytes]
    template: Sequence[str]


class Slot(NamedTuple):
    """Where a reader's field stands in the rows, and how it is written there."""

    field: str
    encode: Callable[[str, str], bytes]
    places: list[int]


class Layout:
    """The rows of a message as they are laid out, and which field goes where."""

    def __init__(self) -> None:
        self.rows = [b"", b""]  # the first is the To field's
        self.slots: dict[tuple[object, str], Slot] = {}

    def static(self, octets: bytes) -> None:
        """Octets that are the same for every reader."""
        self.rows[-1] += octets

    def next_row(self) -> int:
        """Begin another row; its number."""
        self.rows.append(b"")
        return len(self.rows) - 1

    def slot(self, field: str, kind: str, encode: Callable[[str, str], bytes]) -> None:
        """Room for a field; the same field in the same ``kind`` of place is encoded once."""
        self.slots.setdefault((kind, field), Slot(field, encode, [])).places.append(self.next_row())
        self.next_row()


def lay_out_head(
    laid: Layout, static: list[tuple[str, str]], personal: list[Personal], boundary: str
) -> list[tuple[Personal, int]]:
    """The header block; and the fields that are made as a whole, such as a subject with a name."""
    composed = []
    for header in (
        Personal("Date", plain_header, ["", "date", ""]),
        Personal("Message-ID", plain_header, ["", "message_id", ""]),
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
        laid.static(encoder(name)(name, value))
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


def lay_out_body(laid: Layout, parts: Mapping[str, Sequence[str]], boundary: bytes) -> None:
    """The body's parts; a value stands on a line of its own, softly broken before and after."""
    for kind, pieces in parts.items():
        laid.static(
            b"--%b\r\nContent-Type: text/%b; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" % (boundary, PARTS[kind])
        )
        for number, piece in enumerate(pieces):
            if number % 2:
                laid.slot(piece, kind, in_html if kind == "html" else in_text)
                laid.static(SOFT)
            else:
                coded = quoted_printable(piece)
                at_start = not coded or coded.endswith(b"\r\n")
                last = number == len(pieces) - 1
                laid.static(coded if last or at_start else coded + SOFT)
        laid.static(b"\r\n")
    laid.static(b"--%b--\r\n" % boundary)


def encoder(name: str) -> Callable[[str, str], bytes]:
    if name.lower() in MAILBOXES:
        return lambda name, value: address_header(name, *split_mailbox(name, value))
    return text_header if name.lower() in {"subject", "comments"} else plain_header
