"""What is read for figures and alerts alike, so that a graph and an alert never differ.

Cheap at any size: counters on mailings, partial indexes, a few rows each; never the deliveries.
"""

import datetime as dt
import shutil
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from digest.feeds import SEVERAL, Feed
from digest.models import Stage, Update
from workers.embedded.broker import for_redis_py, noted
from workers.identity import journals
from workers.ledger import LIVE
from workers.models import (
    Batch,
    BatchState,
    Mailing,
    MailingKind,
    Pulse,
    Schedule,
    Slot,
    SlotResult,
)
from workers.queue.coming import LATE
from workers.routes import choosing
from workers.routes.models import Route

QUEUES = ("tick", "urgent", "bulk", "import")
"""What Celery's workers take from; each is a list in the broker under this name."""

MOST = 50
"""Things of one kind that are named."""

TICK_LATE = 60
"""Seconds without a tick that are no hiccup: there is one a second."""

RECENT = dt.timedelta(days=3)
"""Where mailings that ended of late are looked for: none goes on for longer after it was due."""

UNTOUCHED = 660
"""Seconds after which a journal with something in it was left behind: a relay may take ten
minutes to answer, and the next tick settles what a dead worker of this machine left."""


class BrokerState(NamedTuple):
    """Whether the broker answers, and how many wake-ups wait in each queue."""

    up: bool
    why: str
    waiting: dict[str, int]


NEARLY_FULL = 0.05
"""The share of a disk left below which somebody should make room; a gigabyte is always enough."""

ENOUGH = 1_000_000_000


class Disk(NamedTuple):
    """Octets of the disk that holds DATA_DIR."""

    free: int
    size: int

    @property
    def is_full(self) -> bool:
        return self.free < min(self.size * NEARLY_FULL, ENOUGH)


class Leases(NamedTuple):
    """Batches on lease, and of these, whose worker was not heard of for longer than that."""

    all: int
    overdue: int


@cache
def our_version() -> str:
    return version("digest")


def broker(patience: float = 1.0) -> BrokerState:
    """Asked in one round trip; given up after so many seconds."""
    import redis  # here, for it takes a quarter of a second that commands need not wait

    url = for_redis_py(settings.REDIS_URL or noted(settings.DATA_DIR / "broker"))
    limits = {} if url.startswith("unix:") else {"socket_connect_timeout": patience}
    try:
        with redis.Redis.from_url(url, socket_timeout=patience, retry=None, **limits) as client:
            asked = client.pipeline(transaction=False)
            for queue in QUEUES:
                asked.llen(queue)
            return BrokerState(True, "", dict(zip(QUEUES, asked.execute(), strict=True)))
    except (redis.RedisError, OSError, ValueError) as problem:
        return BrokerState(False, type(problem).__name__, {})


def disk() -> Disk:
    found = shutil.disk_usage(settings.DATA_DIR)
    return Disk(found.free, found.total)


def database_size() -> int:
    """Octets of the database, its indexes and its log included."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    name = str(connection.settings_dict["NAME"])
    files = [Path(name), Path(f"{name}-wal")]
    return sum(path.stat().st_size for path in files if path.exists())


def tick_age(now: dt.datetime) -> float | None:
    """Seconds since somebody last looked for what is due; None where nobody ever did."""
    last = Pulse.objects.order_by("id").values_list("at", flat=True).first()
    return None if last is None else max(0.0, (now - last).total_seconds())


def journals_left() -> int:
    """Journals of this machine that tell of something and that nobody has settled."""
    old = time.time() - UNTOUCHED
    left = 0
    for path in journals().glob("*.log"):
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        left += found.st_size > 0 and found.st_mtime < old
    return left


def leases(now: dt.datetime) -> Leases:
    """By an index of these alone."""
    out = Batch.objects.filter(state=BatchState.LEASED)
    found = out.aggregate(n=Count("id"), late=Count("id", filter=Q(leased_until__lt=now)))
    return Leases(found["n"], found["late"])


def unsettled() -> QuerySet[Mailing]:
    """Mailings with uncertain deliveries, by an index of these alone."""
    return Mailing.objects.filter(uncertain__gt=0)


def waiting_for_relay() -> QuerySet[Mailing]:
    """Live mailings of which nothing goes since their routes are set aside, or none serves them.

    One that waits for a cap's midnight, or for a person to take its route up, does so by somebody's
    wish.
    """
    found = choosing.ways()
    aside = [way for way in found if way.bar is choosing.Bar.ASIDE]
    stuck = choosing.servable(aside, "") | ~choosing.servable(found, "")
    waits = Mailing.objects.filter(stuck, state__in=LIVE, queued__gt=0)
    return waits.exclude(choosing.servable(choosing.usable(found), ""))


def routes() -> QuerySet[Route]:
    """Relays that are to take mail: neither paused by a person nor removed."""
    return Route.objects.filter(paused_at=None, removed_at=None).order_by("id")


def is_down(route: Route) -> bool:
    """Whether it is set aside, since it took nothing when it was last tried."""
    return route.failures > 0 and route.aside_until is not None


def ailing() -> QuerySet[Feed]:
    """Feeds that failed several times in a row, or are gone, and that nobody has paused."""
    return Feed.objects.filter(Q(failures__gte=SEVERAL) | Q(gone_at__isnull=False), paused_at=None)


def late(now: dt.datetime | None = None) -> list[str]:
    """What should have been taken up and was not, in words; the first ``MOST`` of each sort."""
    before = (now or timezone.now()) - LATE
    schedules = Schedule.objects.filter(next_at__lt=before).order_by("next_at")
    filed = Slot.objects.filter(result=SlotResult.DUE, begun_at__lt=before).order_by("due_at")
    made = Mailing.objects.filter(update=OuterRef("pk"), kind=MailingKind.SCHEDULED)
    updates = Update.objects.filter(~Exists(made), stage=Stage.APPROVED, due_at__lt=before)
    return [
        *(
            f"the schedule of {slug}"
            for slug in schedules.values_list("topic__slug", flat=True)[:MOST]
        ),
        *(f"a slot of {slug}" for slug in filed.values_list("topic__slug", flat=True)[:MOST]),
        *(update.ref for update in updates.select_related("topic").order_by("due_at")[:MOST]),
    ]
