"""``python -m benchmarks.rate``: whether a rate holds, over any ten seconds and all workers.

A mailing goes out by real workers to a sink that writes each message down; the rate of its route is
set to 1, 70 and 1,000 a second while it goes, with 1 and with 4 workers, and then the mailing is
paused. Printed is what the emptiest and the fullest ten seconds held, from two seconds after each
change on. A window's edge falls between two messages, so one more or less says nothing.
"""

import argparse
import json
import os
import sys
import time
from bisect import bisect_right
from contextlib import ExitStack
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

RATES = (1, 70, 1000)
WORKERS = (1, 4)
WINDOW = 10.0
SETTLED = 2.0
"""Seconds after a change from which on it must hold."""

WATCHED = 14.0
"""Seconds for which each rate is watched then."""

MESSAGES = 32_000
MODULE = "benchmarks.rate"


class Arrivals:
    """When how many messages had arrived."""

    def __init__(self) -> None:
        from django.conf import settings

        from workers.trial.parts import Record

        self.record = Record(settings.DATA_DIR / "sink")
        self._times: list[float] = []
        self._counts: list[int] = []

    def watch(self, seconds: float) -> None:
        """Look often enough to tell windows to a few milliseconds."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            self._counts.append(self.record.count())
            self._times.append(now)
            time.sleep(0.004)

    def by(self, at: float) -> int:
        return self._counts[max(0, bisect_right(self._times, at) - 1)]

    def windows(self, begin: float, end: float) -> list[int]:
        """What each ten seconds between these held."""
        starts = int((end - WINDOW - begin) / 0.05)
        return [
            self.by(at + WINDOW) - self.by(at) for at in (begin + n * 0.05 for n in range(starts))
        ]

    def last(self) -> float:
        """When the last one came."""
        return self._times[self._counts.index(self._counts[-1])]


def measure(workers: int) -> list[dict[str, float]]:
    """Windows at each rate, and how long after a pause the last message came."""
    from django.conf import settings

    from workers import mailings
    from workers.routes import choosing
    from workers.routes.models import Route
    from workers.trial import mailing, parts
    from workers.trial.orphans import guarded

    update = mailing.draft(MESSAGES)
    arrivals, found = Arrivals(), []
    with ExitStack() as stack:
        guard = stack.enter_context(guarded())
        port = stack.enter_context(parts.sink(arrivals.record.path, guard))
        broker = parts.Broker(guard)
        stack.callback(broker.close)
        url = f"smtp://127.0.0.1:{port}?connections=4"
        system = parts.System(settings.DATA_DIR, workers, guard, REDIS_URL=broker.url, SMTP_URL=url)
        stack.callback(system.close)
        default = Route.objects.filter(id=choosing.default().id)
        default.update(rate=RATES[0])
        mailing.approve(update)
        parts.until(lambda: arrivals.record.count() > 0, 120, "The first message")
        for rate in RATES:
            default.update(rate=rate)
            arrivals.watch(SETTLED)
            begin = time.monotonic()
            arrivals.watch(WATCHED)
            held = arrivals.windows(begin, begin + WATCHED)
            found.append({"rate": rate, "least": min(held), "most": max(held)})
        sent = mailing.of(update)
        assert sent is not None, "it goes out"
        paused = time.monotonic()
        mailings.pause(sent, "benchmark")
        arrivals.watch(4)
        found.append({"silence": max(0.0, arrivals.last() - paused)})
    return found


def _one() -> int:
    import django

    django.setup()
    from digest.database import bring_up_to_date

    bring_up_to_date()
    sys.stdout.write(json.dumps(measure(json.loads(sys.argv[1])["workers"])))
    return 0


def _all() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--workers", type=int, nargs="*", default=WORKERS)
    import django

    django.setup()
    from workers.trial import place

    # The trial's process looks for its module nowhere else.
    os.environ["PYTHONPATH"] = str(Path.cwd())
    print("workers  asked/s   least and most in ten seconds        off by")
    for workers in asked.parse_args().workers:
        status, said = place.heard("rate", MODULE, {"workers": workers})
        if status:
            return status
        for one in json.loads(said):
            if "silence" in one:
                print(f"{workers:>7}  pause to silence: {one['silence']:.2f} s")
                continue
            meant = one["rate"] * WINDOW
            off = max(abs(one["least"] - meant), abs(one["most"] - meant)) / meant
            held = f"{one['least']:>8} … {one['most']:<8} of {meant:<8.0f}"
            print(f"{workers:>7}  {one['rate']:>7}   {held}   {off:6.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(_one() if sys.argv[1:] and sys.argv[1].startswith("{") else _all())
