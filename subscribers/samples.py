"""Samples of people: the same ones each time, drawn anew for each name.

Each person has a lot, a random number that stays theirs (``Subscriber.lot``). A name turns lots
into places by ``(factor × lot + offset) mod PRIME``, which both databases can do; the sample is
who is placed below its share of PRIME.
"""

import hashlib
from typing import NamedTuple

PRIME = 2**31 - 1
"""Above every lot; and a lot (below 2**20) times a factor stays within 64 bits."""


class Drawn(NamedTuple):
    """How a name places lots."""

    factor: int
    offset: int

    def place(self, lot: int) -> int:
        """Where in 0 to PRIME - 1 the lot comes."""
        return (self.factor * lot + self.offset) % PRIME


def drawn(name: str) -> Drawn:
    """How this name places lots."""
    said = hashlib.sha256(name.encode()).digest()
    factor, offset = int.from_bytes(said[:8]), int.from_bytes(said[8:16])
    return Drawn(factor % (PRIME - 1) + 1, offset % PRIME)


def bound(percent: float) -> int:
    """The first place that is not below so many in a hundred."""
    return round(percent * PRIME / 100)
