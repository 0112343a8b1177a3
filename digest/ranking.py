"""In which order briefings stand: points that an editor can add up.  Pure.

Importance is worth ten points a step; anything else is worth less than one step by itself.
Of equal points the newer comes first, then the slug by the alphabet.  The same in words, for
editors: docs/assembly.md.
"""

import datetime as dt
import heapq
from collections import Counter
from collections.abc import Iterator, Sequence

from digest.candidates import Candidate

IMPORTANCE = 10  # a step of importance
SOURCE = 3  # each independent source after the first…
SOURCES = 9  # …at most
STATUS = 5  # the status has changed since readers had it
WAITED = 9  # an earlier update had no room for it; and its age costs nothing
AGE = 9  # a point for each day before the cut-off, at most
SAME_TAG = 3  # each item of the same tag that stands before it…
SAME_TAGS = 9  # …at most


def news_at(one: Candidate) -> dt.datetime:
    """When its news happened: publication, or the change since readers had it."""
    return one.published_at if one.carried_number is None else one.changed_at


def points(one: Candidate, sources: int, until: dt.datetime) -> int:
    """Everything but diversity, which depends on what stands before it."""
    made = one.importance * IMPORTANCE
    if sources > 1:
        made += min(SOURCES, SOURCE * (sources - 1))
    if one.status_changed:
        made += STATUS
    if one.waited is not None:
        return made + WAITED
    return made - _age(one, until)


def _age(one: Candidate, until: dt.datetime) -> int:
    return max(0, min(AGE, (until - news_at(one)).days))


def told(one: Candidate, sources: int, until: dt.datetime, before: int) -> str:
    """Each factor with its points, and their sum; ``before`` items of its tag stand before it."""
    said = [f"importance {one.importance} ({_signed(one.importance * IMPORTANCE)})"]
    if not sources:
        said.append("no source named")
    elif sources == 1:
        said.append("one source")
    else:
        more = min(SOURCES, SOURCE * (sources - 1))
        said.append(f"{sources} independent sources ({_signed(more)})")
    if one.status_changed:
        said.append(f"status changed ({_signed(STATUS)})")
    if one.waited is not None:
        said.append(f"Update #{one.waited} had no room for it ({_signed(WAITED)})")
    elif age := (until - news_at(one)).days:
        said.append(f"{age} {'day' if age == 1 else 'days'} old ({_signed(-_age(one, until))})")
    if loss := _repeated(before):
        said.append(f"{before} of “{one.tag}” before it ({_signed(-loss)})")
    line = ", ".join(said)
    return f"{line[0].upper()}{line[1:]}: {counted(points(one, sources, until) - loss)}."


def counted(total: int) -> str:
    """A sum of points in words, with the minus that its factors have."""
    minus = "−" if total < 0 else ""
    return f"{minus}{abs(total)} {'point' if abs(total) == 1 else 'points'}"


def _repeated(before: int) -> int:
    return min(SAME_TAGS, SAME_TAG * before)


def _signed(number: int) -> str:
    return f"{'−' if number < 0 else '+'}{abs(number)}"


Scored = tuple[int, float, str, Candidate]
"""Points turned round, time turned round and slug: what sorts the best first; and of whom."""


def scored(one: Candidate, sources: int, until: dt.datetime) -> Scored:
    """What a candidate sorts by."""
    return -points(one, sources, until), -news_at(one).timestamp(), one.slug, one


class Queue:
    """Candidates, the best first, where each one placed costs the next of its tag some points."""

    def __init__(self, ordered: Sequence[Scored]) -> None:
        self.before: Counter[str] = Counter()
        self._ordered: dict[str, Iterator[Scored]] = {}
        self._heads: list[Scored] = []
        by_tag: dict[str, list[Scored]] = {}
        for one in ordered:
            by_tag.setdefault(one[3].tag, []).append(one)
        for tag, scores in by_tag.items():
            self._ordered[tag] = iter(scores)
            self._push(tag)

    def __iter__(self) -> Iterator[Candidate]:
        while self._heads:
            one = heapq.heappop(self._heads)[3]
            yield one
            self._push(one.tag)

    def placed(self, tag: str) -> None:
        """Say that an item of this tag has its place."""
        if tag:
            self.before[tag] += 1

    def _push(self, tag: str) -> None:
        if head := next(self._ordered[tag], None):
            turned, when, slug, one = head
            loss = _repeated(self.before[tag])
            heapq.heappush(self._heads, (turned + loss, when, slug, one))
