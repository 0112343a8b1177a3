"""The checks of what a mail says: its subject, its title, its words."""

import dataclasses

import pytest

from digest.checks import Level
from digest.rendering import markup
from tests import emails
from tests.test_checks import HOUSE, found, only

# ---- subject and preheader --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"subject": "Update #2"}, "no news"),
        ({"subject": "Update #2: studio built"}, "begins with a number"),
        ({"subject": "A subject of more than forty-one characters"}, "phones show 41"),
        ({"subject": "STUDIO BUILT IN HOUSE"}, "capitals"),
        ({"subject": "Studio built!"}, "exclamation"),
        ({"preheader": ""}, "no preheader"),
        ({"subject": "Studio built", "preheader": "Studio built, and more"}, "repeats"),
        ({"preheader": "word " * 30}, "characters; inboxes"),
    ],
)
def test_a_subject_or_preheader_that_fails_in_an_inbox_is_worth_a_look(
    parts: dict[str, str], said: str
) -> None:
    finding = only("subject", **{"subject": "Studio built in house", **parts})
    assert finding.level == Level.WARN
    assert said in finding.message


def test_a_subject_that_an_earlier_update_had_is_worth_a_look() -> None:
    before = dataclasses.replace(HOUSE, earlier_subjects={"studio built in house": "Update #1"})
    (finding,) = found("subject", emails.update(subject="Studio built in House"), before)
    assert finding.message.startswith("Update #1 had the same subject")


def test_a_mail_without_a_subject_blocks() -> None:
    assert only("subject", subject="  ").level == Level.BLOCK


# ---- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Lorem ipsum dolor sit amet.".lower(), Level.BLOCK),
        ("The sum is TODO.", Level.BLOCK),
        ("As [insert name] said.", Level.BLOCK),
        ("Dear {{ name }},", Level.WARN),
        ("Dear *|FNAME|*,", Level.WARN),
        ("The sum is TK.", Level.WARN),
    ],
)
def test_what_was_to_be_replaced_is_found(text: str, level: Level) -> None:
    finding = only("leftovers", emails.story(1, summary=text))
    assert (finding.level, finding.where) == (level, "story-1")
    assert "summary" in finding.message


@pytest.mark.parametrize(
    "text",
    [
        "Disney named vendors for post-production, ; the dropped investment.",
        "Disney dropped the investment, , and Adobe began.",
        "The assistant came to Premiere Pro . It stayed.",
        "The the assistant came.",
        "Disney named vendors (Avid and others; it dropped them.",
    ],
)
def test_slips_that_lost_links_leave_are_found(text: str) -> None:
    finding = only("slips", emails.story(1, key_takeaway=text))
    assert finding.level == Level.WARN
    assert "key takeaway" in finding.message


@pytest.mark.parametrize(
    "text",
    [
        "It said that that was had had, ... and .5 of 1,000; a) b) (c).",
        "See the list [1], the note [2]. And more.",
        "It is 12, 13, and 14. No, no.",
    ],
)
def test_good_sentences_are_left_alone(text: str) -> None:
    assert not found("slips", emails.update(emails.story(1, summary=text)))


def test_the_french_space_before_a_semicolon_is_no_slip() -> None:
    story = emails.story(1, summary="Il arrive ; il part.")
    assert not found("slips", emails.update(story, lang="fr"))
    assert found("slips", emails.update(story, lang="en"))


def test_a_mark_without_its_note_is_found() -> None:
    body = markup.render("A studio inside Animation.[^1] Letters went out.[^2]", "s1")
    assert "Footnote marks 1, 2 have no note" in only("slips", emails.lead(body=body)).message


# ---- the title ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "missing"),
    [
        ("Streamer builds its own studio; BuzzFeed sold for AI", "BuzzFeed"),
        ("Streamer builds its own studio; agentic primetime", "agentic primetime"),
        ("Studio built by Netflix", "Netflix"),
        ("Studio built in 2031", "2031"),
    ],
)
def test_a_title_that_names_what_no_item_does_is_worth_a_look(title: str, missing: str) -> None:
    finding = only("title", title=title, subject=title)
    assert finding.level == Level.WARN
    assert f"“{missing}”" in finding.message


@pytest.mark.parametrize("title", ["Streamer's studio, built in house", "Media's AI Pivot", ""])
def test_a_title_in_other_words_passes(title: str) -> None:
    assert not found("title", emails.update(title=title, subject=title))


def test_a_title_in_another_script_is_compared_too() -> None:
    story = emails.story(1, headline="日本の新聞社が印を公開する")
    assert not found("title", emails.update(story, title="新聞社が印を", subject="新聞社が印を"))
