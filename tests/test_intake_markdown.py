"""Markdown with front matter: one briefing, its parts above and its body below."""

import time

import pytest

from digest.intake.markdown import read_markdown
from digest.intake.outcomes import Accepted, Rejected
from digest.parts import BriefingData

HEAD = """\
---
headline: Ferry firm buys paper
published_at: 2026-05-15T09:00:00Z
tag: Industry
status: Developing
read_minutes: 4
first_reported_in:
  update: 2
  title: "Night desk goes quiet; ferry firm buys a newspaper"
  date: 2026-05-17
sources:
  - name: Quay Courier
    date: 2026-05-17
    url: https://example.com/ferry
analysis:
  plain_english: A ferry firm owns a newspaper now.
  next:
    - {kind: Meaning, text: Others will look for a buyer too.}
perspectives:
  - party: Readers' club
    text: It wants the letters page to stay.
---
"""
BODY = """
The firm bought it on Monday.[^1]

It had been for sale[^2] since March.

[^1]: A note to staff.
[^2]: An advertisement.
"""


def made(text: str) -> BriefingData:
    (outcome,) = read_markdown(text, "a.md", "harbour")
    assert isinstance(outcome, Accepted), outcome
    return outcome.briefing


def refused(text: str) -> tuple[int | None, str]:
    (outcome,) = read_markdown(text, "a.md", "harbour")
    assert isinstance(outcome, Rejected), outcome
    return outcome.line, outcome.why


def with_line(line: str) -> str:
    return HEAD.replace("---\n", f"---\n{line}\n", 1) + BODY


def test_front_matter_takes_all_parts_and_the_body_keeps_its_footnotes() -> None:
    briefing = made(HEAD + BODY)
    assert briefing.slug == "ferry-firm-buys-paper"
    assert briefing.body == BODY.strip()
    assert (briefing.tag, briefing.status, briefing.read_minutes) == ("Industry", "Developing", 4)
    assert briefing.sources[0].url == "https://example.com/ferry"
    assert briefing.first_reported_in is not None
    assert briefing.first_reported_in.update == 2
    assert briefing.analysis.next[0].kind == "Meaning"
    assert briefing.perspectives[0].party == "Readers' club"


def test_windows_line_ends_change_nothing() -> None:
    assert made((HEAD + BODY).replace("\n", "\r\n")) == made(HEAD + BODY)


@pytest.mark.parametrize("word", ["No", "1984", "2026-05-15", "1e3", "0x10"])
def test_a_headline_stays_as_it_was_written(word: str) -> None:
    assert made(HEAD.replace("Ferry firm buys paper", word) + BODY).headline == word


def test_an_empty_value_is_absent() -> None:
    assert made(HEAD.replace("tag: Industry", "tag:") + BODY).tag == ""


def test_the_title_of_the_body_is_the_headline_where_none_is_named() -> None:
    text = (
        HEAD.replace("headline: Ferry firm buys paper\n", "") + "\n# A ferry firm buys #\n" + BODY
    )
    assert made(text).headline == "A ferry firm buys"
    assert made(text).body == BODY.strip()


def test_a_title_that_says_the_same_is_not_said_twice() -> None:
    assert made(f"{HEAD}\n# Ferry firm buys paper\n{BODY}") == made(HEAD + BODY)


def test_headings_inside_the_body_and_in_code_stay() -> None:
    body = "Text.\n\n# Part\n\nMore.\n\n```\n# no title\n```"
    assert made(HEAD + body).body == body


def test_two_headlines_are_refused_with_the_line() -> None:
    assert refused(with_line("headline: Another")) == (3, "two headlines")
    line, why = refused(f"{HEAD}\n# Another headline\n{BODY}")
    assert line == HEAD.count("\n") + 2
    assert why == "two headlines: “Ferry firm buys paper” and “Another headline”"
    bare = HEAD.replace("headline: Ferry firm buys paper\n", "")
    line, why = refused(f"{bare}# One\n\nText.\n\n# Two\n")
    assert (line, why) == (bare.count("\n") + 5, "two headlines: “One” and “Two”")


def test_a_key_given_twice_is_refused_wherever_it_stands() -> None:
    assert refused(HEAD.replace("    url:", "    name: Post\n    url:") + BODY) == (
        14,
        "“name” is given twice",
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("image: &x [1]\nother: *x", "an alias (*name)"),
        ("image: !!python/object/apply:os.system [id]", "only plain values"),
        ("image: !!binary aGk=", "only plain values"),
        ("[a, b]: 1", "a key in the front matter is no word"),
        ("short_headline: A: B", "broken front matter: mapping values are not allowed here"),
        ("short_headline: 'A", "broken front matter"),
        ("short_headline: \x07", "a control character"),
    ],
)
def test_what_is_no_plain_yaml_is_refused(line: str, why: str) -> None:
    assert why in refused(with_line(line))[1]


def test_mistakes_of_the_briefing_itself_are_told() -> None:
    text = HEAD.replace("published_at: 2026-05-15T09:00:00Z\n", "") + BODY
    assert refused(text) == (
        1,
        "no published_at: add when it was published, e.g. 2026-05-15T09:00:00Z",
    )
    assert "no offset" in refused(HEAD.replace("09:00:00Z", "09:00:00") + BODY)[1]


def test_front_matter_must_end_and_name_parts() -> None:
    assert "has no end" in refused("---\nheadline: A\n")[1]
    assert "names no parts" in refused("---\n- a\n---\ntext")[1]
    assert "two bodies" in refused(with_line("body: Text."))[1]


@pytest.mark.parametrize(
    "junk",
    [
        "[" * 60_000,
        "{" * 60_000,
        "- " * 30_000,
        "a: " * 20_000,
        "'" * 60_000,
        "[a, " * 15_000,
        "!" * 60_000,
        "a\n" * 30_000,
    ],
)
def test_malicious_front_matter_is_refused_quickly(junk: str) -> None:
    began = time.process_time()
    refused(f"---\n{junk}\n---\ntext")
    assert time.process_time() - began < 5  # a second when nothing else runs


def test_malicious_titles_are_refused_quickly() -> None:
    began = time.process_time()
    refused(f"{HEAD}\n# a{' ' * 900_000}x{' #' * 100_000}y")
    assert time.process_time() - began < 5
