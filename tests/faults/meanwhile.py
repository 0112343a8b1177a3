"""Something is done while a mailing is being sent, and what was begun after it."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest
from django.db import connection

from workers import sending
from workers.journal import Journal
from workers.models import BULK


class Begun(NamedTuple):
    """A message whose body was begun."""

    delivery: int
    at: float  # time.monotonic()


class Seen(NamedTuple):
    """What was begun, in order, and when the thing was done and answered for."""

    begun: list[Begun]
    answered_at: float

    def later_than(self, seconds: float) -> list[int]:
        """Deliveries begun more than so long after the answer."""
        return [one.delivery for one in self.begun if one.at > self.answered_at + seconds]


def send_and(do: Callable[[], object], after: int, patch: pytest.MonkeyPatch) -> Seen:
    """Send, and do this in another thread once so many messages were begun."""
    begun: list[Begun] = []
    answered: list[float] = []
    enough = threading.Event()
    real = Journal.begin

    def begin(self: Journal, key: int) -> None:
        real(self, key)
        begun.append(Begun(key, time.monotonic()))
        if len(begun) >= after:
            enough.set()

    def act() -> None:
        assert enough.wait(30), "nothing was sent"
        do()
        answered.append(time.monotonic())
        connection.close()

    patch.setattr(Journal, "begin", begin)
    thread = threading.Thread(target=act)
    thread.start()
    try:
        sending.send(BULK, seconds=30)
    finally:
        enough.set()
        thread.join(30)
    return Seen(begun, answered[0])
