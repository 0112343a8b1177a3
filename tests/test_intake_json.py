"""Briefing JSON and JSON lines: the contract's rules, and what a mistake is told as."""

import datetime as dt
import json
import time
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest

from digest.intake.briefing_json import read_json
from digest.intake.fields import briefing_from, reading_minutes
from digest.intake.json_lines import read_json_lines
from digest.intake.limits import BRIEFING
from digest.intake.outcomes import Accepted, Outcome, Rejected, Unfit
from digest.intake.reading import Format, format_of, read_stream
from digest.intake.slugs import slug_from
from digest.parts import BriefingData


def story(number: int = 1, **parts: Any) -> dict[str, Any]:
    return {
        "headline": f"Ferry firm buys paper {number}",
        "published_at": "2026-05-15T09:00:00Z",
        "summary": "A ferry firm bought a newspaper.",
        **parts,
    }


def made(**parts: Any) -> BriefingData:
    return briefing_from(story(**parts), "harbour")[0]


def refused(**parts: Any) -> str:
    with pytest.raises(Unfit) as caught:
        briefing_from(story(**parts), "harbour")
    return caught.value.why


def read(data: bytes | str) -> list[Outcome]:
    given = data.encode() if isinstance(data, str) else data
    return list(read_stream(BytesIO(given), "in", "harbour"))


def kept(outcomes: Iterable[Outcome]) -> list[str]:
    return [one.briefing.slug for one in outcomes if isinstance(one, Accepted)]


def rejected(outcomes: Iterable[Outcome]) -> list[tuple[int | None, str]]:
    return [(one.line, one.why) for one in outcomes if isinstance(one, Rejected)]


# ---- the rules of a briefing --------------------------------------------------------------


def test_every_part_of_the_contract_is_kept() -> None:
    given = {
        "slug": "ferry-firm-buys-paper",
        "topic": "harbour",
        "headline": "Ferry firm buys paper",
        "short_headline": "Ferry firm buys",
        "published_at": "2026-05-15T11:00:00+02:00",
        "updated_at": "2026-05-27T15:20:00.123456Z",
        "read_minutes": 4,
        "tag": "Industry",
        "status": "Developing",
        "first_reported_in": {"update": 2, "title": "Night desk", "date": "2026-05-17"},
        "summary": "S",
        "key_takeaway": "K",
        "body": "B [^1]\n\n[^1]: note",
        "sources": [{"name": "Quay", "date": "2026-05-17", "url": "https://example.com/a"}],
        "analysis": {
            "plain_english": "P",
            "root_causes": "R",
            "next": [{"kind": "Meaning", "text": "N"}],
        },
        "perspectives": [{"party": "Guild", "text": "V"}],
        "image": {"url": "https://example.com/i.png", "alt": "A ferry"},
        "importance": 3,
        "url": "https://example.com/b",
    }
    briefing, warnings = briefing_from(given)
    said = briefing.model_dump(mode="json", exclude={"extra"})
    assert said == given | {"published_at": "2026-05-15T09:00:00Z"}
    assert warnings == ()


def test_the_slug_comes_from_the_headline_where_none_is_given() -> None:
    assert made(headline="Netflix confirms INKubator, no vendor named").slug == (
        "netflix-confirms-inkubator-no-vendor-named"
    )


def test_a_slug_alone_makes_the_headline_with_a_warning() -> None:
    given = story(slug="ferry-firm-buys")
    del given["headline"]
    briefing, warnings = briefing_from(given, "harbour")
    assert briefing.headline == "Ferry firm buys"
    assert warnings == ("no headline: made from the slug",)


def test_reading_time_is_counted_over_all_parts_where_absent() -> None:
    assert made().read_minutes == 1
    assert made(body="word " * 238 * 3).read_minutes == 3
    assert made(analysis={"plain_english": "word " * 476}).read_minutes == 2
    assert made(body="word " * 5000, read_minutes=2).read_minutes == 2
    assert reading_minutes({"body": "新" * 238 * 4}) == 2


def test_unknown_keys_are_kept_under_extra_and_named() -> None:
    briefing, warnings = briefing_from(
        story(byline="A", sources=[{"name": "Quay", "author": "B"}, {"name": "Post"}]), "harbour"
    )
    assert briefing.extra == {"byline": "A", "sources.0.author": "B"}
    assert [one.name for one in briefing.sources] == ["Quay", "Post"]
    assert warnings == (
        "unknown key “byline”: kept under extra",
        "unknown key “sources.author”: kept under extra",
    )


