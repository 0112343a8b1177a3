"""How long a tick takes over ten thousand schedules.  Run: python -m benchmarks.schedules

On SQLite in a folder of its own, or in the PostgreSQL that DATABASE_URL names: give it an empty
database.
"""

import datetime as dt
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable

N = 10_000
ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
ROW = "{:52}{:>10}{:>14}  {}"
TICKS = 10
AT_MOST = 1.0
"""Seconds for a tick, however many schedules there are (issue 5)."""


def schedules(now: dt.datetime) -> None:
    """Ten thousand topics, a rule each: 7,200 rules that differ, due within the coming hour."""
    from digest.models import Topic
    from workers.models import Schedule

    topics = Topic.objects.bulk_create(
        [Topic(slug=f"topic-{at}", name=f"Topic {at}") for at in range(N)]
    )
    rules = itertools.product(range(24), range(60), ZONES)
    Schedule.objects.bulk_create(
        Schedule(
            topic=topic,
            cron=f"{minute} {hour} * * 1-5",
            zone=zone,
            next_at=now + dt.timedelta(milliseconds=360 * at),
        )
        for at, (topic, (hour, minute, zone)) in enumerate(
            zip(topics, itertools.cycle(rules), strict=False)
        )
    )


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATA_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        measure()


def measure() -> None:
    from django.core.management import call_command
    from django.db import connection

    from workers import schedule
    from workers.models import Schedule, Slot, SlotResult

    call_command("migrate", verbosity=0)
    now = dt.datetime.now(dt.UTC)
    schedules(now)
    due = now + dt.timedelta(hours=1)
    print(ROW.format(f"{N:,} schedules, {connection.vendor}", "target", "measured", ""))
    before = now - dt.timedelta(seconds=1)
    idle = statistics.median(seconds(lambda: schedule.run_due(before)) for _ in range(50))
    line("a tick that finds nothing due", idle, told(idle))
    few = seconds(lambda: schedule.run_due(now + dt.timedelta(seconds=1)))
    ran = Slot.objects.count()
    line(f"a tick that finds {ran} due, and runs them", few, told(few))
    ticks = []
    while Schedule.objects.filter(next_at__lte=due).exists():
        ticks.append(seconds(lambda: schedule.run_due(due)))
    filed = sum(ticks)
    said = f"{told(max(ticks))}; all filed after {len(ticks)} ticks, {filed:.2f} s"
    line(f"{N - ran:,} due at once: the longest tick that files", max(ticks), said)
    ticks = []
    while Slot.objects.filter(result=SlotResult.DUE).exists() and len(ticks) < TICKS:
        before = Slot.objects.filter(result=SlotResult.DUE).count()
        ticks.append(seconds(lambda: schedule.run_due(due)))
        done = before - Slot.objects.filter(result=SlotResult.DUE).count()
    said = f"{told(max(ticks))}; {ticks[-1] / done * 1000:.1f} ms for each that has no news"
    line("… and the longest that runs them", max(ticks), said)
    assert Slot.objects.count() == N


def line(what: str, measured: float, said: str) -> None:
    print(ROW.format(what, f"≤ {AT_MOST:.0f} s", f"{measured * 1000:,.1f} ms", said))


def told(measured: float) -> str:
    return "✓ reached" if measured <= AT_MOST else "✗ missed"


if __name__ == "__main__":
    main()
