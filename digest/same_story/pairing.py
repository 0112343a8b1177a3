"""Finds, among many briefings, the pairs that are worth comparing, without comparing all with all.

Two that tell the same story share some of their keys (``Signature.keys``), and rare ones at that.
Keys are counted in a table of fixed size: two that fall together only cost a comparison.
"""

import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence

from digest.same_story.verdict import DAYS

SLOTS = 1 << 22
CROWD = 24
"""Briefings that may share a key before it says too little to look for."""

RAREST = 5
"""Keys of a briefing by which others are looked for."""

FEW = 2000
"""Briefings among which one shared key is enough to compare; among more it takes two."""

COMMON = 0.05
"""Of the briefings: a name that more of them have tells none of them apart…"""

AT_LEAST = 8
"""…where that is at least so many briefings."""


class Index:
    """Of briefings in their order: the day of each (as a number) and its packed keys."""

    def __init__(self, days: Sequence[float], packed: Sequence[bytes]) -> None:
        self.days = days
        self.counts = counts = array("I", bytes(4 * SLOTS))
        for keys in packed:
            for key in array("I", keys):
                counts[key % SLOTS] += 1
        self.rare = [self._rare(keys) for keys in packed]

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Positions of those that share enough rare keys, and were published within days."""
        needed = 1 if len(self.rare) <= FEW else 2
        seen: set[tuple[int, int]] = set()
        for bucket in self._buckets():
            for at, one in enumerate(bucket):
                mine = set(self.rare[one])
                for other in bucket[:at]:
                    # First what most pairs fail at: there are tens of thousands of them.
                    if len(mine.intersection(self.rare[other])) >= needed:
                        pair = (other, one)
                        if abs(self.days[one] - self.days[other]) <= DAYS and pair not in seen:
                            seen.add(pair)
                            yield pair

    def common(self, word: str) -> bool:
        """Whether so many have this name that it says nothing."""
        count = self.counts[zlib.crc32(word.encode()) % SLOTS]
        return count >= AT_LEAST and count > COMMON * len(self.rare)

    def _rare(self, packed: bytes) -> "array[int]":
        """The keys that some others share, but no crowd: the rarest first."""
        counts = self.counts
        counted = [(counts[key % SLOTS], key) for key in array("I", packed)]
        return array("I", [key for count, key in sorted(counted) if 1 < count <= CROWD])

    def _buckets(self) -> Iterator[list[int]]:
        by_key: defaultdict[int, list[int]] = defaultdict(list)
        for at, rare in enumerate(self.rare):
            for key in rare[:RAREST]:
                by_key[key].append(at)
        return (bucket for bucket in by_key.values() if len(bucket) > 1)
