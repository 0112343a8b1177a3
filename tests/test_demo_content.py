"""The demo's briefings and subscribers: what the demo and its readers count on."""

import csv
import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import workers.demo
from digest.changes import is_material
from digest.parts import BriefingData

DEMO = Path(workers.demo.__file__).parent
UPDATES = (1, 2, 3, 4)
SENT = (1, 2, 3)
LAST_CUT_OFF = dt.datetime(2026, 6, 3, 15, tzinfo=dt.UTC)
WEEK = dt.timedelta(days=7)

DATED = re.compile(
    r"\b(January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(19|20)\d\d)\b"
)
MARK = re.compile(r"\[\^(\w+)\](?!:)")
NOTE = re.compile(r"^\[\^(\w+)\]: \S", re.MULTILINE)
LOST_LINK = re.compile(r",\s+;|\(https?://\)")


def briefings(update: int) -> dict[str, BriefingData]:
    files = sorted((DEMO / "briefings" / f"update-{update}").glob("*.json"))
    return {file.stem: BriefingData.model_validate_json(file.read_text("utf-8")) for file in files}


def known_before(update: int) -> dict[str, BriefingData]:
    """The newest version of each briefing that an earlier update carried."""
    return {slug: one for n in range(1, update) for slug, one in briefings(n).items()}


def window(update: int) -> tuple[dt.datetime, dt.datetime]:
    cut_off = LAST_CUT_OFF - (4 - update) * WEEK
    return cut_off - WEEK, cut_off


def prose(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from prose(part, name)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from prose(part, key)
    elif isinstance(value, str) and key not in {"slug", "topic", "url"}:
        yield re.sub(r"\]\([^)]*\)", "]", value)


def subscribers() -> list[dict[str, str]]:
    with (DEMO / "subscribers.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_three_sent_updates_carry_at_least_eighteen_briefings_and_the_draft_six() -> None:
    assert [len(briefings(n)) for n in UPDATES] == [6, 8, 9, 6]
    assert len({slug for n in SENT for slug in briefings(n)}) >= 18


@pytest.mark.parametrize("update", UPDATES)
def test_each_file_is_named_for_its_slug_and_belongs_to_the_topic(update: int) -> None:
    for name, one in briefings(update).items():
        assert (one.slug, one.topic) == (name, "medias-ai-pivot")
        assert one.image is None


@pytest.mark.parametrize("update", UPDATES)
def test_each_briefing_is_news_of_its_own_week(update: int) -> None:
    since, until = window(update)
    before = known_before(update)
    for slug, one in briefings(update).items():
        if slug in before:
            assert one.published_at == before[slug].published_at
            assert one.updated_at is not None
        assert since < (one.updated_at or one.published_at) <= until, slug
        assert all(source.date <= until.date() for source in one.sources if source.date), slug


@pytest.mark.parametrize(("update", "count"), [(1, 0), (2, 2), (3, 3), (4, 1)])
def test_carried_over_briefings_have_moved_on(update: int, count: int) -> None:
    before = known_before(update)
    carried = {slug: one for slug, one in briefings(update).items() if slug in before}
    assert len(carried) == count
    for slug, one in carried.items():
        assert is_material(before[slug], one)
        assert one.status != before[slug].status
        assert one.body.count("\n\n") > before[slug].body.count("\n\n")


def test_one_story_of_the_first_update_is_resolved_in_the_third() -> None:
    resolved = [slug for slug, one in briefings(3).items() if one.status == "Resolved"]
    assert len(resolved) == 1
    assert resolved[0] in briefings(1)


@pytest.mark.parametrize("update", UPDATES)
def test_each_update_has_one_first_and_one_second_lead_whose_title_fits(update: int) -> None:
    ranked = sorted(briefings(update).values(), key=lambda one: -one.importance)
    assert [one.importance for one in ranked][:2] == [3, 2]
    assert ranked[2].importance < 2
    assert len("; ".join(one.short_headline for one in ranked[:2])) <= 90
    assert all(len(one.headline) <= 70 and len(one.short_headline) <= 40 for one in ranked)


@pytest.mark.parametrize("update", UPDATES)
def test_the_prose_names_no_day_month_or_year_so_that_it_can_be_dated_anew(update: int) -> None:
    for one in briefings(update).values():
        for text in prose(one.model_dump()):
            assert not DATED.search(text), (one.slug, DATED.search(text))


@pytest.mark.parametrize("update", UPDATES)
def test_one_view_is_shared_by_two_briefings_of_each_update(update: int) -> None:
    views = Counter(view for one in briefings(update).values() for view in one.perspectives)
    assert 2 in views.values()


@pytest.mark.parametrize("update", SENT)
def test_what_is_sent_has_every_footnote_and_no_lost_link(update: int) -> None:
    for one in briefings(update).values():
        assert sorted(MARK.findall(one.body)) == sorted(NOTE.findall(one.body)), one.slug
        assert not LOST_LINK.search(one.body), one.slug


def test_one_briefing_of_the_first_update_has_only_a_headline_and_a_summary() -> None:
    bare = [one for one in briefings(1).values() if not one.body]
    assert len(bare) == 1
    assert bare[0].summary
    assert (bare[0].key_takeaway, bare[0].sources, bool(bare[0].analysis)) == ("", (), False)


def test_the_draft_tells_one_story_twice_from_different_sources() -> None:
    told = [one for slug, one in briefings(4).items() if "verbatim-row" in slug]
    assert len(told) == 2
    first, second = told
    names = [{source.name for source in one.sources} for one in told]
    assert names[0].isdisjoint(names[1])
    assert first.headline != second.headline


def test_the_draft_has_one_briefing_to_mend() -> None:
    drafted = briefings(4).values()
    torn = [one for one in drafted if set(MARK.findall(one.body)) - set(NOTE.findall(one.body))]
    assert [one.slug for one in torn] == [one.slug for one in drafted if LOST_LINK.search(one.body)]
    assert len(torn) == 1
    assert "](https://)" in torn[0].body
    assert re.search(r",\s+;", torn[0].body)


def test_two_hundred_subscribers_have_addresses_of_their_own_that_reach_nobody() -> None:
    rows = subscribers()
    assert len(rows) == len({row["email"].casefold() for row in rows}) == 200
    assert len({row["name"] for row in rows}) == 200
    for row in rows:
        assert re.search(r"@([a-z-]+\.)?example\.(com|org|net)$", row["email"])
        assert row["topics"] == "medias-ai-pivot"
        assert ZoneInfo(row["zone"]).key == row["zone"]
        assert dt.datetime.fromisoformat(row["joined"]) < window(1)[0]


def test_the_three_segments_partition_the_subscribers_by_tag() -> None:
    segments = json.loads((DEMO / "segments.json").read_text("utf-8"))
    assert all(set(rule) == {"field", "is"} for rule in segments.values())
    tags = {name: rule["is"] for name, rule in segments.items() if rule["field"] == "tag"}
    counts = Counter(row["tags"] for row in subscribers())
    assert counts == {tags["trade"]: 120, tags["newsroom"]: 50, tags["research"]: 30}
