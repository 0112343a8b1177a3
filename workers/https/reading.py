"""A message of ours read back into what it was made of.

The email package takes four milliseconds, most of them for what no message of ours holds: ours are
one text or an alternative of two, each field once (``message.py``, ``watch/telling.py``).
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from email.header import decode_header, make_header
from typing import NamedTuple

from workers.headers import split_mailbox

_FIELD = re.compile(r"([^:\s]+):[ \t]*(.*)", re.DOTALL)
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_DECODE: dict[str, Callable[[bytes], bytes]] = {
    "quoted-printable": binascii.a2b_qp,
    "base64": base64.b64decode,
}


class Read(NamedTuple):
    """What a message says."""

    fields: Mapping[str, str]  # by names in lower case, as people read them
    texts: Mapping[str, str]  # text/plain, text/html

    def mailbox(self, name: str) -> str:
        """The one mailbox of a field, its name in quotes: it may hold a comma."""
        display, address = split_mailbox(name, self.fields[name.lower()])
        if not display:
            return address
        quoted = _decoded(display).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'

    def text(self, name: str) -> str:
        """A field of free text."""
        return _decoded(self.fields.get(name.lower(), ""))


def read(message: bytes) -> Read:
    """ValueError or LookupError where it is none of ours."""
    fields, body = _parted(message)
    return Read(fields, dict(_texts(fields, body)))


def _parted(octets: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = octets.partition(b"\r\n\r\n")
    lines = re.split(r"\r\n(?![ \t])", head.decode())
    found = (_FIELD.fullmatch(line.replace("\r\n", "")) for line in lines if line)
    return {one[1].lower(): one[2] for one in found if one}, body


def _texts(fields: Mapping[str, str], body: bytes) -> Iterator[tuple[str, str]]:
    kind = fields.get("content-type", "text/plain")
    if boundary := _BOUNDARY.search(kind):
        between = b"--" + boundary[1].encode()
        for part in body.split(between)[1:-1]:
            yield from _texts(*_parted(part.removeprefix(b"\r\n").removesuffix(b"\r\n")))
        return
    decode = _DECODE.get(fields.get("content-transfer-encoding", "").lower())
    octets = decode(body) if decode else body
    yield kind.partition(";")[0].strip().lower(), octets.decode().replace("\r\n", "\n")


def _decoded(value: str) -> str:
    return str(make_header(decode_header(value))) if "=?" in value else value
