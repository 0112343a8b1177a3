"""``python -m benchmarks.rate``: whether a rate holds, over any ten seconds and all workers.

A mailing goes out by real workers to a sink that writes each message down; the rate of its route is
set to 1, 70 and 1,000 a second while it goes, with 1 and with 4 workers, and then the mailing is
paused. Printed is what the emptiest and the fullest ten seconds held, from two seconds after each
change on. A window's edge falls between two messages, so one more or less says nothing. Then once
more without a rate, into a sink in C where there is a compiler: paused as fast as it goes.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from workers.models import Mailing

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


MANY = 120_000
"""Messages of the run without a rate: more than go in its seconds."""


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


class Trial(NamedTuple):
    """A mailing that goes out, what arrives of it, and its route's rate to be set."""

    mailing: "Mailing"
    arrivals: Arrivals
    set_rate: Callable[[float], object]


@contextmanager
def under_way(workers: int, messages: int, rate: float | None, sink: str = "") -> Iterator[Trial]:
    """A mailing to so many that has begun to arrive."""
    from django.conf import settings

    from workers.routes import choosing
    from workers.routes.models import Route
    from workers.trial import mailing, parts
    from workers.trial.orphans import guarded

    update, arrivals = mailing.draft(messages), Arrivals()
    with ExitStack() as stack:
        guard = stack.enter_context(guarded())
        port = stack.enter_context(parts.sink(arrivals.record.path, guard, program=sink))
        broker = parts.Broker(guard)
        stack.callback(broker.close)
        url = f"smtp://127.0.0.1:{port}?connections=4"
        system = parts.System(settings.DATA_DIR, workers, guard, REDIS_URL=broker.url, SMTP_URL=url)
        stack.callback(system.close)
        default = Route.objects.filter(id=choosing.default().id)
        default.update(rate=rate)
        mailing.approve(update)
        parts.until(lambda: arrivals.record.count() > 0, 120, "The first message")
        sent = mailing.of(update)
        assert sent is not None, "it goes out"
        yield Trial(sent, arrivals, lambda rate: default.update(rate=rate))


def rates(workers: int) -> list[dict[str, float]]:
    """Windows at each rate, and how long after a pause the last message came."""
    found = []
    with under_way(workers, MESSAGES, RATES[0]) as trial:
        for rate in RATES:
            trial.set_rate(rate)
            trial.arrivals.watch(SETTLED)
            begin = time.monotonic()
            trial.arrivals.watch(WATCHED)
            held = trial.arrivals.windows(begin, begin + WATCHED)
            found.append({"rate": rate, "least": min(held), "most": max(held)})
        return [*found, {"silence": silence(trial)}]


def flat_out(workers: int, sink: str) -> list[dict[str, float]]:
    """How fast it goes without a rate, and how long after a pause the last message came."""
    with under_way(workers, MANY, None, sink) as trial:
        trial.arrivals.watch(SETTLED)
        begin = time.monotonic()
        trial.arrivals.watch(SETTLED)
        fast = (trial.arrivals.by(time.monotonic()) - trial.arrivals.by(begin)) / SETTLED
        found = {"fast": fast, "silence": silence(trial)}
        assert trial.arrivals.record.count() < MANY, "it was paused before the last message"
        return [found]


def silence(trial: Trial) -> float:
    """Seconds from a pause to the last message."""
    from workers import mailings

    paused = time.monotonic()
    mailings.pause(trial.mailing, "benchmark")
    trial.arrivals.watch(4)
    return max(0.0, trial.arrivals.last() - paused)


def _one() -> int:
    import django

    django.setup()
    from digest.database import bring_up_to_date

    bring_up_to_date()
    asked = json.loads(sys.argv[1])
    sink = asked["flat_out"]
    found = flat_out(asked["workers"], sink) if sink else rates(asked["workers"])
    sys.stdout.write(json.dumps(found))
    return 0


def _all() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--workers", type=int, nargs="*", default=WORKERS)
    import django

    django.setup()
    from benchmarks.peers import c_sink

    # The trial's process looks for its module nowhere else.
    os.environ["PYTHONPATH"] = str(Path.cwd())
    print("workers  asked/s   least and most in ten seconds        off by")
    with tempfile.TemporaryDirectory() as folder:
        sink = c_sink(Path(folder))
        for workers in asked.parse_args().workers:
            for flat in ("", sink) if sink else ("",):
                if status := _told(workers, flat):
                    return status
    return 0


def _told(workers: int, flat: str) -> int:
    """The status of a run, whose figures are printed."""
    from workers.trial import place

    status, said = place.heard("rate", MODULE, {"workers": workers, "flat_out": flat})
    for one in [] if status else json.loads(said):
        if "silence" in one:
            fast = f", at {one['fast']:,.0f}/s" if "fast" in one else ""
            print(f"{workers:>7}  pause to silence: {one['silence']:.2f} s{fast}")
            continue
        meant = one["rate"] * WINDOW
        off = max(abs(one["least"] - meant), abs(one["most"] - meant)) / meant
        held = f"{one['least']:>8} … {one['most']:<8} of {meant:<8.0f}"
        print(f"{workers:>7}  {one['rate']:>7}   {held}   {off:6.1%}")
    return status


if __name__ == "__main__":
    sys.exit(_one() if sys.argv[1:] and sys.argv[1].startswith("{") else _all())
