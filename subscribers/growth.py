"""How many came and left, and why they left."""

import datetime as dt
from collections import Counter
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Count, QuerySet, TextField
from django.db.models.functions import Cast, Left

from digest.models import Topic
from subscribers.models import LeavingReason, Subscription, SubscriptionState

WORDS_SHOWN = 30


class Step(StrEnum):
    """What the figures are summed over."""

    DAY = "day"  # the last 30
    WEEK = "week"  # the last 26
    MONTH = "month"  # the last 24


_SHOWN = {Step.DAY: 30, Step.WEEK: 26, Step.MONTH: 24}


class Period(NamedTuple):
    """A day, week or month (UTC, weeks from Monday), and how many came and left in it."""

    begins: dt.date
    joined: int
    left: int

    @property
    def net(self) -> int:
        return self.joined - self.left


def growth(topic: Topic | None, step: Step, now: dt.datetime) -> list[Period]:
    """The latest periods, the oldest first; nobody's coming or going leaves none out.

    Counted are confirmed subscriptions: who has two topics came twice. Whoever left and came back
    by one click counts as neither.
    """
    starts = _starts(step, now)
    since = dt.datetime.combine(starts[0], dt.time.min, dt.UTC)
    joined = _by_period(_of(topic).filter(confirmed_at__gte=since), "confirmed_at", step)
    left = _by_period(left_of(topic).filter(left_at__gte=since), "left_at", step)
    return [Period(start, joined[start], left[start]) for start in starts]


def left_of(topic: Topic | None) -> QuerySet[Subscription]:
    """Subscriptions that were confirmed once and ended."""
    return _of(topic).filter(state=SubscriptionState.UNSUBSCRIBED, confirmed_at__isnull=False)


def reasons(topic: Topic | None, since: dt.datetime) -> list[tuple[str, int]]:
    """Why people left since then, the most frequent reason first."""
    counted = (
        left_of(topic).filter(left_at__gte=since).values("left_code").annotate(people=Count("id"))
    )
    told = {one["left_code"]: one["people"] for one in counted}
    labels = {str(code): str(code.label) for code in LeavingReason}
    found = [(labels.get(code, "No reason given"), people) for code, people in told.items()]
    return sorted(found, key=lambda one: -one[1])


def words(topic: Topic | None, since: dt.datetime) -> list[Subscription]:
    """The latest who left with words of their own."""
    told = left_of(topic).filter(left_at__gte=since).exclude(left_why="")
    return list(told.select_related("topic").order_by("-left_at")[:WORDS_SHOWN])


def _of(topic: Topic | None) -> QuerySet[Subscription]:
    return Subscription.objects.filter(topic=topic) if topic else Subscription.objects.all()


def _by_period(rows: QuerySet[Subscription], column: str, step: Step) -> Counter[dt.date]:
    # By day, which both databases write first of a time. To cut times off, SQLite asks Python once
    # for each row: half a second for 50,000, in which no other page is served.
    days = rows.annotate(day=Left(Cast(column, TextField()), 10)).values("day")
    periods: Counter[dt.date] = Counter()
    for one in days.annotate(people=Count("id")).order_by():
        periods[_start(step, dt.date.fromisoformat(one["day"]))] += one["people"]
    return periods


def _start(step: Step, day: dt.date) -> dt.date:
    """When the period of this day begins."""
    if step == Step.DAY:
        return day
    return day - dt.timedelta(days=day.weekday()) if step == Step.WEEK else day.replace(day=1)


def _starts(step: Step, now: dt.datetime) -> list[dt.date]:
    """When the periods begin, the oldest first."""
    day = now.astimezone(dt.UTC).date()
    many = _SHOWN[step]
    if step == Step.DAY:
        return [day - dt.timedelta(days=back) for back in reversed(range(many))]
    if step == Step.WEEK:
        monday = _start(step, day)
        return [monday - dt.timedelta(weeks=back) for back in reversed(range(many))]
    months = [day.year * 12 + day.month - 1 - back for back in reversed(range(many))]
    return [dt.date(month // 12, month % 12 + 1, 1) for month in months]
