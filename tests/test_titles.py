"""Titles and preheaders made from headlines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.titles import BRIEF, LONGEST, brief, preheader, title

SHORTENED = [
    ("Lantern Studio confirms INKwell, no vendor named", "Lantern Studio confirms INKwell"),
    (
        "Nine newsrooms back SMART STORIES open standard",
        "Nine newsrooms back SMART STORIES open standard",
    ),
    (
        "Pellbury Press names $1.5bn Anthrax Software settlement",
        "Pellbury Press names $1.5bn Anthrax Software settlement",
    ),
    (
        "Lantern Studio says it will cut 500 jobs at its animation unit by June",
        "Lantern Studio will cut 500 jobs at its animation unit by June",
    ),
    (
        "Report: Harbour Films in talks to buy rival studio for $2bn, sources say",
        "Harbour Films in talks to buy rival studio for $2bn",
    ),
    (
        "Ferry Post to charge readers for its archive after three years of losses",
        "Ferry Post to charge readers for its archive",
    ),
    (
        "Union calls off strike at Port Aldwyn Courier as owners raise pay by 11 per cent",
        "Union calls off strike at Port Aldwyn Courier",
    ),
    (
        "Regulator fines Zipsatchel £18m over courier data, according to court papers",
        "Regulator fines Zipsatchel £18m over courier data",
    ),
    (
        "EXCLUSIVE: Tuppence Loop founder will leave once bank takes over",
        "Tuppence Loop founder will leave once bank takes over",
    ),
    (
        "Minister wants labels on AI pictures before the election, spokesman says",
        "Minister wants labels on AI pictures before the election",
    ),
    ("Agentic ads go primetime", "Agentic ads go primetime"),
    ("BuzzFeed sold for AI", "BuzzFeed sold for AI"),
    (
        "Court rules that couriers are employees, in blow to delivery platforms",
        "Court rules that couriers are employees",
    ),
    (
        "Velmark's central bank holds rate at 3.75% despite calls for a cut",
        "Velmark's central bank holds rate at 3.75%",
    ),
    (
        "Publisher Quillmere offers $3.1bn for Bexford – Ledgerline",
        "Publisher Quillmere offers $3.1bn for Bexford",
    ),
    (
        "Streaming prices rise 12 per cent amid fight over sports rights",
        "Streaming prices rise 12 per cent",
    ),
    (
        "Two of three local papers now use AI to write headlines, survey shows",
        "Two of three local papers now use AI to write headlines",
    ),
    (
        "Watch: President Ruvane opens the Upper Sarn dam while protesters look on",
        "President Ruvane opens the Upper Sarn dam",
    ),
    (
        "Animators' Guild ratifies contract with six studios, ending 71-day strike",
        "Animators' Guild ratifies contract with six studios",
    ),
    (
        "Spotify-like service Humm adopts a standard (DDEX) to label tracks made by AI",
        "Spotify-like service Humm adopts a standard to label tracks made by AI",
    ),
    (
        'Broadcaster ITX confirms "active discussions" with Comet as advertising revenue falls',
        'Broadcaster ITX confirms "active discussions" with Comet',
    ),
    (
        "Editors say they were not told of the deal until it was signed",
        "Editors say they were not told of the deal until it was signed",
    ),
    (
        "Why the last newspaper press in Carrow Bay stopped",
        "Why the last newspaper press in Carrow Bay stopped",
    ),
    (
        "How a regional daily doubled its subscribers by printing less, and what others can learn",
        "How a regional daily doubled its subscribers by printing less",
    ),
    (
        "Model maker Thistlewise sued by novelists over training data, weeks after painters",
        "Model maker Thistlewise sued by novelists over training data",
    ),
    (
        "Police look at bets placed before ground went dark",
        "Police look at bets placed before ground went dark",
    ),
    (
        "Fire at Corvane paint works sends smoke over Brackwater, 6,000 told to stay indoors",
        "Fire at Corvane paint works sends smoke over Brackwater",
    ),
    (
        "Government drops plan for press subsidy following protests by small publishers",
        "Government drops plan for press subsidy",
    ),
    (
        "Holm Institute halts vaccine trial after two volunteers fall ill",
        "Holm Institute halts vaccine trial",
    ),
    (
        "Radio Velmark's morning show reaches 2.1 million listeners, up 4.5 per cent",
        "Radio Velmark's morning show reaches 2.1 million listeners",
    ),
    (
        "Council closes nine branch libraries to save 1.8 million crowns a year, vote shows",
        "Council closes nine branch libraries to save 1.8 million crowns a year",
    ),
    (
        "As advertisers leave, Slow Weekly asks its readers for money",
        "Slow Weekly asks its readers for money",
    ),
    (
        "Publishers' share of search traffic has halved since 2024, report finds",
        "Publishers' share of search traffic has halved since 2024",
    ),
    (
        "Opinion: Newsrooms need fewer tools and more time",
        "Newsrooms need fewer tools and more time",
    ),
    (
        "Netherby Times to stop print edition on 1 July – publisher says",
        "Netherby Times to stop print edition on 1 July",
    ),
]


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


@pytest.mark.parametrize(("headline", "short"), SHORTENED)
def test_a_long_headline_loses_what_tells_least(headline: str, short: str) -> None:
    assert brief(headline) == short


@pytest.mark.parametrize(
    "headline",
    [
        "Netherby Times will not print again until the strike is over at last",
        "Ferry Post will close in June unless a buyer is found for its building",
    ],
)
def test_a_condition_is_never_cut_away(headline: str) -> None:
    assert brief(headline) == headline


@given(st.text())
def test_shortening_adds_no_word_and_a_short_headline_stays(headline: str) -> None:
    made = brief(headline)
    assert len(made) <= len(headline)
    if len(" ".join(headline.split())) <= BRIEF:
        assert made == " ".join(headline.split()).rstrip(".;,: ")


NAMES = st.sampled_from(["Lantern Studio", "Ferry Post", "Port Aldwyn", "ITX", "Pellbury"])
DOES = st.sampled_from(["buys a studio", "sues over training data", "cuts 500 jobs in June"])
TAIL = st.sampled_from(
    ["", " after a year of losses", ", sources say", " amid a fight over rights", " (video)"]
)


@given(NAMES, DOES, st.lists(TAIL, max_size=3).map("".join))
def test_whoever_a_headline_is_about_stays_in_it(name: str, does: str, tails: str) -> None:
    assert brief(f"{name} {does}{tails}").startswith(f"{name} {does}")


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_the_preheader_repeats_nothing_of_the_title(headlines: list[str]) -> None:
    made = title(headlines[:2], headlines[2:])
    told = preheader(made, headlines)
    assert len(told) <= 120
    assert not told or told not in made
