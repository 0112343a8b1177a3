"""How many people a rule selects, told while one types."""

import random

import pytest

from subscribers import glance, segments
from tests.rules_to_try import lots, sampled

pytestmark = pytest.mark.both_databases


def test_few_people_are_counted_and_many_are_told_as_about_so_many(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = {"field": "sample.spring test", "before": 50}
    assert glance.quick(rule) == glance.Glance(0, 0, [])
    lots(2000)
    counted = glance.quick(rule)
    assert counted.is_exact
    assert counted.count == len(sampled("spring test", before=50))
    monkeypatch.setattr(glance, "SMALL", 100)
    monkeypatch.setattr(glance, "_LENGTH", 10)
    about = glance.quick(rule)
    assert not about.is_exact
    assert abs(about.count - counted.count) <= about.margin < 300
    assert glance.quick(rule) == about, "it doesn't waver"
    assert len(set(about.people)) == 20
    assert set(about.people) <= set(segments.people(rule))
    assert glance.exact(rule).count == counted.count
    source = {"field": "source", "is": "a list that nobody met"}
    assert glance.quick(source).most == 150, "of 2,000, three fortieths may be a list of their own"


_BELOW = [bytes(byte < bound for byte in range(256)) for bound in range(257)]


def _listed(chance: random.Random, span: int) -> bytes:
    """One byte a person, 1 where a made-up rule selects them: people of one list are alike."""
    made, sizes = bytearray(), chance.choice([[50], [100, 2000], [500, 5000, 20_000]])
    share = chance.choice([0.05, 0.3, 1])
    while len(made) < span:
        bound = round(256 * chance.random()) if chance.random() < share else 0
        made += chance.randbytes(chance.choice(sizes)).translate(_BELOW[bound])
    return bytes(made[:span])


@pytest.mark.parametrize("span", [60_000, 150_000])
def test_19_times_in_20_as_many_as_said_fit_also_where_neighbours_are_alike(span: int) -> None:
    chance, tried, right = random.Random(5), 100, 0
    starts = glance._starts(0, span)
    for _ in range(tried):
        fits = _listed(chance, span)
        hits = [fits.count(1, start, start + glance._LENGTH) for start in starts]
        count, margin = glance.estimate(hits, span)
        right += abs(count - fits.count(1)) <= margin
    assert right >= 0.93 * tried


def test_the_margin_tells_how_far_the_blocks_differ() -> None:
    alike, apart = [250] * 40, [500, 0] * 20
    assert glance.estimate(alike, 1_000_000) == (500_000, 7121), "as if drawn one by one"
    assert glance.estimate(apart, 1_000_000) == (500_000, 160_342)
    assert glance.estimate([0] * 40, 1_000_000) == (0, 75_000)
    assert glance.estimate([500] * 40, 1_000_000) == (1_000_000, 75_000)
