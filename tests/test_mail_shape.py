"""The shape of a mail: what stands where, and what it weighs."""

import datetime as dt

import pytest

from digest.rendering import markup, pipeline
from digest.rendering.rendered import GMAIL_CLIPS
from digest.rendering.view import StoryView, UpdateLink
from tests import emails
from tests.browser.mails import CORRECTION
from tests.emails import Page
from tests.test_rendering import NAUGHTY, rendered


def test_every_link_within_the_mail_leads_to_one_place_in_it() -> None:
    page = Page(rendered().html)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    within = [href[1:] for href in page.all("a", "href") if href.startswith("#")]
    assert len(ids) == len(set(ids))
    assert len(within) == 8  # four stories, two marks, two ways back
    assert set(within) <= set(ids)


def test_contents_are_shown_from_three_items_on() -> None:
    two, three = (rendered(*map(emails.story, range(1, 1 + n))) for n in (2, 3))
    assert "In this update" not in two.html + two.text
    assert "In this update" in three.html
    assert "In this update" in three.text


def test_corrections_come_first_and_what_was_missed_before_the_contents() -> None:
    email = rendered(
        corrections=(emails.brief(9, kind="correction", headline="We were wrong"),),
        missed=(UpdateLink(number=1, title="Cutting rooms", url="https://a.example/t/x/1/"),),
    )
    for part in (email.html, email.text):
        places = [
            part.index(said)
            for said in ("We were wrong", "Since you last read", "In this update", "Why it matters")
        ]
        assert places == sorted(places)


def test_a_carried_story_says_first_what_changed_and_where_it_began() -> None:
    email = rendered(emails.carried(1))
    for part in (" ".join(Page(email.html).text.split()), " ".join(email.text.split())):
        changed = part.index("Since Update #1: the first broadcaster")
        first = part.index("First reported in Update #1 · Cutting rooms listen, 3 May.")
        assert changed < first < part.index("Nine regional newsrooms agreed")


def test_what_changed_is_in_ink_and_where_it_began_in_small() -> None:
    html = rendered(emails.carried(1)).html
    assert '<p class="since" style="margin:0 0 4px"><b>Since Update #1:</b>' in html
    first = html[: html.index("First reported in")].rpartition("<")[2]
    assert first == 'p class="first" style="margin:0 0 12px; font-size:13px; color:#5f5a52">'


def test_a_correction_names_itself_once() -> None:
    assert Page(pipeline.render(CORRECTION).html).all("span", "class") == [
        "pill correction",
        "pill",  # the story's status
    ]


def test_a_provisional_number_is_marked() -> None:
    email = rendered(provisional=True)
    for part in (email.html, email.text):
        assert "Update #2 (provisional)" in part


def test_dates_carry_the_year_when_it_is_not_that_of_the_mail() -> None:
    text = rendered(date=dt.date(2026, 6, 17)).text
    assert "17 June 2026" in text
    assert "Example Wire, 16\u00a0May\n" in text
    assert "Paper of Record, 30\u00a0Dec\u00a02025" in text


def test_a_date_is_never_parted_and_stands_on_its_side_of_a_latin_name() -> None:
    assert "Paper of Record, 30\u00a0Dec\u00a02025" in Page(rendered().html).text
    assert "Paper of Record\u200f" in Page(rendered(lang="ar", dir="rtl").html).text


def test_language_and_direction_reach_the_page() -> None:
    html = rendered(lang="ar", dir="rtl").html
    assert '<html lang="ar" dir="rtl"' in html
    assert "text-align:right" in html
    assert "direction:rtl" in html
    assert 'lang="en" dir="ltr"' in rendered().html


@pytest.mark.parametrize(
    "stories",
    [
        [emails.story(1)],
        [emails.story(at) for at in range(1, 41)],
        [emails.story(1, summary="", key_takeaway="", tag="", status="", sources=())],
        [emails.lead(1, body=markup.render("\n\n".join(["word " * 100] * 50), "s1"))],
        [emails.story(1, headline="x" * 300), emails.story(2, headline="A" * 40)],
        [emails.story(1, headline=text) for text in NAUGHTY.values()],
    ],
    ids=["one item", "forty items", "only a headline", "5,000 words", "long words", "scripts"],
)
def test_odd_updates_are_rendered_with_every_story_in_both_parts(stories: list[StoryView]) -> None:
    email = rendered(*stories)
    html, text = "".join(Page(email.html).text.split()), "".join(email.text.split())
    for story in stories:
        assert "".join(story.headline.split()) in html
        assert "".join(story.headline.split()) in text


def test_the_text_is_wrapped_at_72_but_for_addresses() -> None:
    for line in rendered().text.splitlines():
        assert len(line) <= 72 or "https://" in line or "__" in line


def test_the_text_has_everything_that_a_lead_has() -> None:
    text = " ".join(rendered(emails.lead(1)).text.split())
    for said in (
        "Why it matters: Build, not buy",
        "In plain English",
        "Root causes",
        "- Meaning: A studio trained",
        "Animators' guild: Wants a seat",
        "[1] The careers page, read on 16 May.",
        "[3] https://jobs.example.org/7",
        "- Example Wire, 16 May https://wire.example.org/9",
        "Update #2 · 17 May 2026 · 5 min",
        "Example Press, 1 Example Street, London",
    ):
        assert said in text


def test_twelve_standard_stories_weigh_at_most_45_kilobytes() -> None:
    # summaries and takeaways as long as those of a real page
    summary, takeaway = ("A sentence of the usual length. " * 10)[:310], ("It matters. " * 10)[:115]
    stories = [emails.story(at, summary=summary, key_takeaway=takeaway) for at in range(1, 13)]
    assert len(rendered(*stories).html.encode()) <= 45 * 1024


def test_twenty_kilobytes_of_text_weigh_at_most_sixty() -> None:
    paragraph = "The unit surfaced through job postings, in the order in which hires became known. "
    body = "\n\n".join(paragraph * 7 + f"[^{at}]" for at in range(7))
    body += "\n\n" + "\n".join(f"[^{at}]: Said on the {at}th." for at in range(7))
    stories = [emails.lead(at, body=markup.render(body, f"s{at}")) for at in range(1, 5)]
    email = rendered(*stories)
    assert len(email.text.encode()) > 20 * 1024
    assert len(email.html.encode()) <= 60 * 1024 < GMAIL_CLIPS