def test_null_is_the_same_as_absent() -> None:
    assert made(tag=None, image=None, analysis={"next": None}) == made()


def test_the_asked_for_topic_wins_and_says_so() -> None:
    briefing, warnings = briefing_from(story(topic="elsewhere"), "harbour")
    assert briefing.topic == "harbour"
    assert warnings == ("topic “elsewhere” in the input, loaded into harbour as asked",)


def test_the_same_instant_is_the_same_in_any_offset() -> None:
    assert made(published_at="2026-05-15T11:00:00+02:00") == made()
    assert made().published_at.tzinfo is dt.UTC


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"published_at": None}, "no published_at: add when it was published, e.g. 2026-05-15T09"),
        ({"published_at": "2026-05-15"}, "no date with time and offset"),
        ({"published_at": "2026-05-15T09:00:00"}, "has no offset; write for example 2026-05-15T09"),
        ({"published_at": 1778835600}, "no date with time and offset"),
        ({"published_at": "0001-01-01T00:00:00+14:00"}, "is in the year 0001"),
        ({"published_at": "2026-02-31T00:00:00Z"}, "day is out of range"),
        ({"headline": None}, "no headline and no slug: add one of them"),
        ({"summary": " "}, "no summary and no body: add one of them"),
        ({"headline": "x" * 5_000_000}, "headline has 5,000,000 characters, at most 500 may be"),
        ({"headline": "two\nlines"}, "headline has a line break or control character"),
        ({"headline": "two\u2028lines"}, "headline has a line break or control character"),
        ({"headline": "red \x1b[31m"}, "headline has a line break or control character"),
        ({"summary": "a\x07bell"}, "summary has a line break or control character"),
        ({"body": "half \ud800"}, "holds a NUL or half a character"),
        ({"extra": {"a": "\0"}}, "holds a NUL or half a character"),
        ({"extra": {"a": float("inf")}}, "a number is too large"),
        ({"slug": "Not A Slug"}, "slug “Not A Slug” may have only a–z"),
        ({"url": "javascript:alert(1)"}, "url “javascript:alert(1)” is no http(s) address"),
        ({"sources": [{"name": "Q", "url": "file:///etc/passwd"}]}, "is no http(s) address"),
        ({"sources": [{"url": "https://example.com"}]}, "no sources.0.name"),
        ({"sources": [{"name": "Q", "date": "17 May 2026"}]}, "is no day; write it as 2026-05-17"),
        ({"sources": "Quay"}, "sources: expected a list, not “Quay”"),
        ({"perspectives": ["x"]}, "perspectives.0: expected an object"),
        ({"read_minutes": 0}, "read_minutes is “0”, at least 1 is needed"),
        ({"read_minutes": "long"}, "read_minutes: expected a whole number, not “long”"),
        ({"importance": 1000}, "importance is “1000”, at most 100 may be"),
        ({"image": {"alt": "A ferry"}}, "no image.url"),
    ],
)
def test_a_mistake_is_told_in_the_readers_words(parts: dict[str, Any], why: str) -> None:
    assert why in refused(**parts)


def test_no_topic_at_all_is_told_with_both_ways_to_name_it() -> None:
    with pytest.raises(Unfit, match="no topic: name it with --topic"):
        briefing_from(story())


def test_several_mistakes_are_told_at_once() -> None:
    assert refused(published_at=None, tag=7).count(";") == 1


def test_deep_nesting_is_refused_whether_parsed_or_not() -> None:
    nested: Any = "x"
    for _ in range(30):
        nested = [nested]
    assert refused(extra={"a": nested}) == "nested more than 20 levels deep"
    (told,) = read('{"a": ' * 100_000)
    assert isinstance(told, Rejected)
    assert told.why == "nested too deep"


# ---- slugs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headline", "slug"),
    [
        ("Media's AI Pivot", "medias-ai-pivot"),
        ("News Corp names $1.5bn settlement", "news-corp-names-15bn-settlement"),
        ("Łódź: café – déjà vu/Straße", "lodz-cafe-deja-vu-strasse"),
    ],
)
def test_slugs_are_plain(headline: str, slug: str) -> None:
    assert slug_from(headline) == slug


