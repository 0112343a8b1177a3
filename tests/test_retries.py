"""When a deferred delivery is tried again."""

import datetime as dt

from workers.retries import next_attempt

NOW = dt.datetime(2026, 5, 17, 15, tzinfo=dt.UTC)
DEADLINE = NOW + dt.timedelta(hours=24)


def test_delays_grow_and_then_stay_at_six_hours() -> None:
    minutes = [
        (next_attempt(attempts, NOW, DEADLINE) - NOW).total_seconds() / 60  # type: ignore[operator]
        for attempts in range(1, 8)
    ]
    assert minutes == [1, 5, 15, 60, 180, 360, 360]


def test_nothing_is_tried_past_the_deadline() -> None:
    assert next_attempt(1, NOW, NOW + dt.timedelta(minutes=1)) is not None
    assert next_attempt(1, NOW, NOW + dt.timedelta(seconds=59)) is None
