"""The corpus of feeds, real and broken, beside the project: what is read of each.

``feedparser_oracle.json`` says what feedparser makes of each by itself.  Where ours differs,
the difference is named here with its reason, and nowhere else may there be one.
"""

import datetime as dt
import functools
import io
import json
import re
import socket
import time
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from digest.intake import feed_briefings
from digest.intake.channel import Channel
from digest.intake.outcomes import Accepted, Rejected, Unfit
from digest.intake.reading import read_stream
from digest.intake.reading_process import read_channel

ROOT = Path(__file__).parents[1]
FEEDS = ROOT.parent / "shared" / "data" / "feeds"
ORACLE = FEEDS / "feedparser_oracle.json"
NOW = dt.datetime(2026, 5, 20, tzinfo=dt.UTC)
SECONDS = 5

pytestmark = pytest.mark.skipif(
    not ORACLE.exists(),
    reason="the corpus of feeds is not here: put it beside the project, at ../shared/data/feeds",
)

FIELDS = (
    "entries",
    "first_title",
    "first_link",
    "first_id",
    "first_published",
    "first_updated",
)


class Why(StrEnum):
    """Why ours says something else than the oracle."""

    ENCODING = "the feed declares no encoding or a wrong one, and ours is told by its letters"
    JSON = "a JSON Feed, which feedparser does not read"
    TEXT = "a headline is text: its markup is taken off, its entities are characters"
    LINK = "a link that is no http(s) address is none that a reader could open"


DIFFERENT: dict[str, tuple[Why, dict[str, Any]]] = {
    "feedparser/chardet/eucjp.xml": (Why.ENCODING, {"first_title": "ゲーム三昧な正月"}),
    "feedparser/chardet/euckr.xml": (
        Why.ENCODING, {"first_title": "EUC-KR 에서 TypeKey 한글닉네임 표시하기"}
    ),
    "feedparser/chardet/gb2312.xml": (
        Why.ENCODING, {"first_title": "不归移民漫画系列：专业工作"}
    ),
    "feedparser/chardet/koi8r.xml": (
        Why.ENCODING, {"first_title": "Как пережить новогоднюю ночь"}
    ),
    "feedparser/chardet/shiftjis.xml": (
        Why.ENCODING, {"first_title": "DrecomRSSに記事投稿が反映されない…"}
    ),
    "feedparser/examples/example.json": (
        Why.JSON,
        {
            "entries": 2, "first_title": "post 2", "first_id": "2",
            "first_link": "https://example.org/second-item",
        },
    ),
    "gofeed/json10_simple.json": (Why.JSON, {"entries": 1}),
    "feedparser/sanitize/entry_title_onkeyup.xml": (Why.TEXT, {"first_title": None}),
    "feedparser/wellformed/atom10__entry_title_inline_markup_2.xml": (
        Why.TEXT, {"first_title": "History of the <blink> tag"}
    ),
    "feedparser/wellformed/base__entry_summary_xml_base_inherit_3.xml": (
        Why.TEXT, {"first_title": "Example test"}
    ),
    "feedparser/wellformed/base__http_entry_title_base_content_location.xml": (
        Why.TEXT, {"first_title": "click here"}
    ),
    "feedvalidator/atom__must__entry_id_not_urn2.xml": (Why.LINK, {"first_link": None}),
    "feedvalidator/atom__must__entry_id_tag_date_2_digit_year.xml": (
        Why.LINK, {"first_link": None}
    ),
    "feedvalidator/atom__must__entry_id_tag_specific_contains_space_2.xml": (
        Why.LINK, {"first_link": None}
    ),
    "feedvalidator/rss20__element-channel-item-link__invalid_item_link.xml": (
        Why.LINK, {"first_link": None}
    ),
}  # fmt: skip
"""File → why, and what ours says instead."""

for _name in (
    "json10_feed", "json10_full", "json11_feed", "json11_full",
    "version_json_11_deprecated_author",
):  # fmt: skip
    DIFFERENT[f"gofeed/{_name}.json"] = (
        Why.JSON,
        {
            "entries": 1, "first_title": "title", "first_id": "id",
            "first_link": "https://sample-json-feed.com/id",
            "first_published": [2019, 10, 12, 7, 20, 50],
            "first_updated": [2019, 10, 12, 7, 20, 50],
        },
    )  # fmt: skip

NO_FEEDS: dict[str, str] = {
    "feedparser/illformed/rss_empty_document.xml": "no article could be found",
    "gofeed/empty_feed.xml": "empty",
    "gofeed/invalid.json": "broken JSON",
    "gofeed/json10_full_expected.json": "no published_at",
    "gofeed/json11_full_expected.json": "no published_at",
    "gofeed/unknown_feed.xml": "markup that can't be read",
}
"""File → the beginning of why nothing of it is read."""


@dataclass
class Reading:
    """What came of one file."""

    channel: Channel | None
    why: str
    seconds: float
    briefings: int
    rejected: list[str]


@functools.cache
def oracle() -> dict[str, dict[str, Any]]:
    """What feedparser says of each file."""
    said: dict[str, dict[str, Any]] = json.loads(ORACLE.read_text("utf-8"))
    return said


