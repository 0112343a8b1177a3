"""How much intake takes.  Each limit is told in the rejection that it causes."""

BRIEFING = 2_000_000
"""Bytes of one briefing, as a line, a list's item or a file; a long one has 30,000."""

SOURCE = 32_000_000
"""Bytes of a source that has to be read whole (a JSON list); JSON lines have no limit."""

FETCHED = 5_000_000
"""Bytes of what comes over the network, of a feed and of a web page, unpacked; a long feed
has 1,000,000."""

LINE_SKIPPED = 64_000_000
"""Bytes of an overlong line that are skipped to get at the next; past that we stop reading."""


def megabytes(size: int) -> str:
    """A limit as people say it."""
    return f"{size // 1_000_000} MB"
