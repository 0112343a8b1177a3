"""What relays and providers say, in their own words, as it may be shown and kept.  Pure."""

import re

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ADDRESS = re.compile(r"[^\s<>\"'()]+@[^\s<>\"'()]+")


def printable(words: str) -> str:
    """Without what a terminal would obey and a database would not take."""
    return words if words.isprintable() else _UNPRINTABLE.sub("\ufffd", words)


def of_nobody(words: str) -> str:
    """Without anybody's address too: for rows that are no reader's, which no erasing looks at."""
    return _ADDRESS.sub("(an address)", printable(words))
