"""Much work in pieces that each write to the database, between which others get to write."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from django.db import connection

LEAST, MOST = 0.03, 0.1
"""Seconds of rest: as long as whoever waits for SQLite's lock sleeps between two looks at it."""

T = TypeVar("T")


def by_turns(pieces: Iterable[T]) -> Iterator[T]:
    """The pieces, one after another; before the next a rest of half the time that the last took.

    SQLite has one writer, and no queue of those who wait: who begins to write again at once can
    keep a reader who wants to leave waiting for as long as the work lasts.
    """
    took = 0.0
    for piece in pieces:
        if took and connection.vendor == "sqlite":
            time.sleep(min(max(took / 2, LEAST), MOST))
        begun = time.monotonic()
        yield piece
        took = time.monotonic() - begun
