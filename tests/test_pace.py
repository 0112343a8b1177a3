"""The rate: one number, held across workers."""

from collections.abc import Callable
from functools import partial

import pytest

from workers import pace
from workers.pace import LATE, Paced
from workers.routes.models import Pace

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

MANY = 10_000


class Hour:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


def sent_by(
    workers: list[Paced],
    clock: Hour,
    rates: Callable[[int], dict[str, float]],
    seconds: float,
    step: float = 0.001,
) -> list[float]:
    """When messages go out, of workers that send as soon as they may."""
    began, gone = clock.at, []
    free = [began] * len(workers)
    while clock.at < began + seconds:
        for number, worker in enumerate(workers):
            while free[number] <= clock.at:
                wait = worker.wait(rates(number))
                if wait == 0:
                    gone.append(clock.at)
                else:
                    free[number] = clock.at + wait
        clock.at = max(clock.at + step, min(free))
    return gone


def _always(rates: dict[str, float], _: int) -> dict[str, float]:
    return rates


def most_in(seconds: float, gone: list[float]) -> int:
    """The largest number of messages in any window of so long."""
    first, most = 0, 0
    for last, at in enumerate(gone):
        while at - gone[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.parametrize("rate", [0.5, 1.0, 70.0, 1000.0])
@pytest.mark.parametrize("workers", [1, 4])
def test_what_all_workers_reserve_in_ten_seconds_is_the_rate(rate: float, workers: int) -> None:
    began, seconds = 1_000_000.0, 10.0
    instants: list[float] = []
    free = [began] * workers
    while (now := min(free)) < began + seconds:
        at, many = pace.reserve("route:test", rate, now, MANY)
        instants += [at + n / rate for n in range(many)]
        free[free.index(now)] = at + many / rate
    inside = [at for at in instants if began <= at < began + seconds]
    assert len(inside) == pytest.approx(rate * seconds, rel=0.05, abs=1)
    assert len(set(instants)) == len(instants), "no instant is given to two workers"


def test_a_pause_is_not_made_up_for_in_a_burst() -> None:
    pace.reserve("route:test", 10, now=1000.0, most=MANY)
    at, _ = pace.reserve("route:test", 10, now=2000.0, most=MANY)
    assert at == 2000.0


def test_a_gap_between_two_batches_is_made_up_for() -> None:
    first, many = pace.reserve("route:test", 1000, now=1000.0, most=MANY)
    end = first + many / 1000
    again, _ = pace.reserve("route:test", 1000, now=end + LATE / 2, most=MANY)
    assert again == pytest.approx(end)


def test_no_more_is_reserved_than_there_is_to_send() -> None:
    assert pace.reserve("route:test", 1000, now=1000.0, most=3)[1] == 3


def test_the_pace_lasts_beyond_the_worker_that_reserved_it() -> None:
    first, many = pace.reserve("route:test", 2, now=1000.0, most=MANY)
    again, _ = pace.reserve("route:test", 2, now=1000.0, most=MANY)
    assert again == first + many / 2
    assert Pace.objects.count() == 1


def test_several_rates_hold_at_once() -> None:
    clock = Hour()
    rates: dict[str, float] = {"mailing:1": 10, "route:a": 100}
    gone = sent_by([Paced(clock)], clock, lambda _: rates, seconds=10)
    assert len(gone) == pytest.approx(100, abs=3)


def test_two_slow_rates_do_not_wait_for_each_other_for_ever() -> None:
    clock = Hour()
    pace.reserve("route:a", 1, now=clock.at - 0.5, most=1)
    rates: dict[str, float] = {"mailing:1": 1, "route:a": 1}
    gone = sent_by([Paced(clock)], clock, lambda _: rates, seconds=20, step=0.01)
    assert len(gone) == pytest.approx(20, abs=1)


def test_many_slow_mailings_leave_none_of_a_shared_rate_unused() -> None:
    clock = Hour()
    workers = [Paced(clock) for _ in range(8)]
    gone = sent_by(
        workers, clock, lambda n: {f"mailing:{n}": 3.0, "route:a": 12.0}, seconds=10, step=0.01
    )
    assert len(gone) == pytest.approx(120, rel=0.05)


def test_workers_that_all_stall_make_nothing_up_in_a_burst() -> None:
    clock = Hour()
    workers = [Paced(clock) for _ in range(4)]
    rates: dict[str, float] = {"route:a": 100}
    gone = sent_by(workers, clock, lambda _: rates, seconds=3)
    clock.at += 5
    gone += sent_by(workers, clock, lambda _: rates, seconds=12)
    assert most_in(10, gone) <= 100 * (10 + LATE) + 1


def test_a_rate_that_changes_in_flight_holds_from_then_on() -> None:
    clock = Hour()
    workers = [Paced(clock) for _ in range(4)]
    sent_by(workers, clock, lambda _: {"mailing:1": 1.0}, seconds=5, step=0.01)
    for rate in (100.0, 20.0, 200.0):
        gone = sent_by(workers, clock, partial(_always, {"mailing:1": rate}), seconds=10)
        assert len(gone) == pytest.approx(rate * 10, rel=0.05)


def test_a_worker_whose_clock_was_a_day_ahead_holds_nobody_up() -> None:
    pace.reserve("route:test", 10, now=1000.0 + 86400, most=MANY)
    at, _ = pace.reserve("route:test", 10, now=1000.0, most=MANY)
    assert at == 1000.0


def test_a_clock_set_back_a_day_stops_no_worker() -> None:
    clock = Hour()
    paced = Paced(clock)
    rates: dict[str, float] = {"route:a": 100}
    assert paced.wait(rates) == 0
    clock.at -= 86400
    assert paced.wait(rates) < 1


def test_a_rate_raised_from_very_low_does_not_wait_out_the_old_one() -> None:
    for _ in range(4):
        pace.reserve("mailing:1", 0.01, now=1000.0, most=MANY)
    at, _ = pace.reserve("mailing:1", 100, now=1000.0, most=MANY)
    assert at == 1000.0


def test_the_clock_is_the_databases_and_goes_on() -> None:
    clock = pace.Clock()
    first = clock()
    assert abs(first - pace._database_time()) < 5
    assert clock() >= first
