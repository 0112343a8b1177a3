"""One number for the rate, held across all workers: a shared next free instant per rate.

Each worker reserves a short run of instants in one statement, then sends at them. The
database's row is the only truth, so that workers may come, go and be killed: what was
reserved and not used is lost, never made up for in a burst.
"""

import time

from django.db import connection

from workers.routes.models import Pace

AHEAD = 0.25
"""Seconds of sending that one reservation holds: what a change of rate may lag behind."""

CROWD = 50
"""More workers than will ever wait for one rate."""

_RESERVE = """
    UPDATE workers_pace
    SET next_at = CASE WHEN next_at > %s AND next_at < %s THEN next_at ELSE %s END + %s
    WHERE name = %s RETURNING next_at"""


def reserve(name: str, rate: float, now: float | None = None) -> tuple[float, int]:
    """(first instant, how many) of the run reserved at this rate (messages a second).

    Instants are seconds since 1970; they lie ``1 / rate`` apart.
    """
    now = time.time() if now is None else now
    many = max(1, int(rate * AHEAD))
    length = many / rate
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(_RESERVE, [now, now + _horizon(length), now, length, name])
            row = cursor.fetchone()
        if row:
            return row[0] - length, many
        Pace.objects.get_or_create(name=name)
    raise RuntimeError(f"no pace named {name}")


def _horizon(length: float) -> float:
    """Seconds ahead beyond which a reservation is no queue of workers but a clock gone wrong,
    or a rate that was far lower; it is forgotten, else all would wait for it."""
    return 60 + CROWD * length


class Paced:
    """The instants at which this worker may send, under several rates at once."""

    def __init__(self) -> None:
        self._runs: dict[str, tuple[float, float, int]] = {}  # name -> next instant, step, left

    def wait(self, rates: dict[str, float]) -> float:
        """Seconds until the next message may be sent; 0 takes its instant under every rate.

        The same rates at each call: others need a ``Paced`` of their own.
        """
        now = time.time()
        latest = now
        for name, rate in rates.items():
            at, step, left = self._runs.get(name, (0.0, 0.0, 0))
            if left == 0 or step != 1 / rate or at > now + _horizon(max(AHEAD, step)):
                at, left = reserve(name, rate, now)
                step = 1 / rate
                self._runs[name] = (at, step, left)
            latest = max(latest, at)
        if latest > now:
            return latest - now
        for name, (at, step, left) in self._runs.items():
            self._runs[name] = (at + step, step, left - 1)
        return 0.0