@functools.cache
def readings() -> dict[str, Reading]:
    """Every file, read as intake reads it, without a network."""
    files = sorted(path for path in FEEDS.rglob("*") if path.is_file() and path != ORACLE)
    real, socket.socket.connect = socket.socket.connect, _no_network  # type: ignore[method-assign]
    try:
        return {str(path.relative_to(FEEDS)): _reading(path.read_bytes()) for path in files}
    finally:
        socket.socket.connect = real  # type: ignore[method-assign]


def _no_network(*_: object) -> None:
    raise AssertionError("reading a feed reached for the network")


def _reading(data: bytes) -> Reading:
    begun = time.perf_counter()
    outcomes = list(read_stream(io.BytesIO(data), "in", "corpus"))
    seconds = time.perf_counter() - begun
    rejected = [one.why for one in outcomes if isinstance(one, Rejected)]
    kept = sum(isinstance(one, Accepted) for one in outcomes)
    try:
        return Reading(read_channel(data), "", seconds, kept, rejected)
    except Unfit as problem:
        return Reading(None, problem.why, seconds, kept, rejected)


def ours(channel: Channel) -> dict[str, Any]:
    """A channel in the oracle's words."""
    first = channel.entries[0] if channel.entries else None
    return {
        "entries": len(channel.entries),
        "first_title": (first and first.title) or None,
        "first_link": (first and first.link) or None,
        "first_id": (first and first.id) or None,
        "first_published": _moment(first.published) if first else None,
        "first_updated": _moment(first.updated) if first else None,
    }


def _moment(text: str) -> list[int] | None:
    return list(dt.datetime.fromisoformat(text).timetuple()[:6]) if text else None


def test_all_212_are_here_and_each_is_read_or_told_in_time() -> None:
    assert len(readings()) == 212
    slow = {name: one.seconds for name, one in readings().items() if one.seconds > SECONDS}
    assert not slow
    silent = [name for name, one in readings().items() if not one.briefings and not one.rejected]
    assert not silent


def test_what_is_read_is_what_the_oracle_says_or_a_named_difference() -> None:
    wrong = []
    for name, reading in readings().items():
        if name in NO_FEEDS:
            continue
        assert reading.channel is not None, f"{name}: {reading.why}"
        got = ours(reading.channel)
        expected = {field: oracle()[name][field] or None for field in FIELDS}
        expected["entries"] = oracle()[name]["entries"]
        _, named = DIFFERENT.get(name, (None, {}))
        wrong += [
            (name, field, got[field], expected[field])
            for field in FIELDS
            if got[field] != named.get(field, expected[field])
        ]
        wrong += [
            (name, field, "no difference any more")
            for field in named
            if expected[field] == named[field]
        ]
    assert not wrong


def test_what_is_no_feed_gives_a_reason() -> None:
    for name, why in NO_FEEDS.items():
        reading = readings()[name]
        assert not reading.briefings, name
        assert why in reading.rejected[0], name
        assert name not in oracle() or oracle()[name]["entries"] == 0


def test_a_broken_feed_gives_its_reason_and_every_entry_that_could_be_read() -> None:
    broken = {name: one for name, one in readings().items() if one.channel and one.channel.trouble}
    assert len(broken) > 5
    for name, reading in broken.items():
        assert reading.channel
        assert reading.channel.trouble in reading.rejected[0], name
        assert f"{len(reading.channel.entries)} of its entries" in reading.rejected[0], name
        found = feed_briefings.briefings(reading.channel, "in", "corpus", NOW)
        assert reading.briefings == sum(isinstance(one.outcome, Accepted) for one in found)


def counts() -> list[tuple[str, int, int, int, int, int]]:
    """Format, files, entries, briefings, broken, and files that differ from the oracle."""
    rows: dict[str, Counter[str]] = {}
    for name, reading in readings().items():
        kind = reading.channel.format if reading.channel and name not in NO_FEEDS else "no feed"
        row = rows.setdefault(kind, Counter())
        row.update(
            files=1,
            entries=len(reading.channel.entries) if reading.channel else 0,
            briefings=reading.briefings,
            broken=int(bool(reading.channel and reading.channel.trouble)),
            different=int(name in DIFFERENT),
        )
    columns = ("files", "entries", "briefings", "broken", "different")
    table = [(kind, *(row[name] for name in columns)) for kind, row in sorted(rows.items())]
    whole = ("all", *(sum(row[name] for row in rows.values()) for name in columns))
    return [*table, whole]  # type: ignore[list-item]


def test_the_table_of_counts_in_the_documentation_is_what_was_measured() -> None:
    page = (ROOT / "docs" / "intake.md").read_text("utf-8")
    section = page.split("## How well feeds are read")[1].split("\n## ")[0]
    shown = [
        tuple(int(cell) if cell.isdigit() else cell for cell in row.split(" | "))
        for row in re.findall(r"^\| (.+\d) \|$", section, re.MULTILINE)
    ]
    assert shown == counts()
    reasons = Counter(why for why, _ in DIFFERENT.values())
    for why, files in reasons.items():
        assert f"- {files} files: {why}" in section
