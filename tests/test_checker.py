"""The drill's checker catches each way of breaking the ledger's promise."""

from dataclasses import replace

import pytest

from workers.drill.checker import Claim, Rule, Verdict, judge

STATES = [
    ("ann@example.org", "accepted"),
    ("ben@example.org", "accepted"),
    ("cat@example.org", "uncertain"),
    ("dan@example.org", "excluded"),
]
CLAIM = Claim(STATES, candidates=4, balanced=True)
SINK = ["ann@example.org", "ben@example.org", "cat@example.org"]


def verdict(sink: list[str] = SINK, claim: Claim = CLAIM, at_most: int = 1) -> Verdict:
    return judge(sink, claim, audience=4, uncertain_at_most=at_most)


def changed(who: str, state: str) -> Claim:
    """The claim with another state of somebody."""
    return replace(CLAIM, states=[*(dict(STATES) | {f"{who}@example.org": state}).items()])


def test_a_ledger_that_agrees_with_the_sink_holds() -> None:
    assert verdict().holds


def test_an_uncertain_message_may_have_arrived_or_not() -> None:
    assert verdict(SINK[:2]).holds


def test_somebody_mailed_twice_is_caught() -> None:
    found = verdict([*SINK, "ben@example.org"])
    assert found.broken == {Rule.ONCE: ["ben@example.org (2 times)"]}


def test_somebody_uncertain_and_mailed_twice_is_caught() -> None:
    assert Rule.ONCE in verdict([*SINK, "cat@example.org"]).broken


def test_an_accepted_message_that_never_arrived_is_caught() -> None:
    assert verdict(SINK[1:]).broken == {Rule.ARRIVED: ["ann@example.org"]}


@pytest.mark.parametrize("state", ["excluded", "deferred", "failed", "queued"])
def test_an_arrival_that_the_ledger_does_not_know_is_caught(state: str) -> None:
    broken = verdict(claim=changed("ben", state)).broken
    assert broken[Rule.KNOWN] == ["ben@example.org"]


def test_an_arrival_of_a_stranger_is_caught() -> None:
    found = verdict([*SINK, "eve@example.org"])
    assert found.broken == {Rule.KNOWN: ["eve@example.org"]}


@pytest.mark.parametrize("state", ["queued", "deferred", "failed"])
def test_somebody_left_behind_is_caught(state: str) -> None:
    broken = verdict(claim=changed("dan", state)).broken
    assert broken == {Rule.SETTLED: [f"dan@example.org ({state})"]}


def test_a_lost_delivery_is_caught() -> None:
    broken = verdict(claim=replace(CLAIM, states=STATES[:3])).broken
    assert broken == {Rule.BALANCED: ["3 deliveries, 4 candidates, 4 readers"]}


def test_an_audience_that_was_not_filled_to_its_end_is_caught() -> None:
    short = Claim(STATES[:3], candidates=3, balanced=True)
    assert Rule.BALANCED in verdict(claim=short).broken


def test_two_deliveries_to_one_address_are_caught() -> None:
    twice = replace(CLAIM, states=[*STATES[:3], STATES[0]])
    broken = verdict(claim=twice).broken
    assert broken == {Rule.BALANCED: ["ann@example.org has several deliveries"]}


def test_counters_that_disagree_with_the_rows_are_caught() -> None:
    assert Rule.BALANCED in verdict(claim=replace(CLAIM, balanced=False)).broken


def test_more_uncertain_than_connections_broke_is_caught() -> None:
    assert verdict(at_most=0).broken == {Rule.BOUNDED: ["1, and 0 may be"]}
