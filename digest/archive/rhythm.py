"""How often a topic's updates came, told from the days on which the last of them did."""

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from digest.rendering.language import message

LOOKED_AT = 8
"""Updates that a topic's rhythm is told from."""

_RHYTHMS = (  # days from one to the next, at most
    (1.5, message("About daily")),
    (4, message("Several times a week")),
    (10, message("About weekly")),
    (20, message("About every two weeks")),
    (45, message("About monthly")),
)
_SELDOM = message("When there is news")


def rhythm(days: Sequence[dt.date]) -> str:
    """In words to be translated; empty where too few came to tell. ``days``: the newest first."""
    if len(days) < 3:
        return ""
    between = [(later - earlier).days for later, earlier in pairwise(days)]
    usual = median(between)
    return next((words for most, words in _RHYTHMS if usual <= most), _SELDOM)
