"""A saved or copied briefing page becomes a briefing with every part it shows."""

import datetime as dt
from pathlib import Path

import pytest

from digest.intake.footnotes import as_markdown, with_marks
from digest.intake.html_text import text_of
from digest.intake.outcomes import Accepted, Rejected, Unfit
from digest.intake.page_head import tag_and_status
from digest.intake.saved_page import looks_like_page, read_page
from digest.intake.written_dates import day_of_page, full_dates, trailing_date
from digest.parts import BriefingData, FirstReport, Source

PAGE = (Path(__file__).parent / "data" / "briefing-page.txt").read_text("utf-8")
SEED = Path(__file__).parents[1].parent / "shared" / "seed" / "briefing-page.txt"


def briefing(page: str, topic: str | None = None) -> BriefingData:
    (outcome,) = read_page(page, "page.txt", topic)
    assert isinstance(outcome, Accepted), outcome
    return outcome.briefing


def rejection(page: str) -> Rejected:
    (outcome,) = read_page(page, "page.txt", None)
    assert isinstance(outcome, Rejected), outcome
    return outcome


def test_every_part_of_the_head_is_found() -> None:
    made = briefing(PAGE)
    assert made.headline == "Larkspur Radio hands its night desk to a voice model"
    assert made.slug == "larkspur-radio-hands-its-night-desk-to-a-voice-model"
    assert made.topic == "the-harbour-wire"
    assert (made.tag, made.status, made.read_minutes) == ("Industry", "Developing", 4)
    assert made.summary.startswith("Larkspur Radio said on Monday 11 May")
    assert made.key_takeaway.endswith("without naming who built the voice.")


def test_times_come_from_the_page_and_its_first_report() -> None:
    made = briefing(PAGE)
    assert made.updated_at == dt.datetime(2026, 5, 27, 15, 20, tzinfo=dt.UTC)
    assert made.published_at == dt.datetime(2026, 5, 17, tzinfo=dt.UTC)
    assert made.first_reported_in == FirstReport(
        update=2,
        title="Night desk goes quiet; ferry firm buys a newspaper",
        date=dt.date(2026, 5, 17),
    )
    assert made.sources == (Source(name="The Quay Courier", date=dt.date(2026, 5, 17)),)


def test_the_body_keeps_its_paragraphs_and_footnote_marks() -> None:
    body = briefing(PAGE).body
    assert len(body.split("\n\n")) == 4
    assert "a note to staff[^1]. Odile" in body
    assert "Tidemark from another[^2]. Larkspur" in body
    assert "no person reads[^3]. It had" in body
    assert body.count("[^") == 3
    for number in ("5-12 minutes", "2% in 2025 to", "$1.5m", "version 2.0", "by 17 May."):
        assert number in body


def test_the_analysis_is_told_apart() -> None:
    analysis = briefing(PAGE).analysis
    assert analysis.plain_english.startswith("A small radio station")
    assert len(analysis.root_causes.split("\n\n")) == 3
    assert [one.kind for one in analysis.next] == ["Meaning", "Risk"]
    assert len(analysis.next[1].text.split("\n\n")) == 2


def test_each_party_is_kept_once_with_its_view() -> None:
    views = briefing(PAGE).perspectives
    assert [one.party for one in views] == [
        "Presenters' guild",
        "Odile Marchetti / Larkspur",
        "Regulator",
    ]
    assert views[2].text.endswith("to read first.")


def test_nothing_of_the_sites_own_words_is_kept() -> None:
    made = briefing(PAGE + "\nPrivacy policy\n© 2026 The Harbour Wire. All rights reserved.\n")
    said = made.model_dump_json()
    for words in (
        "Skip to content",
        "archive is being moved",
        "roadmap",
        "Read original",
        "Deep Analysis",
        "min read",
        "Privacy",
        "All rights",
    ):
        assert words not in said


def test_the_asked_for_topic_wins_over_the_pages_own() -> None:
    assert briefing(PAGE, "night-radio").topic == "night-radio"


@pytest.mark.parametrize(
    "changed",
    [
        PAGE.replace("\n", "\r\n"),
        PAGE.replace(" ", "\u00a0"),
        PAGE.replace("Key takeaway\n", "Key takeaway\nKey takeaway\n"),
        PAGE.replace("27MAY", "27 May"),
        PAGE.replace("4 min read\n15:20UTC", "4 min read · 15:20 UTC"),
        PAGE.replace("IndustryDeveloping", "Industry\nDeveloping"),
        PAGE.replace("\n\n", "\n"),
    ],
    ids=[
        "CRLF",
        "no-break spaces",
        "heading twice",
        "spaced date",
        "one line",
        "two lines",
        "no blank lines",
    ],
)
def test_another_copy_of_the_same_page_says_the_same(changed: str) -> None:
    assert briefing(changed) == briefing(PAGE)


