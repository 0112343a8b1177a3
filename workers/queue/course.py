"""How fast a mailing went over time, from its samples, as a line that is drawn on the server."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from workers.models import Mailing
from workers.queue.clock import span
from workers.queue.models import Sample

LATELY = dt.timedelta(minutes=10)
"""What is drawn of a mailing that moves; of one that ended, all."""

WIDE, HIGH = 240, 48
"""The drawing's own units; it is stretched to its place."""

FEWEST = 2
"""Spans between samples that make a line."""

MOST = 240
"""Points on a line: more can't be told apart."""

Point = tuple[dt.datetime, int]
"""When, and how many were accepted by then."""


@dataclass(frozen=True)
class Course:
    """Messages accepted a second, span by span."""

    spans: tuple[tuple[dt.datetime, dt.datetime, float], ...]
    top: float  # of the drawing: the peak, or the rate that was asked
    asked: float | None

    @property
    def length(self) -> str:
        """What it covers, in words."""
        return span(self.spans[-1][1] - self.spans[0][0])

    @property
    def peak(self) -> float:
        return max(rate for _, _, rate in self.spans)

    @property
    def line(self) -> str:
        """The points of an SVG polyline: a step for each span."""
        begun, ended = self.spans[0][0], self.spans[-1][1]
        whole = (ended - begun).total_seconds() or 1.0

        def at(time: dt.datetime, rate: float) -> str:
            along = (time - begun).total_seconds() / whole * WIDE
            return f"{along:.1f},{self._high(rate):.1f}"

        return " ".join(f"{at(since, rate)} {at(until, rate)}" for since, until, rate in self.spans)

    @property
    def asked_at(self) -> float | None:
        """Where the line of the asked rate is, from above."""
        return None if self.asked is None else self._high(self.asked)

    @property
    def told(self) -> str:
        """The drawing in words, for whoever does not see it."""
        rates = [rate for _, _, rate in self.spans]
        return (
            f"Messages accepted a second, over {self.length}: at most {_said(max(rates))}, "
            f"at least {_said(min(rates))}, last {_said(rates[-1])}."
        )

    @property
    def said(self) -> str:
        """The same beside the drawing, short."""
        return f"{self.length}, at most {_said(self.peak)}/s"

    def _high(self, rate: float) -> float:
        return HIGH - 2 - rate / self.top * (HIGH - 4)


def courses(
    mailings: Iterable[Mailing], now: dt.datetime, asked: dict[int, float | None]
) -> dict[int, Course]:
    """Of each mailing that has one; one query for those that move, one for each that ended."""
    found: dict[int, Course] = {}
    moving = [one for one in mailings if one.started_at and not one.finished_at]
    points: dict[int, list[Point]] = defaultdict(list)
    rows = Sample.objects.filter(
        mailing__in=[one.id for one in moving], slot__gte=int((now - LATELY).timestamp()) // 10
    )
    for mailing_id, at, accepted in rows.order_by("slot").values_list(
        "mailing_id", "at", "accepted"
    ):
        points[mailing_id].append((at, accepted))
    for one in moving:
        if made := course([*points[one.id], (now, one.accepted)], asked.get(one.id)):
            found[one.id] = made
    return found


def whole(mailing: Mailing) -> Course | None:
    """The course of a mailing that ended, from its first message to its last."""
    begun, ended = mailing.started_at, mailing.finished_at
    if begun is None or ended is None:
        return None
    rows = Sample.objects.filter(mailing=mailing, at__gte=begun, at__lte=ended).order_by("slot")
    points = [(begun, 0), *rows.values_list("at", "accepted"), (ended, mailing.accepted)]
    every = len(points) // MOST + 1
    return course([*points[:-1:every], points[-1]], mailing.rate)


def course(points: Sequence[Point], asked: float | None) -> Course | None:
    """None where there are too few points for a line.

    A last point that follows its sample at once would swing: it waits for its second.
    """
    if len(points) > 1 and (points[-1][0] - points[-2][0]).total_seconds() < 3:
        points = points[:-1]
    spans = tuple(
        (since, until, max(0, n - m) / (until - since).total_seconds())
        for (since, m), (until, n) in pairwise(points)
        if until > since
    )
    if len(spans) < FEWEST:
        return None
    top = max([*(rate for _, _, rate in spans), asked or 0.0]) or 1.0
    return Course(spans, top, asked)


def _said(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 or not rate else f"{rate:.1f}"
