"""When a deferred delivery is tried again.  Pure."""

import datetime as dt

DELAYS = [dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180)]
"""After the first, second, … attempt; then every ``LATER``."""

LATER = dt.timedelta(hours=6)


def next_attempt(
    attempts: int, now: dt.datetime, deadline: dt.datetime, wait: float = 0.0
) -> dt.datetime | None:
    """When to try again after so many attempts; None when that would be past the deadline.

    ``wait``: the seconds for which the relay itself asked, at least.
    """
    delay = DELAYS[attempts - 1] if attempts <= len(DELAYS) else LATER
    delay = max(delay, dt.timedelta(seconds=wait))
    return now + delay if now + delay <= deadline else None