def test_sections_may_come_in_another_order() -> None:
    head, _, rest = PAGE.partition("Deep Analysis\n")
    analysis, views = rest.split("Different Perspectives\n")
    moved = f"{head}Different Perspectives\n{views}Deep Analysis\n{analysis}"
    assert briefing(moved) == briefing(PAGE)


def test_parts_that_are_missing_stay_empty() -> None:
    head = PAGE.partition("Deep Analysis\n")[0].replace("27MAY", "27 MAY 2026")
    made = briefing(head)
    assert made.published_at == dt.datetime(2026, 5, 27, 15, 20, tzinfo=dt.UTC)
    assert made.first_reported_in is None
    assert not made.sources
    assert not made.analysis
    assert not made.perspectives
    assert made.body == briefing(PAGE).body


def test_a_page_without_a_takeaway_keeps_its_body() -> None:
    made = briefing(
        PAGE.replace(
            "Key takeaway\n\nLarkspur Radio automates its night bulletins from June, "
            "without naming who built the voice.\n",
            "",
        )
    )
    assert made.key_takeaway == ""
    assert made.body == briefing(PAGE).body
    assert made.summary == briefing(PAGE).summary


def test_several_sources_are_kept_and_the_first_day_counts() -> None:
    made = briefing(
        PAGE.replace(
            "Read original\n",
            "Read original\nAl-Bahr Post · 15 May 2026\nRead original\nHarbour FM\nRead original\n",
        )
    )
    assert [(one.name, one.date) for one in made.sources] == [
        ("The Quay Courier", dt.date(2026, 5, 17)),
        ("Al-Bahr Post", dt.date(2026, 5, 15)),
        ("Harbour FM", None),
    ]
    assert made.published_at == dt.datetime(2026, 5, 15, tzinfo=dt.UTC)


def test_an_unknown_part_of_the_analysis_is_kept_aside_and_told() -> None:
    page = PAGE.replace(
        "Deep Analysis\nRoot Causes",
        "Deep Analysis\nPrecedent\n\n"
        "In 1998 a rival did it with tape.\n\nDeep Analysis\nRoot Causes",
    )
    (outcome,) = read_page(page, "page.txt", None)
    assert isinstance(outcome, Accepted)
    assert outcome.briefing.extra == {
        "analysis": {"Precedent": "In 1998 a rival did it with tape."}
    }
    assert "Precedent" in outcome.warnings[0]


def test_two_headlines_are_refused_with_the_line() -> None:
    told = rejection(PAGE.replace("\n4 min read", "\nA second headline\n\n4 min read"))
    assert told.line == 8
    assert told.why.startswith("two headlines: “Larkspur Radio hands")


def test_two_pages_in_one_file_are_refused() -> None:
    assert "two headlines" in rejection(PAGE + PAGE).why


def test_a_page_without_a_headline_is_refused() -> None:
    told = rejection(PAGE.replace("Larkspur Radio hands its night desk to a voice model\n", ""))
    assert told.why == "no headline between the date and the reading time"


def test_a_page_whose_day_has_no_year_anywhere_is_refused_with_the_line() -> None:
    told = rejection(PAGE.replace("17 May 2026", "Sunday"))
    assert (told.line, "has no year" in told.why) == (4, True)


def test_what_is_too_long_for_a_page_is_refused_before_it_is_read() -> None:
    for more in ("x" * 600_000, "x\n" * 30_000):
        assert rejection(PAGE + more).why.startswith("longer than a briefing page")


def test_a_page_is_told_from_other_text() -> None:
    assert looks_like_page(PAGE)
    assert not looks_like_page("A letter.\n\nIt names 27 May and a 4 min read, no more.\n")


@pytest.mark.parametrize(
    ("line", "tag", "status"),
    [
        ("IndustryDeveloping", "Industry", "Developing"),
        ("Industry Developing", "Industry", "Developing"),
        ("Industry · Paused", "Industry", "Paused"),
        ("AI PolicyBreaking", "AI Policy", "Breaking"),
        ("OpenAIDeveloping", "OpenAI", "Developing"),
        ("M&AWound down", "M&A", "Wound down"),
        ("LegalUnder review", "Legal", "Under review"),
        ("Industry", "Industry", ""),
        ("Developing", "", "Developing"),
    ],
)
def test_tag_and_status_are_split_where_they_were_glued(line: str, tag: str, status: str) -> None:
    assert tag_and_status(line) == (tag, status)


