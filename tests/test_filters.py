"""What the templates do with plain values."""

import datetime as dt

import pytest

from digest.rendering.filters import columns, day, full_day, lines, underlined, wrap
from digest.rendering.markup import paragraphs
from tests import emails


def test_lines_hang_under_what_leads_them() -> None:
    assert wrap("- one two three", 9) == "- one two\n  three"
    assert wrap("> one two three", 9) == "> one two\n> three"
    assert wrap("12. one two", 8) == "12. one\n    two"
    assert wrap("[3] one two", 8) == "[3] one\n    two"


def test_spaces_that_must_not_break_stay_and_hold_their_words_together() -> None:
    assert paragraphs("12\u00a0 km\n« enfin\u202f! »") == ["12\u00a0 km « enfin\u202f! »"]
    assert wrap("on 12\u00a0May", 8) == "on\n12\u00a0May"


def test_code_and_addresses_are_not_broken() -> None:
    assert wrap("    x = 1  # a long line of code", 10) == "    x = 1  # a long line of code"
    assert wrap("see https://a.example/long/address", 10) == "see\nhttps://a.example/long/address"


def test_wide_letters_take_two_columns_and_may_end_a_line() -> None:
    assert columns("日本 ab e\u0301") == 9
    assert wrap("日本の新聞", 6) == "日本の\n新聞"


def test_empty_text_stays_empty() -> None:
    assert wrap("") == ""


def test_a_heading_is_underlined_to_its_width() -> None:
    assert underlined("Pier", "-") == "Pier\n----"
    assert underlined("日本") == "日本\n===="


def test_paragraphs_of_a_plain_text_stand_on_lines_of_their_own() -> None:
    assert lines("a <b>\nc\n\n d") == "a &lt;b&gt; c<br />d"


@pytest.mark.parametrize(
    ("lang", "short", "long"),
    [
        ("en", "3 Dec", "3 December 2026"),
        ("de", "3. Dez.", "3. Dezember 2026"),
        ("xx-nonsense", "3 Dec", "3 December 2026"),
    ],
)
def test_dates_are_written_in_the_language_of_the_mail(lang: str, short: str, long: str) -> None:
    view = emails.update(lang=lang)
    assert day(dt.date(2026, 12, 3), view) == short
    assert full_day(dt.date(2026, 12, 3), view) == long
    assert day(dt.date(2025, 12, 3), emails.update()) == "3 Dec 2025"
