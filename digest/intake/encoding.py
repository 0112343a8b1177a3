"""Bytes to text: UTF-8 with or without a mark, UTF-16 with one, nothing guessed."""

import codecs

from digest.intake.outcomes import Unfit

_OTHER_KINDS = {
    b"\x1f\x8b": "gzip: unpack it first",
    b"PK\x03\x04": "a zip archive (or an office document): unpack or export it first",
    b"%PDF": "a PDF: export it as text first",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"SQLite format 3": "a database",
}
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_utf_16(head: bytes) -> bool:
    """True when the bytes begin with a UTF-16 mark (and not with UTF-32's, which holds it)."""
    return head.startswith(_UTF_16) and not head.startswith(_UTF_32)


def refuse_binary(head: bytes) -> None:
    """Raise Unfit when the beginning of a source shows that it is no text at all."""
    for magic, kind in _OTHER_KINDS.items():
        if head.startswith(magic):
            raise Unfit(f"no text but {kind}")
    if head.startswith(_UTF_32):
        raise Unfit("is UTF-32: save it as UTF-8")
    if not is_utf_16(head) and b"\0" in head:
        raise Unfit("binary, no text", line=1 + head[: head.index(b"\0")].count(b"\n"))


def decoded(data: bytes) -> str:
    """The text of a whole source, without its byte-order mark.

    Raises Unfit, with the line, where the bytes are no UTF-8 (or marked UTF-16).
    """
    refuse_binary(data)
    if is_utf_16(data):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            raise Unfit("begins as UTF-16 but goes on as something else") from None
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as problem:
        line = 1 + data[: problem.start].count(b"\n")
        raise Unfit("not UTF-8: save it as UTF-8", line=line) from None