@pytest.mark.parametrize(
    ("bare", "marked"),
    [
        ("said so 1. Then 2. End", "said so[^1]. Then[^2]. End"),
        ("the end 1", "the end[^1]"),
        ("both 1 2.", "both[^1][^2]."),
        ("“so” 1, and grew 5% 2.", "“so”[^1], and grew 5%[^2]."),
        ("first 2. then 1.", "first 2. then[^1]."),
        ("hired in 2025 3.", "hired in 2025 3."),
        ("see Article 1. It fell to 1, on May 1.", "see Article 1. It fell to 1, on May 1."),
        ("seasons 1, 2 and 3.", "seasons 1, 2 and 3."),
        (
            "version 1.0 and 1,000 and 1% and $1.5bn and 1-2.",
            "version 1.0 and 1,000 and 1% and $1.5bn and 1-2.",
        ),
        ("kept[^1] as it is 1.", "kept[^1] as it is 1."),
    ],
)
def test_only_lone_numbers_in_rising_order_are_footnote_marks(bare: str, marked: str) -> None:
    assert with_marks(bare) == marked


def test_plain_text_is_shown_by_markdown_as_it_is() -> None:
    assert as_markdown("5 * 3 <b> snake_case _so_") == r"5 \* 3 \<b> snake_case \_so\_"
    assert as_markdown("# 1\n2026. A year\n- no list") == "\\# 1\n2026\\. A year\n\\- no list"


def test_a_day_without_a_year_takes_it_from_the_newest_date_the_page_can_report() -> None:
    day = dt.date
    assert day_of_page("27MAY", [day(2025, 1, 1), day(2026, 5, 17)]) == day(2026, 5, 27)
    assert day_of_page("27MAY", [day(2026, 5, 17), day(2027, 8, 2)]) == day(2026, 5, 27)
    assert day_of_page("3 Jan", [day(2025, 12, 28)]) == day(2026, 1, 3)
    assert day_of_page("May 27, 2024", []) == day(2024, 5, 27)
    with pytest.raises(Unfit, match="no day of 2026"):
        day_of_page("31 June", [day(2026, 1, 1)])


def test_dates_are_read_as_people_write_them() -> None:
    text = "On 3rd June 2025, May 17, 2026 and 2026-05-18; 31 February 2026 is none."
    assert list(full_dates(text)) == [
        dt.date(2025, 6, 3),
        dt.date(2026, 5, 17),
        dt.date(2026, 5, 18),
    ]
    assert trailing_date("Al-Bahr Post· 17 May 2026") == ("Al-Bahr Post", dt.date(2026, 5, 17))


def as_html(page: str) -> str:
    blocks = "".join(f"<p>{line}</p>\n" for line in page.splitlines() if line.strip())
    return f"<!doctype html><html><head><title>x</title></head><body>{blocks}</body></html>"


def test_the_same_page_as_html_says_the_same() -> None:
    assert briefing(text_of(as_html(PAGE)).text) == briefing(PAGE)


def test_html_adds_what_a_copy_lost() -> None:
    page = as_html(PAGE).replace(
        "<title>",
        '<link rel="canonical" href="https://example.org/t/a"><script>27 JUNE</script><title>',
    )
    page = page.replace("staff 1.", 'staff<sup><a href="#n1">1</a></sup>.')
    page = page.replace("Read original", '<a href="https://example.com/night">Read original</a>')
    text = text_of(page)
    assert text.url == "https://example.org/t/a"
    made = briefing(text.text)
    assert "a note to staff[^1]. Odile" in made.body
    assert made.sources[0].url == "https://example.com/night"


def test_html_nested_without_end_is_read_without_falling_over() -> None:
    assert "deep" not in text_of("<div>" * 9000 + "deep").text


@pytest.mark.skipif(not SEED.exists(), reason=f"{SEED} is not here")
def test_the_real_page_loads_with_every_part() -> None:
    made = briefing(SEED.read_text("utf-8"), "medias-ai-pivot")
    assert made.slug == "netflix-confirms-inkubator-no-vendor-named"
    assert made.updated_at == dt.datetime(2026, 5, 27, 15, 20, tzinfo=dt.UTC)
    assert made.published_at == dt.datetime(2026, 5, 17, tzinfo=dt.UTC)
    assert (made.tag, made.status, made.read_minutes) == ("Industry", "Developing", 4)
    assert made.summary
    assert made.key_takeaway
    paragraphs = made.body.split("\n\n")
    assert len(paragraphs) == 4
    assert ("[^1]" in paragraphs[0], "[^2]" in paragraphs[3]) == (True, True)
    assert made.body.count("[^") == 2
    assert made.analysis.plain_english
    assert len(made.analysis.root_causes.split("\n\n")) == 3
    assert [one.kind for one in made.analysis.next] == ["Meaning"]
    assert made.first_reported_in == FirstReport(
        update=2,
        title="BuzzFeed sold for AI; agentic ads go primetime",
        date=dt.date(2026, 5, 17),
    )
    assert made.sources == (Source(name="Bloomberg", date=dt.date(2026, 5, 17)),)
    assert len(made.perspectives) == 6
    assert "Skip to content" not in made.model_dump_json()
    assert "roadmap" not in made.model_dump_json()
