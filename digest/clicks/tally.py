"""Counting clicks: in memory, and once a second into the database.

So nobody who follows a link waits for the database, a storm of a thousand clicks is one change of
one row, and where the database is away the numbers wait for it. A process that is killed takes
its last second's clicks along: a count of clicks is worth no more than that.
"""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import structlog
from django.db import Error, connection, transaction
from django.utils import timezone

from digest.clicks.models import Link

PAUSE = 1.0
"""Seconds from a click to when it is in the database."""

HOURLY = dt.timedelta(days=2)
"""After the day that an update went out: so long each hour has a row, and then each day."""

LAST = dt.timedelta(days=90)
"""After which links lead on and are counted no more: what is kept of one has an end."""

MOST = 50_000
"""Numbers that wait in memory while the database is away; what is beyond is not counted."""

_ADD = """
    INSERT INTO digest_clicks (link_id, begins, count) VALUES (%s, %s, %s)
    ON CONFLICT (link_id, begins) DO UPDATE SET count = digest_clicks.count + excluded.count
"""

Taken = Mapping[tuple[int, dt.datetime], int]
"""How often each link was followed, by the hour."""

_log = structlog.get_logger()


class Tally:
    """What was counted in this process and is not in the database yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: Counter[tuple[int, dt.datetime]] = Counter()
        self._due = False

    def count(self, link_id: int) -> None:
        """Somebody has followed this link."""
        hour = timezone.now().replace(minute=0, second=0, microsecond=0)
        with self._lock:
            if (link_id, hour) in self._counted or len(self._counted) < MOST:
                self._counted[link_id, hour] += 1
            if self._due:
                return
            self._due = True
        self.later()

    def later(self) -> None:
        """Write in a second. Not a daemon: a server that stops waits for it."""
        threading.Timer(PAUSE, self._written).start()

    def write(self) -> None:
        """Put what was counted into the database; what it does not take is kept for later."""
        with self._lock:
            taken, self._counted, self._due = self._counted, Counter(), False
        try:
            add(taken)
        except Error as problem:
            with self._lock:
                self._counted.update(taken)
            _log.warning("clicks wait for the database", why=str(problem), links=len(taken))

    def _written(self) -> None:
        try:
            self.write()
        finally:
            connection.close()  # this thread's own


def add(taken: Taken) -> None:
    """Add to the rows of the links whose topic counts clicks still."""
    if not taken:
        return
    links = Link.objects.filter(
        pk__in={link for link, _ in taken}, update__topic__counts_clicks=True
    ).select_related("update__topic")
    known = {link.pk: link for link in links}
    rows: Counter[tuple[int, dt.datetime]] = Counter()
    for (link_id, hour), count in taken.items():
        if link_id in known and (begins := _begins(known[link_id], hour)):
            rows[link_id, begins] += count
    # In order: two processes that add to the same rows then wait for each other, and don't lock up.
    ordered = sorted(rows.items())
    with transaction.atomic(), connection.cursor() as cursor:
        adapt = connection.ops.adapt_datetimefield_value
        cursor.executemany(_ADD, [(link, adapt(at), count) for (link, at), count in ordered])


def _begins(link: Link, hour: dt.datetime) -> dt.datetime | None:
    """The hour or the day that a click is counted in; None once links are counted no more."""
    zone = ZoneInfo(link.update.topic.zone)
    there = hour.astimezone(zone)
    went_out = (link.update.due_at or hour).astimezone(zone)
    if there - went_out > LAST:
        return None
    if there.date() <= went_out.date() + HOURLY:
        return hour
    return there.replace(hour=0).astimezone(dt.UTC)


TALLY = Tally()
