"""The mails that a person waits for: made once each, with what their readers need."""

import datetime as dt

import pytest
from django.utils import timezone

from digest.models import Stage, Topic
from subscribers.models import ConfirmationRequest, Subscriber, WelcomeRequest
from tests import newsroom
from workers import asked, schedule
from workers.models import Mailing, MailingKind, MailingState
from workers.rules import Rule

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def welcomed(ann: Subscriber) -> Subscriber:
    """She has just confirmed."""
    WelcomeRequest.objects.create(subscription=ann.subscriptions.get())
    return ann


def texts() -> tuple[str, str]:
    """The two parts of the one mailing's edition, on one line each."""
    edition = Mailing.objects.select_related("edition").get().edition
    assert edition is not None
    return edition.html, " ".join(edition.text.split())


def test_whoever_has_confirmed_gets_one_welcome(welcomed: Subscriber) -> None:
    assert asked.take_welcomes() == 1
    assert asked.take_welcomes() == 0
    mailing = Mailing.objects.get()
    assert (mailing.kind, mailing.state) == (MailingKind.WELCOME, MailingState.SENDING)
    assert (mailing.candidates, mailing.queued) == (1, 1)
    assert mailing.deliveries.get().address == "ann@example.org"


def test_somebody_who_asked_twice_is_one_candidate(ann: Subscriber) -> None:
    for _ in range(2):
        ConfirmationRequest.objects.create(subscription=ann.subscriptions.get())
    assert asked.take_confirmations() == 1
    assert Mailing.objects.get().candidates == 1


def test_a_welcome_says_what_will_come_and_when_and_how_to_end_it(
    pivot: Topic, welcomed: Subscriber
) -> None:
    pivot.description, pivot.minutes_budget = "Who builds, who buys & why.", 5
    pivot.save()
    made = schedule.set_schedule(pivot, Rule("0 15 * * 0", "Europe/London"), auto=False, by="test")
    asked.take_welcomes()
    html, text = texts()
    assert "Who builds, who buys &amp; why." in html
    assert "Who builds, who buys & why." in text
    assert "6 stories at most, and takes about 5 minutes." in text
    assert f"It is planned for Sunday {made.next_at.day} " in text.replace("Sunday, ", "Sunday ")
    for part in (html, text):
        assert "_UNSUBSCRIBE_URL__" in part
        assert "_PREFERENCES_URL__" in part


def test_a_welcome_leads_to_the_latest_update_that_is_out(
    pivot: Topic, welcomed: Subscriber
) -> None:
    story = newsroom.briefing(pivot, "Lantern builds", published_at=timezone.now())
    newsroom.update(pivot, 1, story)
    newsroom.update(pivot, 2, story)
    newsroom.update(pivot, 3, story, stage=Stage.APPROVED)
    asked.take_welcomes()
    html, text = texts()
    for part in (html, text):
        assert "/t/medias-ai-pivot/2/" in part
        assert "Update #3" not in part


def test_a_welcome_promises_no_time_that_has_passed(pivot: Topic, welcomed: Subscriber) -> None:
    made = schedule.set_schedule(pivot, Rule("0 15 * * 0", "Europe/London"), auto=False, by="test")
    made.next_at = timezone.now() - dt.timedelta(days=3)
    made.save()
    asked.take_welcomes()
    assert "when there is news" in texts()[1]