def test_headlines_without_latin_letters_get_stable_slugs_of_their_own() -> None:
    slugs = {
        slug_from(headline) for headline in ("شركة تشتري صحيفة", "شركة تبيع صحيفة", "新闻", "!!")
    }
    assert len(slugs) == 4
    assert all(slug.isascii() and slug.startswith("story-") for slug in slugs)
    assert slug_from("新闻") == slug_from("新闻")
    assert slug_from("AI 新闻").startswith("ai-")


def test_long_headlines_that_begin_alike_get_different_slugs() -> None:
    one, two = slug_from("word " * 60 + "one"), slug_from("word " * 60 + "two")
    assert one != two
    assert len(one) <= 120


# ---- one JSON text ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelled",
    [
        json.dumps(story()),
        json.dumps(story(), indent=2),
        json.dumps([story()]),
        json.dumps({"briefings": [story()]}),
        json.dumps({"version": 1, "briefings": [story()]}),
        json.dumps({"briefings": [story()], "made_by": "desk"}, indent=1),
    ],
)
def test_an_object_a_list_and_a_wrapped_list_are_read(spelled: str) -> None:
    assert kept(read(spelled)) == ["ferry-firm-buys-paper-1"]
    assert len(read(spelled)) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encodings_that_mark_themselves_are_read(encoding: str) -> None:
    spelled = json.dumps(story(headline="Fähre"), ensure_ascii=False)
    assert kept(read(spelled.encode(encoding))) == ["fahre"]
    lines = f"{spelled}\n{json.dumps(story(2))}\n"
    assert len(kept(read(lines.encode(encoding)))) == 2


def test_other_encodings_and_binary_are_refused_with_the_line() -> None:
    assert rejected(read(b'[\n{"headline": "F\xe4hre"}]')) == [(2, "not UTF-8: save it as UTF-8")]
    assert rejected(read("[]".encode("utf-32"))) == [(None, "is UTF-32: save it as UTF-8")]
    assert rejected(read(b"\x7fELF\x02\x01\0\0")) == [(1, "binary, no text")]
    assert rejected(read(b"\x1f\x8b\x08\0")) == [
        (None, "compressed, and cut short: nothing of it can be unpacked")
    ]


def lines_of(*spelled: str) -> str:
    return "[\n" + ",\n".join(spelled) + "\n]"


TEN = [json.dumps(story(number)) for number in range(1, 11)]


@pytest.mark.parametrize("broken", [TEN[6][:-1], TEN[6].replace('": "', '" "', 1), "{]"])
def test_a_broken_item_of_a_list_costs_only_itself(broken: str) -> None:
    outcomes = read(lines_of(*TEN[:6], broken, *TEN[7:]))
    assert len(kept(outcomes)) == 9
    ((line, why),) = rejected(outcomes)
    assert line == 8  # the list's bracket has a line of its own
    assert why.startswith("broken JSON")


def test_a_broken_item_spread_over_lines_costs_only_itself() -> None:
    spelled = json.dumps(
        [story(1, sources=[{"name": "a"}]), story(2, sources=[{"name": "b"}])], indent=2
    )
    outcomes = read(spelled.replace('"name": "a"\n', '"name": "a",\n'))
    assert kept(outcomes) == ["ferry-firm-buys-paper-2"]
    assert rejected(outcomes)[0][0] == 9


def test_a_list_cut_short_keeps_what_is_whole_and_says_so() -> None:
    outcomes = read(lines_of(*TEN)[:-2])
    assert len(kept(outcomes)) == 10
    assert rejected(outcomes) == [
        (11, "broken JSON: the list has no end, it may have been cut short")
    ]


def test_what_follows_a_list_is_not_passed_over() -> None:
    outcomes = read(lines_of(*TEN) + "\n[]")
    assert len(kept(outcomes)) == 10
    assert rejected(outcomes) == [(12, "broken JSON after the list of briefings")]


def test_a_key_given_twice_is_a_mistake_and_two_headlines_say_so() -> None:
    twice = TEN[0][:-1] + ', "headline": "Another"}'
    assert rejected(read(lines_of(twice, TEN[1]))) == [(2, "two headlines")]
    assert len(kept(read(lines_of(twice, TEN[1])))) == 1
    tags = TEN[0][:-1] + ', "tag": "a", "tag": "b"}'
    assert rejected(read(tags)) == [(1, "“tag” is given twice")]


