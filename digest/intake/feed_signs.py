"""How a feed shows what it is, whatever its name and encoding: by its first tag or key."""

import re

BEGINNING = 20_000
"""Bytes that are looked at; comments may stand before the first tag."""

_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_FIRST = re.compile(rb"<(?:[A-Za-z][\w.-]*:)?([A-Za-z][\w.-]*)")
_ROOTS = {b"rss", b"feed", b"rdf", b"channel"}
_VERSION = re.compile(rb'"version"\s*:\s*"https?:\\?/\\?/(?:www\.)?jsonfeed\.org', re.IGNORECASE)
_IN_SHORT = re.compile(rb'"version"\s*:\s*"1(?:\.\d)?"')  # as some write it
_ITEMS = re.compile(rb'"items"\s*:\s*\[')


def looks_like_feed(head: bytes) -> bool:
    """Whether a beginning is markup with a feed's first tag."""
    start = _ascii(head)
    first = _FIRST.search(_COMMENT.sub(b"", start)) if start.startswith(b"<") else None
    return first is not None and first[1].lower() in _ROOTS


def looks_like_json_feed(head: bytes) -> bool:
    """Whether a beginning says of itself that it is a JSON Feed."""
    start = _ascii(head)
    if not start.startswith(b"{"):
        return False
    return bool(_VERSION.search(start) or (_IN_SHORT.search(start) and _ITEMS.search(start)))


def _ascii(head: bytes) -> bytes:
    """UTF-16 and UTF-32 too, as far as it matters here; without their marks."""
    return head[:BEGINNING].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
