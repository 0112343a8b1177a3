"""How many messages a day a route may take: its cap, its warm-up, and a share of them for a batch.

A worker takes a lot from the day's row before it sends, and gives back what it did not use: so the
cap holds exactly however many workers there are, and one that is killed costs some of the day's
messages, never one too many.
"""

import datetime as dt
import time
from collections.abc import Sized
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import F

from workers.routes.models import Route, RouteDay

LOT = 100
"""Messages that a worker takes from the cap at once."""


def today(route: Route, now: dt.datetime) -> dt.date:
    """The day it is at the route."""
    return now.astimezone(ZoneInfo(route.zone)).date()


def midnight(route: Route, now: dt.datetime) -> dt.datetime:
    """When its day ends."""
    tomorrow = today(route, now) + dt.timedelta(days=1)
    return dt.datetime.combine(tomorrow, dt.time(), ZoneInfo(route.zone))


def warmup_day(route: Route, day: dt.date) -> int:
    """Which day of its warm-up that is, from 1 on; 0 where it has none or it is over.  Before it
    begins the first day's cap holds already."""
    if not route.warmup or route.warmup_from is None:
        return 0
    number = max(1, (day - route.warmup_from).days + 1)
    return number if number <= len(route.warmup) else 0


def cap_on(route: Route, day: dt.date) -> int | None:
    """The most that it may take on this day; None: no limit."""
    number = warmup_day(route, day)
    caps = [route.warmup[number - 1]] if number else []
    if route.cap is not None:
        caps.append(route.cap)
    return min(caps, default=None)


def take(route: Route, day: dt.date, cap: int, many: int) -> int:
    """So many messages of that day's, or as many as are left."""
    row = row_of(route, day)
    while (many := min(many, cap - row.taken)) > 0:
        days = RouteDay.objects.filter(id=row.id, taken__lte=cap - many)
        if days.update(taken=F("taken") + many):
            return many
        row.refresh_from_db()
    return 0


def give_back(route: Route, day: dt.date, many: int) -> None:
    """What was taken and not used."""
    RouteDay.objects.filter(route=route, day=day).update(taken=F("taken") - many)


def row_of(route: Route, day: dt.date) -> RouteDay:
    """The day's row; two workers may make it at once."""
    found = RouteDay.objects.filter(route=route, day=day).first()
    if found is None:
        try:
            with transaction.atomic():
                return RouteDay.objects.create(route=route, day=day)
        except IntegrityError:
            return RouteDay.objects.get(route=route, day=day)
    return found


class Share:
    """A batch's share of its route's caps."""

    def __init__(self, route: Route) -> None:
        self._left = 0
        self._day = dt.date.min
        self._until = 0.0  # when that day ends, in seconds since 1970
        self.follow(route)

    def follow(self, route: Route) -> None:
        """Go by the route's settings as they are now."""
        self._route = route
        self._capped = route.cap is not None or bool(route.warmup)

    def has(self, waiting: Sized) -> bool:
        """Whether one more may go; takes more from the cap where that is needed."""
        if not self._capped:
            return True
        if self._left == 0 or time.time() >= self._until:
            self._renew(len(waiting))
        return self._left > 0

    def use(self) -> None:
        """One goes."""
        self._left -= self._capped

    def unused(self) -> None:
        """One that was to go did not."""
        self._left += self._capped

    def close(self) -> None:
        """Give back what is left."""
        if self._left > 0:
            give_back(self._route, self._day, self._left)
        self._left = 0

    def _renew(self, wanted: int) -> None:
        self.close()
        now = dt.datetime.fromtimestamp(time.time(), dt.UTC)
        self._day, self._until = today(self._route, now), midnight(self._route, now).timestamp()
        cap = cap_on(self._route, self._day)
        many = max(1, min(LOT, wanted))
        self._left = many if cap is None else take(self._route, self._day, cap, many)