def test_what_is_no_briefing_is_told_by_line_or_by_its_place() -> None:
    assert rejected(read("[\n1,\n{}]"))[0] == (2, "no JSON object with a briefing's parts")
    spelled = json.dumps({"v": 1, "briefings": [story(), {}]})
    assert rejected(read(spelled))[0][1].startswith("briefing 2 of 2: no headline")


def test_a_json_feed_is_told_from_briefings() -> None:
    feed = '{"version": "https://jsonfeed.org/version/1.1", "items": []}'
    assert rejected(read(feed)) == [(None, "JSON Feed 1.1 without entries")]


def test_a_list_of_broken_items_is_given_up_soon() -> None:
    began = time.process_time()
    outcomes = list(read_json("[" + '\n{"x":' * 1_000_000, "in"))
    assert len(outcomes) < 200
    assert time.process_time() - began < 5  # a walk to the end for each takes minutes


# ---- JSON lines ------------------------------------------------------------------------------


def test_json_lines_keep_the_good_and_name_the_bad_by_line() -> None:
    given = [*TEN[:6], TEN[6][:40], *TEN[7:]]
    outcomes = read("\n".join(given))
    assert len(kept(outcomes)) == 9
    ((line, why),) = rejected(outcomes)
    assert line == 7
    assert why.startswith("broken JSON")


def test_blank_lines_count_but_are_no_briefings() -> None:
    outcomes = read(f"{TEN[0]}\r\n\r\n \n{{}}\n")
    assert kept(outcomes) == ["ferry-firm-buys-paper-1"]
    assert [line for line, _ in rejected(outcomes)] == [4]


@pytest.mark.parametrize("first", ["not JSON at all", TEN[0][:30], '{"a": 1} x', "\xff"])
def test_json_lines_are_told_even_by_a_broken_first_line(first: str) -> None:
    outcomes = read((first + "\n").encode("latin-1") + "\n".join(TEN[1:]).encode())
    assert len(kept(outcomes)) == 9
    assert [line for line, _ in rejected(outcomes)] == [1]


def test_bad_bytes_cost_only_their_line() -> None:
    outcomes = read(
        TEN[0].encode()
        + b"\n"
        + TEN[1].encode().replace(b"Ferry", b"F\xe4")
        + b"\n"
        + TEN[2].encode().replace(b"Ferry", b"\0")
        + b"\n"
        + TEN[3].encode()
    )
    assert len(kept(outcomes)) == 2
    assert rejected(outcomes) == [(2, "not UTF-8: save it as UTF-8"), (3, "binary, no text")]


def test_a_line_past_the_limit_is_passed_over_and_the_next_is_read() -> None:
    long = json.dumps(story(headline="x" * BRIEFING))
    outcomes = read(f"{long}\n{TEN[0]}\n")
    assert rejected(outcomes) == [(1, f"a line of more than 2 MB that begins “{long[:40]}…”")]
    assert len(kept(outcomes)) == 1


def test_a_line_without_an_end_is_given_up() -> None:
    taken = 0

    def endless() -> Iterable[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b'{"headline": "' + b"x" * 1_000_000

    outcomes = list(read_json_lines(endless(), "in"))
    ((line, why),) = rejected(outcomes)
    assert line == 1
    assert why.startswith("a line of more than 64 MB that begins “{")
    assert why.endswith("; nothing was read past it")
    assert taken < 70


def test_json_lines_are_read_as_they_come() -> None:
    def chunks() -> Iterable[bytes]:
        yield TEN[0].encode() + b"\n" + TEN[1][:9].encode()
        raise AssertionError("read ahead")

    assert kept([next(iter(read_json_lines(chunks(), "in", "harbour")))])


def test_the_format_is_told_by_the_content() -> None:
    two = f"{TEN[0]}\n{TEN[1]}"
    assert format_of(two.encode()) is Format.JSON_LINES
    assert format_of(TEN[0].encode()) is Format.JSON
    assert format_of(b'{"briefings": [\n{"slug": "a"},\n{"slug": "b"}]}') is Format.JSON
    assert format_of(b"---\nheadline: A\n---\n") is Format.MARKDOWN
    assert format_of(b"<!DOCTYPE html><p>x") is Format.HTML
    assert format_of(b"27MAY\n4 min read\n") is Format.PAGE
    with pytest.raises(Unfit, match="not one of what can be read: briefing JSON, JSON lines"):
        format_of(b"Dear all,\n\nnothing new.\n")
    with pytest.raises(Unfit, match="empty"):
        format_of(b" \n")
