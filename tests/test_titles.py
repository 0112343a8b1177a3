"""Titles and preheaders made from headlines."""

from hypothesis import given
from hypothesis import strategies as st

from digest.titles import LONGEST, preheader, title


def test_a_title_joins_the_leads() -> None:
    leads = ["BuzzFeed sold for AI", "agentic ads go primetime"]
    assert title(leads) == "BuzzFeed sold for AI; agentic ads go primetime"


def test_a_single_lead_is_joined_by_the_next_story_where_both_fit() -> None:
    assert title(["One thing"], ["Another", "A third"]) == "One thing; Another"
    assert title(["One thing"], ["x" * 90]) == "One thing"


def test_a_long_headline_is_cut_at_a_word() -> None:
    made = title(["word " * 40])
    assert len(made) <= LONGEST
    assert made.endswith("word…")


def test_nothing_makes_an_empty_title() -> None:
    assert title([]) == ""


def test_the_preheader_is_what_the_title_leaves_out() -> None:
    assert preheader("One; Two", ["One", "Two", "Three", "Four"]) == "Three; Four"


@given(st.lists(st.text(), max_size=5), st.lists(st.text(), max_size=5))
def test_a_title_is_one_line_of_at_most_ninety_characters(
    leads: list[str], others: list[str]
) -> None:
    made = title(leads, others)
    assert len(made) <= LONGEST
    assert made == " ".join(made.split())
