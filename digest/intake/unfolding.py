"""Gzip and deflate unfolded piece by piece, so that a bomb is stopped while it unfolds."""

import zlib
from collections.abc import Iterable

from digest.intake.limits import megabytes
from digest.intake.outcomes import Unfit

GZIP = b"\x1f\x8b"

_EITHER = 32 + zlib.MAX_WBITS  # gzip's or zlib's frame, told by its beginning
_BARE = -zlib.MAX_WBITS  # what some servers mean by deflate
_PIECE = 64 * 1024


def unfolded(chunks: Iterable[bytes], limit: int) -> bytes:
    """What was folded by gzip or deflate; Unfit past ``limit`` bytes, or where it is broken."""
    content = bytearray()
    fold = None
    for chunk in chunks:
        rest = chunk
        while rest:
            fold = fold or zlib.decompressobj(_frame(rest))
            try:
                content += fold.decompress(rest, _PIECE)
            except zlib.error:
                raise Unfit("compressed, and broken: it can't be unpacked") from None
            if len(content) > limit:
                raise Unfit(f"unpacks to more than {megabytes(limit)}")
            rest = fold.unconsumed_tail or fold.unused_data
            if fold.eof:  # another member may follow
                fold = None
                rest = rest if rest.startswith(GZIP) else b""
    if fold is not None and not fold.eof:
        content += fold.flush()  # cut short: whoever reads it tells
        if not content:
            raise Unfit("compressed, and cut short: nothing of it can be unpacked")
    return bytes(content[:limit])


def _frame(head: bytes) -> int:
    is_zlib = len(head) > 1 and head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0
    return _EITHER if is_zlib or head.startswith(GZIP[: len(head)]) else _BARE
