"""The draft as a row of an inbox: what a phone and a desktop cut off, and how much there is."""

import datetime as dt

import pytest
from django.test import Client

from digest.desk import inbox
from digest.models import Update
from tests import emails
from tests.test_desk import text

T = "/desk/medias-ai-pivot/draft/"
LONG = "Lantern builds a studio of its own and asks nobody"
AFTER = "The unit surfaced in job adverts; seven roles are open, and not one names a vendor."


def row(**parts: object) -> inbox.Inbox:
    return inbox.of_view(emails.update(**parts))


def test_a_phone_shows_the_beginning_of_the_subject_and_of_the_preheader() -> None:
    seen = row(subject=LONG, preheader=AFTER).phone
    assert seen.subject == "Lantern builds a studio of its own and a…"
    assert len(seen.subject) == 41
    assert len(seen.preheader) <= 80
    assert seen.preheader.endswith("…")


def test_a_desktop_shows_the_preheader_in_what_the_subject_leaves() -> None:
    seen = row(subject=LONG, preheader=AFTER).desktop
    assert seen.subject == LONG
    assert len(seen.subject + seen.preheader) <= 110
    assert row(subject="x" * 120, preheader=AFTER).desktop.preheader == ""


def test_what_fits_is_shown_as_it_is() -> None:
    seen = row(subject="Lantern builds", preheader="Seven roles are open")
    for one in (seen.phone, seen.desktop):
        assert (one.subject, one.preheader) == ("Lantern builds", "Seven roles are open")
    assert [one.state for one in seen.measures] == ["ok", "ok"]


def test_the_time_is_that_of_the_topic_s_place() -> None:
    topic = emails.update().topic.model_copy(update={"zone": "Europe/London"})
    due = dt.datetime(2026, 5, 17, 14, 0, tzinfo=dt.UTC)
    assert inbox.of_view(emails.update(topic=topic), due).time == "15:00"
    assert row().time == "now"


@pytest.mark.django_db
def test_lengths_are_told_in_words(desk: Client, draft: Update) -> None:
    desk.post(f"{T}words/", {"subject": LONG, "preheader": AFTER})
    page = text(desk.get(T))
    assert "Subject <b>50</b>" in page
    assert "of about 41 a phone shows" in page
    assert "of about 80 a phone shows, 60 a desktop after this subject" in page
    assert page.count("cut off</span>") == 2
