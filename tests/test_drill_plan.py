"""What a drill will do comes from its seed alone."""

import pytest

from workers.drill import plan, series
from workers.drill.plan import Fault

COST = {Fault.WORKER: 1, Fault.CELERY: 2, Fault.SYSTEM: 2}


def test_the_same_seed_makes_the_same_plan() -> None:
    assert plan.made(7, 5000, 8, 2) == plan.made(7, 5000, 8, 2)
    assert plan.made(7, 5000, 8, 2) != plan.made(8, 5000, 8, 2)


@pytest.mark.parametrize("seed", range(20))
def test_exactly_as_many_senders_are_killed_as_were_asked_for(seed: int) -> None:
    events = plan.made(seed, 5000, 9, 2).events
    assert sum(COST.get(event.fault, 0) for event in events) == 9


def test_faults_come_in_order_and_before_the_end() -> None:
    events = plan.made(3, 1000, 40, 2).events
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert events[-1].at < 900


def test_the_broker_and_the_sink_fail_too() -> None:
    made = plan.made(3, 1000, 8, 2)
    assert {Fault.FLUSH, Fault.BROKER} <= {event.fault for event in made.events}
    assert len(made.drop_before) == len(made.drop_after) == 4
    assert not set(made.drop_before) & set(made.drop_after)


def test_postgresql_fails_where_it_is_used() -> None:
    faults = {event.fault for event in plan.made(3, 1000, 8, 2).events}
    assert not faults & {Fault.CUT, Fault.RESTART}
    faults = {event.fault for event in plan.made(3, 1000, 8, 2, postgres=True, restart=True).events}
    assert faults >= {Fault.CUT, Fault.RESTART}


def test_seeds_are_given_as_numbers_and_ranges() -> None:
    assert series.seeds("1-3,7, 9") == [1, 2, 3, 7, 9]


@pytest.mark.parametrize("text", ["", "ten", "3-1", "1-", "-1", "1,,2"])
def test_what_is_no_range_of_seeds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither a number nor a range"):
        series.seeds(text)


def test_a_drills_line_counts_who_was_mailed_twice_and_who_was_lost() -> None:
    told = {
        "killed": 8, "uncertain_at_most": 36, "seconds": 41.0, "sheet": {"uncertain": 5},
        "broken": {"once": ["a (2 times)"], "arrived": ["b"], "settled": ["c", "d"]},
    }  # fmt: skip
    assert series.figures(told) == [8, 5, 36, 1, 3, 41.0]
