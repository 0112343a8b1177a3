"""The rate: one number, held across workers."""

import pytest

from workers import pace
from workers.routes.models import Pace

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.mark.parametrize("rate", [0.5, 1.0, 70.0, 1000.0])
@pytest.mark.parametrize("workers", [1, 4])
def test_what_all_workers_reserve_in_ten_seconds_is_the_rate(rate: float, workers: int) -> None:
    began, seconds = 1_000_000.0, 10.0
    instants: list[float] = []
    free = [began] * workers
    while (now := min(free)) < began + seconds:
        at, many = pace.reserve("route:test", rate, now)
        instants += [at + n / rate for n in range(many)]
        free[free.index(now)] = at + many / rate
    inside = [at for at in instants if began <= at < began + seconds]
    assert len(inside) == pytest.approx(rate * seconds, rel=0.05, abs=1)
    assert len(set(instants)) == len(instants), "no instant is given to two workers"


def test_a_pause_is_not_made_up_for_in_a_burst() -> None:
    pace.reserve("route:test", 10, now=1000.0)
    at, _ = pace.reserve("route:test", 10, now=2000.0)
    assert at == 2000.0


def test_the_pace_lasts_beyond_the_worker_that_reserved_it() -> None:
    first, many = pace.reserve("route:test", 2, now=1000.0)
    again, _ = pace.reserve("route:test", 2, now=1000.0)
    assert again == first + many / 2
    assert Pace.objects.count() == 1


def test_several_rates_hold_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [5000.0]
    monkeypatch.setattr(pace.time, "time", lambda: clock[0])
    paced = pace.Paced()
    rates: dict[str, float] = {"route:a": 100, "mailing:1": 10}
    sent = 0
    while clock[0] < 5010:
        wait = paced.wait(rates)
        if wait == 0:
            sent += 1
        clock[0] += wait or 0.0001
    assert sent == pytest.approx(100, abs=3)


def test_a_worker_whose_clock_was_a_day_ahead_holds_nobody_up() -> None:
    pace.reserve("route:test", 10, now=1000.0 + 86400)
    at, _ = pace.reserve("route:test", 10, now=1000.0)
    assert at == 1000.0


def test_a_clock_set_back_a_day_stops_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100_000.0]
    monkeypatch.setattr(pace.time, "time", lambda: clock[0])
    paced = pace.Paced()
    rates: dict[str, float] = {"route:a": 100}
    assert paced.wait(rates) == 0
    clock[0] -= 86400
    assert paced.wait(rates) < 1


def test_a_rate_raised_from_very_low_does_not_wait_out_the_old_one() -> None:
    for _ in range(4):
        pace.reserve("mailing:1", 0.01, now=1000.0)
    at, _ = pace.reserve("mailing:1", 100, now=1000.0)
    assert at == 1000.0
