"""What editors see of an update's clicks: by link, by item, and over time."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.db.models import Sum

from digest.clicks.models import Clicks, Link, Place
from digest.models import Item, Stage, Update

TALL = 64
"""The chart's height."""

HOURS = 48
"""Up to which span the chart is drawn by the hour; beyond, by the day."""

LEAST = 24
"""Bars there is room for: the first click does not fill the chart."""


class Standing(StrEnum):
    """Why there is what there is to see."""

    OFF = "off"  # the topic does not count clicks, and has not for this update
    WAITS = "waits"  # turned on; its links are known once it is approved
    BEFORE = "before"  # turned on after this update was approved
    COUNTED = "counted"  # its links are counted
    ENDED = "ended"  # they were, until the topic turned it off


@dataclass
class Followed:
    """A link and how often it was followed; ``host`` is where it leads."""

    link: Link
    clicks: int

    @property
    def host(self) -> str:
        return (urlsplit(self.link.target).hostname or "").removeprefix("www.")


@dataclass
class Group:
    """The links of a story, of the note, or of the partner block."""

    title: str
    item: Item | None
    links: list[Followed] = field(default_factory=list)

    @property
    def clicks(self) -> int:
        return sum(one.clicks for one in self.links)


@dataclass(frozen=True)
class Bar:
    """An hour or a day of the chart, as it is ``said`` where the topic is; ``height`` of TALL."""

    begins: dt.datetime
    said: str
    clicks: int
    height: int

    @property
    def top(self) -> int:
        return TALL - self.height


@dataclass
class Figures:
    """All that is known of an update's clicks."""

    standing: Standing
    groups: list[Group] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    by_the_hour: bool = True

    @property
    def clicks(self) -> int:
        return sum(group.clicks for group in self.groups)

    @property
    def most(self) -> int:
        """Of one link: the whole length of a bar."""
        return max((one.clicks for group in self.groups for one in group.links), default=0)

    @property
    def peak(self) -> Bar | None:
        return max(self.bars, key=lambda bar: bar.clicks, default=None)


def of(update: Update) -> Figures:
    """The update's figures, in three queries, whatever they are."""
    links = list(Link.objects.filter(update=update).annotate(n=Sum("clicks__count")).order_by("pk"))
    made = Figures(_standing(update, links))
    if links:
        made.groups = _groups(update, links)
        made.bars, made.by_the_hour = _bars(update)
    return made


def plain(update: Update, figures: Figures) -> dict[str, Any]:
    """The same for programs."""
    return {
        "update": update.ref,
        "counted": figures.standing,
        "clicks": figures.clicks,
        "links": [
            {
                "place": one.link.place,
                "slug": one.link.slug,
                "words": one.link.words,
                "target": one.link.target,
                "clicks": one.clicks,
            }
            for group in figures.groups
            for one in group.links
        ],
        "over_time": [
            {"begins": bar.begins.isoformat(), "clicks": bar.clicks} for bar in figures.bars
        ],
    }


def _standing(update: Update, links: Sequence[Link]) -> Standing:
    if links:
        return Standing.COUNTED if update.topic.counts_clicks else Standing.ENDED
    if not update.topic.counts_clicks:
        return Standing.OFF
    return Standing.WAITS if update.stage == Stage.DRAFT else Standing.BEFORE


def _groups(update: Update, links: Sequence[Link]) -> list[Group]:
    """Note, stories in their order, partner block; within each the most followed first."""
    groups = {(Place.NOTE, ""): Group("The note", None)}
    for item in update.items.select_related("briefing"):
        title = item.headline or item.data.headline
        groups[Place.STORY, item.briefing.slug] = Group(title, item)
    groups[Place.PARTNER, ""] = Group("The partner block", None)
    for link in links:
        key = (Place(link.place), link.slug)
        groups.setdefault(key, Group(link.slug, None)).links.append(Followed(link, link.n or 0))  # type: ignore[attr-defined]  # annotated
    for group in groups.values():
        group.links.sort(key=lambda one: -one.clicks)
    return [group for group in groups.values() if group.links]


def _bars(update: Update) -> tuple[list[Bar], bool]:
    """From the first click to the last, an hour or a day each, those without any too."""
    rows = Clicks.objects.filter(link__update=update).values_list("begins").annotate(n=Sum("count"))
    counted = dict(rows)
    if not counted:
        return [], True
    zone = ZoneInfo(update.topic.zone)
    hourly = max(counted) - min(counted) <= dt.timedelta(hours=HOURS)
    summed: Counter[dt.datetime] = Counter()
    for at, n in counted.items():
        summed[at if hourly else _day(at, zone)] += n
    most = max(summed.values())
    bars = []
    for at in _steps(min(summed), max(summed), hourly):
        there, n = at.astimezone(zone), summed[at]
        said = f"{there:%a} {there.day} {there:%b}" + (f", {there:%H:%M}" if hourly else "")
        bars.append(Bar(at, said, n, max(round(TALL * n / most), bool(n))))
    return bars, hourly


def _day(at: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The day there, as its midnight."""
    return at.astimezone(zone).replace(hour=0, minute=0)


def _steps(first: dt.datetime, last: dt.datetime, hourly: bool) -> Iterator[dt.datetime]:
    """From one to the other, and at least LEAST; days by the wall's clock, whatever it does."""
    step = dt.timedelta(hours=1) if hourly else dt.timedelta(days=1)
    last = max(last, first + (LEAST - 1) * step)
    while first <= last:
        yield first
        first += step
