"""When a provider's share of a mailing is slowed down, held back and let go on.  Pure.

A share is judged by its last few hundred attempts. Refusals that count are those that speak of us:
4.7.x, 5.7.x and the like; what they say of one reader is nothing here.
"""

import datetime as dt

from workers.brake.models import Standing
from workers.feedback.events import code_in, speaks_of_us

WINDOW = 300
"""Attempts after which older ones count half."""

SLOW_AT, SLOW_LEAST = 5, 10
"""Refused in a hundred, and at least so many, from which on a share goes slowly."""

HOLD_AT, HOLD_LEAST = 20, 20
"""The same, from which on it is held back."""

SLOWLY = 1.0
"""Messages a second of a slow share, over all workers."""

RECOVERED = 50
"""Attempts, slowly, after which a share that is hardly refused any more goes as the others."""

PROBE = 5
"""Messages by which it is tried whether a share that was held back goes again."""

PROBE_ENDS = dt.timedelta(minutes=5)
"""A probe of which nothing is heard for so long is made anew."""

WAITS = [dt.timedelta(minutes=minutes) for minutes in (15, 30, 60, 120)]
"""Until the probe after the first, second, … hold in a row."""


def blames_us(code: int, answer: str) -> bool:
    """Whether an answer refuses the sender rather than the reader."""
    return code >= 400 and speaks_of_us(code_in(answer))


def after(
    standing: Standing, attempts: int, refused: int, accepted: int, *, later: bool = False
) -> Standing:
    """How a share stands with so many attempts, of which so many were refused because of us.

    ``accepted``: of the last ones alone. ``later``: refusals come back after the relay's yes, so
    that a probe is over only when nothing came for a while.
    """
    if standing is Standing.HELD:
        return standing  # what was on its way says nothing new
    if standing is Standing.PROBING:
        if refused:
            return Standing.HELD
        return Standing.FREE if accepted and not later else standing
    if refused >= HOLD_LEAST and refused * 100 >= HOLD_AT * attempts:
        return Standing.HELD
    many = refused * 100 >= SLOW_AT * attempts
    if standing is Standing.SLOW:
        return Standing.FREE if attempts >= RECOVERED and not many else standing
    return Standing.SLOW if refused >= SLOW_LEAST and many else standing


def too_many_came_back(returned: int, accepted: int) -> bool:
    """Whether a share is held for what came back of so many accepted."""
    return returned >= HOLD_LEAST and returned * 100 >= HOLD_AT * accepted


def wait(holds: int) -> dt.timedelta:
    """Until the next probe, by how often it was held in a row."""
    return WAITS[min(max(holds, 1), len(WAITS)) - 1]
