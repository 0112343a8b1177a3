"""How many people a rule selects, told while one types.

To look at a million people takes PostgreSQL about a second. So where there are many, some
thousands of them are looked at first, and the number is told as about so many; the exact one
follows when it is there.
"""

import math
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import stdev
from typing import Any

from django.db.models import Max, Min, Q, QuerySet

from subscribers import planner, segments
from subscribers.models import Subscriber

SMALL = 50_000
"""So many people are counted one by one."""

SHOWN = 20
_BLOCKS, _LENGTH = 40, 500
"""What is looked at of more: blocks of neighbouring ids from everywhere, for people who joined
together lie together."""
_STUDENT = 2.023
"""So many standard errors hold 19 times in 20, where the spread is known by 40 blocks only."""
_THREE = 3
"""What was met in none of n looks is, 19 times in 20, in fewer than 3/n of all: rule of three."""


@dataclass(frozen=True)
class Glance:
    """How many, give or take ``margin`` (19 times in 20; 0: exactly so many), and some of them."""

    count: int
    margin: int
    people: list[Subscriber]

    @property
    def most(self) -> int:
        """So many there may be."""
        return self.count + self.margin

    @property
    def is_exact(self) -> bool:
        return self.margin == 0


def quick(rule: Any) -> Glance:
    """At once, if need be by the blocks alone. Raises Refused for a rule that can't be read."""
    first, span = _span()
    if span <= SMALL:
        return exact(rule)
    found = _met(segments.people(rule), first, span)
    return Glance(*_told(found, first, span), _some(found))


def are_few() -> bool:
    """Whether everybody is counted in no time."""
    return _span()[1] <= SMALL


def among(people: QuerySet[Subscriber]) -> Glance:
    """The same of people who are selected in another way; none of them is named."""
    first, span = _span()
    if span <= SMALL:
        return Glance(people.count(), 0, [])
    return Glance(*_told(_met(people, first, span), first, span), [])


def _span() -> tuple[int, int]:
    """The first id, and how many there may be."""
    ids = Subscriber.objects.aggregate(first=Min("id"), last=Max("id"))
    return ids["first"] or 0, (ids["last"] or 0) - (ids["first"] or 0) + 1


def _met(people: QuerySet[Subscriber], first: int, span: int) -> list[int]:
    """Those of them who are met in the blocks, by id."""
    within = people.filter(_within(_starts(first, span)), id__gte=first)
    with planner.counting(memory="1MB"):
        return list(within.values_list("id", flat=True))


def _told(found: list[int], first: int, span: int) -> tuple[int, int]:
    starts = _starts(first, span)
    hits = Counter(bisect_right(starts, one) for one in found)
    return estimate([hits[n] for n in range(1, _BLOCKS + 1)], span)


def estimate(hits: Sequence[int], span: int) -> tuple[int, int]:
    """How many there are among ``span`` ids, by how many each block holds, and the margin.

    Neighbours are alike, so that a block says little more than one person would: the margin comes
    from how far the blocks differ from each other (cluster sampling), and is never less than if
    people had been drawn one by one.
    """
    found, looked_at = sum(hits), len(hits) * _LENGTH
    count = round(found * span / looked_at)
    if found in (0, looked_at):  # no block differs; what was not met may be a list of its own
        return count, round(_THREE * span / len(hits))
    unseen = 1 - looked_at / span
    by_block = _STUDENT * stdev(hits) * math.sqrt(len(hits) * unseen)
    # One more than were found, or a rare thing that was met once would be told too surely.
    one_by_one = 1 + 2 * math.sqrt((found + 1) * (1 - found / looked_at))
    return count, round(max(by_block, one_by_one) * span / looked_at)


def exact(rule: Any) -> Glance:
    """However long it takes."""
    return Glance(segments.count(rule), 0, twenty(rule))


def twenty(rule: Any) -> list[Subscriber]:
    """So many people whom it selects, whichever are found first."""
    return _some(segments.some(rule, SHOWN))


def _starts(first: int, span: int) -> list[int]:
    """One block somewhere in each stretch of ids: evenly apart, they could keep step with a list
    that was made by turns. Always the same ones, so that a number doesn't waver while one types."""
    chance = random.Random(1)  # noqa: S311  # no secret
    stretch = span // _BLOCKS
    return [
        first + block * stretch + chance.randrange(max(1, stretch - _LENGTH))
        for block in range(_BLOCKS)
    ]


def _within(starts: list[int]) -> Q:
    blocks = (Q(id__gte=start, id__lt=start + _LENGTH) for start in starts)
    return Q(*blocks, _connector=Q.OR)


def _some(ids: list[int]) -> list[Subscriber]:
    """Twenty of them, from everywhere among them."""
    step = max(1, len(ids) // SHOWN)
    chosen = sorted(ids)[::step][:SHOWN]
    return list(Subscriber.objects.filter(id__in=chosen).order_by("-id"))
