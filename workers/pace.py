"""One number for the rate, held across all workers: a shared next free instant per rate.

Each worker reserves a short run of instants in one statement, then sends at them. No instant is
given twice, and none is used later than ``LATE`` (or a step, where that is longer), so that over
any ten seconds no more go out than the rate times 10.4 s, however workers come, stall and die.
A gap shorter than that is made up for, which keeps the rate from falling between two batches;
a longer one is lost, and never made up for in a burst.
"""

import math
import time
from collections.abc import Callable, Mapping

from django.db import connection

from workers.routes.models import Pace

AHEAD = 0.25
"""Seconds of sending that one reservation holds: what is lost with a worker that is killed."""

LATE = 0.4
"""Seconds by which a message may miss its instant."""

CROWD = 50
"""More workers than will ever wait for one rate."""

ASK_EVERY = 60.0
"""Seconds between two looks at the database's clock."""

# A run that was reserved at another rate says nothing of this one: who waits four seconds for one
# message a second must not wait them once it is a hundred.
_RESERVE = """
    UPDATE workers_pace
    SET next_at = CASE WHEN rate = %s AND next_at > %s AND next_at < %s THEN next_at ELSE %s END
        + %s, rate = %s
    WHERE name = %s RETURNING next_at"""


def reserve(name: str, rate: float, now: float, most: int) -> tuple[float, int]:
    """(first instant, how many) of the run reserved at this rate (messages a second).

    Instants are seconds since 1970; they lie ``1 / rate`` apart.
    """
    many = max(1, min(most, int(rate * AHEAD)))
    length = many / rate
    window = [now - lateness(1 / rate), now + _horizon(length)]
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(_RESERVE, [rate, *window, now, length, rate, name])
            row = cursor.fetchone()
        if row:
            return row[0] - length, many
        Pace.objects.get_or_create(name=name)
    raise RuntimeError(f"no pace named {name}")


def lateness(step: float) -> float:
    """Seconds by which an instant may be missed.  A step at least: two slow rates whose instants
    lie between each other's would else wait for each other for ever."""
    return max(LATE, step)


def _horizon(length: float) -> float:
    """Seconds ahead beyond which a reservation is no queue of workers but a clock gone wrong;
    it is forgotten, else all would wait for it."""
    return 60 + CROWD * length


class Clock:
    """The database's clock, in seconds since 1970: machines' own may differ."""

    def __init__(self) -> None:
        self._ahead, self._asked_at = 0.0, -math.inf

    def __call__(self) -> float:
        now = time.monotonic()
        if now - self._asked_at > ASK_EVERY:
            self._ahead, self._asked_at = _database_time() - time.monotonic(), now
        return now + self._ahead


def _database_time() -> float:
    if connection.vendor != "postgresql":
        return time.time()  # SQLite is on this machine
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        return float(cursor.fetchone()[0])


now = Clock()


class Paced:
    """The instants at which this worker may send, under several rates at once.

    A process keeps one from batch to batch, so that what was reserved for one serves the next.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or now
        self._runs: dict[str, tuple[float, float, int]] = {}  # name -> next instant, step, left

    def wait(self, rates: Mapping[str, float], most: int = 1_000_000) -> float:
        """Seconds until the next message may be sent; 0 takes its instant under every rate.

        Rates come in order, a message's own before those that it shares: nobody holds an instant
        that others could use while they wait for one of their own. ``most``: how many messages
        there are to send at all.
        """
        if not rates:
            return 0.0
        at = self._clock()
        most = max(1, min(most, int(min(rates.values()) * AHEAD)))
        for name, rate in rates.items():
            if (due := self._next(name, rate, at, most)) > at:
                return due - at
        for name in rates:
            at, step, left = self._runs[name]
            self._runs[name] = (at + step, step, left - 1)
        return 0.0

    def _next(self, name: str, rate: float, now: float, most: int) -> float:
        """This rate's next instant that isn't over."""
        at, step, left = self._runs.get(name, (0.0, 1 / rate, 0))
        missed = max(0, math.ceil((now - lateness(step) - at) / step)) if left else 0
        at, left = at + missed * step, left - missed
        if left <= 0 or step != 1 / rate or at > now + _horizon(max(AHEAD, step)):
            at, left = reserve(name, rate, now, most)
            step = 1 / rate
        if name not in self._runs and len(self._runs) > CROWD:
            self._runs.clear()  # of mailings long gone
        self._runs[name] = (at, step, left)
        return at
