"""How many people a rule selects, told while one types.

To look at a million people takes PostgreSQL about a second. So where there are many, some
thousands of them are looked at first, and the number is told as about so many; the exact one
follows when it is there.
"""

import math
import random
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Min, Q

from subscribers import planner, segments
from subscribers.models import Subscriber

SMALL = 50_000
"""So many people are counted one by one."""

SHOWN = 20
_BLOCKS, _LENGTH = 40, 500
"""What is looked at of more: blocks of neighbouring ids from everywhere, for people who joined
together lie together."""


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
    ids = Subscriber.objects.aggregate(first=Min("id"), last=Max("id"))
    span = (ids["last"] or 0) - (ids["first"] or 0) + 1
    if span <= SMALL:
        return exact(rule)
    with planner.counting(memory="1MB"):
        found = list(
            segments.people(rule)
            .filter(_blocks(ids["first"], span), id__gte=ids["first"])
            .values_list("id", flat=True)
        )
    looked_at = _BLOCKS * _LENGTH
    count = round(len(found) * span / looked_at)
    # One more than were found, or a rare thing that wasn't met would be told as nobody for sure.
    spread = 1 + 2 * math.sqrt((len(found) + 1) * (1 - len(found) / looked_at))
    return Glance(count, round(spread * span / looked_at), _some(found))


def exact(rule: Any) -> Glance:
    """However long it takes."""
    return Glance(segments.count(rule), 0, _some(segments.some(rule, SHOWN)))


def _blocks(first: int, span: int) -> Q:
    """One block somewhere in each stretch of ids: evenly apart, they could keep step with a list
    that was made by turns. Always the same ones, so that a number doesn't waver while one types."""
    chance = random.Random(1)  # noqa: S311  # no secret
    stretch, blocks = span // _BLOCKS, Q()
    for block in range(_BLOCKS):
        begin = first + block * stretch + chance.randrange(max(1, stretch - _LENGTH))
        blocks |= Q(id__gte=begin, id__lt=begin + _LENGTH)
    return blocks


def _some(ids: list[int]) -> list[Subscriber]:
    """Twenty of them, from everywhere among them."""
    step = max(1, len(ids) // SHOWN)
    chosen = sorted(ids)[::step][:SHOWN]
    return list(Subscriber.objects.filter(id__in=chosen).order_by("-id"))
