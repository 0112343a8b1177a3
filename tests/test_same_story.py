"""Which briefings tell the same story, measured on pairs that people labelled."""

import datetime as dt
from typing import Any

import pytest

from benchmarks.same_story import DATA, FILES, pairs, score
from digest.parts import BriefingData, Source
from digest.same_story import publishers
from digest.same_story.pairing import FEW, Index
from digest.same_story.quantities import numbers_and_days
from digest.same_story.signature import Signature, kept, signature
from digest.same_story.verdict import Judged, Verdict, compare

MONDAY = dt.datetime(2026, 5, 18, 9, tzinfo=dt.UTC)


def signed(headline: str, summary: str = "", **said: Any) -> Signature:
    plain = {"slug": "s", "topic": "t", "published_at": MONDAY, **said}
    return signature(
        BriefingData.model_validate({**plain, "headline": headline, "summary": summary})
    )


def source(name: str, url: str = "") -> dict[str, str]:
    return {"name": name, "url": url}


# ---- measured --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_what_is_folded_unasked_is_right_and_most_of_the_rest_is_put_to_the_editor(
    name: str,
) -> None:
    found = list(pairs(DATA / name))
    assert score(found, Verdict.SAME).precision >= 0.98
    assert score(found, Verdict.SAME, Verdict.LIKELY).recall >= 0.8


# ---- what a signature takes from a text ------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("hired for $700,000", ["$700000"]),
        ("hired for $700k", ["$700000"]),
        ("700 thousand dollars", ["$700000"]),
        ("US$1.5bn", ["$1500000000"]),
        ("1,500 million dollars", ["$1500000000"]),
        ("5 per cent", ["5%"]),
        ("5pc", ["5%"]),
        ("five percent", ["5%"]),
        ("seven roles", ["7"]),
        ("first-quarter profit", ["q1"]),
        ("A24 and GPT4", []),
    ],
)
def test_a_number_has_one_spelling(text: str, numbers: list[str]) -> None:
    assert numbers_and_days(text, MONDAY.date())[0] == numbers


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("on 15 May", ["05-15"]),
        ("on May 15, 2026", ["05-15"]),
        ("on Friday", ["05-15"]),
        ("on 2026-05-15", ["05-15"]),
        ("yesterday", ["05-17"]),
        ("it may 5 times", []),
    ],
)
def test_a_day_has_one_spelling(text: str, days: list[str]) -> None:
    assert numbers_and_days(text, MONDAY.date())[1] == days


def test_capitals_of_a_beginning_or_of_a_whole_headline_make_no_names() -> None:
    made = signed("Harbour Office Buys New Cranes", "Cranes cost more. The port of Aldwyn paid.")
    assert made.names == ("aldwyn",)


def test_a_signature_comes_back_from_the_database_as_it_was() -> None:
    made = signed("Lantern buys Pellbury", sources=[source("Wire", "https://wire.example.org/a")])
    assert kept(made.plain) == made


def test_sources_of_one_house_are_one_independent_source() -> None:
    told = [
        Source(name="The Financial Paper", url="https://www.paper.co.uk/a"),
        Source(name="FP", url="https://markets.paper.co.uk/b"),
        Source(name="Financial Paper"),
        Source(name="Wire", url="https://wire.example.org/a"),
        Source(name="Other", url="https://other.example.org/a"),
    ]
    assert publishers.independent(publishers.told_by(told)) == 3


# ---- verdicts --------------------------------------------------------------------------------

BRIDGE = (
    "The council of Aldwyn closed the Orsin bridge on Sunday after cracks were found in cables."
)


def judged(one: Signature, other: Signature, **kwargs: Any) -> Judged:
    return compare(one, other, **kwargs)


def test_one_copy_at_two_houses_is_the_same_story() -> None:
    one = signed("Cracks close Orsin bridge", BRIDGE, sources=[source("Aldwyn Courier")])
    other = signed("Orsin bridge closed by cracks", BRIDGE, sources=[source("Ferry Post")])
    found = judged(one, other)
    assert found.verdict is Verdict.SAME
    assert found.why.startswith("Both name Orsin and Aldwyn")


def test_a_verdict_does_not_depend_on_which_comes_first() -> None:
    one = signed("Cracks close Orsin bridge", BRIDGE, sources=[source("Aldwyn Courier")])
    other = signed("Engineers shut bridge", "Orsin bridge is shut, said Aldwyn.")
    assert judged(one, other).points == judged(other, one).points


def test_the_same_figures_alone_are_no_story() -> None:
    one = signed("Apples", "Growers sold 37 million crates, 12 per cent less.")
    other = signed("Cinemas", "The chain sold 37 million tickets, 12 per cent less.")
    assert judged(one, other).verdict is Verdict.DIFFERENT


def test_another_figure_is_put_to_an_editor_and_not_folded() -> None:
    one = signed("Cracks close Orsin bridge", f"{BRIDGE} Repairs cost $5m.")
    other = signed("Cracks close Orsin bridge", f"{BRIDGE} Repairs cost $9m.")
    assert judged(one, other).verdict is Verdict.LIKELY


def test_one_house_seldom_tells_a_story_twice() -> None:
    wire = [source("Wire", "https://wire.example.org/a")]
    one = signed("Fire destroys boatyard in Skarrow", "A fire in Skarrow on Sunday.", sources=wire)
    other = signed("Fire damages school in Skarrow", "A fire in Skarrow on Sunday.", sources=wire)
    assert judged(one, other).verdict is Verdict.DIFFERENT


def test_months_apart_are_two_stories_in_the_same_words() -> None:
    other = signed("Cracks close Orsin bridge", BRIDGE, published_at=MONDAY - dt.timedelta(days=60))
    assert judged(signed("Cracks close Orsin bridge", BRIDGE), other).verdict is Verdict.DIFFERENT


def test_a_name_that_everybody_has_says_nothing() -> None:
    one = signed("Profit up", "At Lantern more lamps sold.")
    other = signed("Profit down", "At Lantern fewer lamps sold.")
    with_it, without = judged(one, other), judged(one, other, common={"lantern"}.__contains__)
    assert with_it.points > without.points


# ---- pairs among many ------------------------------------------------------------------------


def test_pairs_are_found_among_thousands_without_comparing_all() -> None:
    told = [signed("Cracks close Orsin bridge", BRIDGE), signed("Bridge shut", BRIDGE)]
    others = [signed(f"Matter {n}", f"Word{n}x and Other{n}y met Third{n}z.") for n in range(FEW)]
    all_of_them = [told[0], *others, told[1]]
    index = Index([1.0] * len(all_of_them), [one.keys for one in all_of_them])
    assert list(index.pairs()) == [(0, len(all_of_them) - 1)]


def test_what_is_months_apart_is_not_compared() -> None:
    keys = signed("Cracks close Orsin bridge", BRIDGE).keys
    assert not list(Index([1.0, 61.0], [keys, keys]).pairs())


def test_a_name_in_many_briefings_is_common() -> None:
    keys = [signed(f"Lantern does {n}", f"So Lantern has done {n}.").keys for n in range(10)]
    index = Index([1.0] * 10, keys)
    assert index.common("lantern")
    assert not index.common("pellbury")
