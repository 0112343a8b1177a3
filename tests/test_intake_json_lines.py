"""JSON as a text and as lines: what each says, and what is wrong with it."""

import json
import time
from collections.abc import Iterable

import pytest

from digest.intake.briefing_json import read_json
from digest.intake.json_lines import read_json_lines
from digest.intake.limits import BRIEFING
from digest.intake.outcomes import Unfit
from digest.intake.reading import Format, format_of
from tests.test_intake_json import kept, read, rejected, story

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
