"""What feeds brought lately: entries a day, and the last briefings that came of them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber, TruncDate

from digest.briefings import Briefing
from digest.feeds import Feed, FeedEntry

DAYS = 14
LAST = 3
"""Briefings of a feed that are named."""

TALL = 28
"""The chart's height."""


@dataclass(frozen=True)
class Day:
    """One day of a feed: entries first seen on it, and the briefings that came of them."""

    day: dt.date
    seen: int
    made: int
    most: int
    """Entries on the fullest of the days: the chart's height."""

    @property
    def height(self) -> int:
        return round(TALL * self.seen / self.most) if self.most else 0

    @property
    def filled(self) -> int:
        return round(TALL * self.made / self.most) if self.most else 0

    @property
    def top(self) -> int:
        return TALL - self.height

    @property
    def filled_top(self) -> int:
        return TALL - self.filled


def days(feeds: Sequence[Feed], zone: str, now: dt.datetime) -> dict[int, list[Day]]:
    """Each feed's last days, the oldest first, by its id; in one query."""
    here = ZoneInfo(zone)
    today = now.astimezone(here).date()
    span = [today - dt.timedelta(days=back) for back in reversed(range(DAYS))]
    since = dt.datetime.combine(span[0], dt.time.min, here)
    rows = (
        FeedEntry.objects.filter(feed__in=feeds, first_seen_at__gte=since)
        .values("feed", day=TruncDate("first_seen_at", tzinfo=here))
        .annotate(n=Count("pk"), made=Count("briefing"))
        .order_by()
    )
    counts: dict[int, dict[dt.date, tuple[int, int]]] = defaultdict(dict)
    for row in rows:
        counts[row["feed"]][row["day"]] = (row["n"], row["made"])
    found = {}
    for feed in feeds:
        of = counts[feed.pk]
        most = max((seen for seen, _ in of.values()), default=0)
        found[feed.pk] = [Day(day, *of.get(day, (0, 0)), most) for day in span]
    return found


def brought(feeds: Sequence[Feed]) -> dict[int, list[Briefing]]:
    """The last briefings that came of each feed, by its id; in one query."""
    rank = Window(RowNumber(), partition_by=F("feed"), order_by=F("pk").desc())
    rows = FeedEntry.objects.filter(feed__in=feeds, briefing__isnull=False)
    last = rows.annotate(rank=rank).filter(rank__lte=LAST).select_related("briefing")
    found: dict[int, list[Briefing]] = defaultdict(list)
    for entry in last.order_by("-pk"):
        if entry.briefing is not None:
            found[entry.feed_id].append(entry.briefing)
    return found
