"""The coming weeks of a schedule, as a calendar."""

import datetime as dt

from workers.rules import Rule
from workers.run_calendar import MOST, weeks

NOW = dt.datetime(2026, 12, 17, 12, 0, tzinfo=dt.UTC)  # a Thursday


def test_the_weeks_begin_with_this_one_and_say_when_something_is_due() -> None:
    first, *_, last = found = weeks(Rule("0 7 * * 5", "Europe/London"), NOW)
    assert [len(week) for week in found] == [7] * 5
    assert first[0].date == dt.date(2026, 12, 14)
    assert [day.times for day in first] == [(), (), (), (), ("07:00",), (), ()]
    assert first[3].today
    assert [day.past for day in first] == [True] * 3 + [False] * 4
    assert last[4].words == "Friday 15 January: 07:00"


def test_days_are_those_of_the_rule_s_own_zone() -> None:
    first, *_ = weeks(Rule("0 1 * * 6", "Asia/Tokyo"), NOW)
    assert first[5].times == ("01:00",)


def test_a_blackout_day_is_told_from_one_on_which_nothing_is_due() -> None:
    _, second, *_ = weeks(Rule("0 7 * * 5", "UTC", blackouts="12-24..12-26"), NOW)
    assert second[4].blackout
    assert "skipped" in second[4].words
    assert not second[3].blackout


def test_a_rule_that_comes_due_every_minute_is_not_followed_for_five_weeks() -> None:
    found = weeks(Rule("* * * * *", "UTC"), NOW)
    assert sum(len(day.times) for week in found for day in week) == MOST
    assert found[0][3].label == f"{MOST}×"
