"""When a deferred delivery is tried again.  Pure."""

import datetime as dt

DELAYS = [dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180)]
"""After the first, second, … attempt; then every ``LATER``."""

LATER = dt.timedelta(hours=6)


def next_attempt(attempts: int, now: dt.datetime, deadline: dt.datetime) -> dt.datetime | None:
    """When to try again after so many attempts; None when that would be past the deadline."""
    delay = DELAYS[attempts - 1] if attempts <= len(DELAYS) else LATER
    return now + delay if now + delay <= deadline else None
