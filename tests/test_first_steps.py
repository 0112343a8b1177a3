"""The first hour at an empty desk: every step as it really stands, and gone when it is over."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from digest import approval, drafting, requesting, topics
from digest.feeds import Feed
from digest.models import Topic
from subscribers.models import SubscriptionState
from tests import newsroom
from tests.ledgering import mailing, readers
from tests.test_desk_home import text
from workers import schedule
from workers.doctor import kept
from workers.doctor.finding import Finding, Grade
from workers.first_steps.facts import MANY, looked_up
from workers.first_steps.standing import FirstSteps
from workers.models import Mailing, MailingKind, MailingState, Schedule
from workers.rules import Rule

NAMES = ["sender", "topic", "look", "briefing", "draft", "readers", "test", "schedule", "mailing"]
SENDER = ("Harbour Desk <news@harbour-press.eu>", "Harbour Press, 1 Quay Street")


@pytest.fixture(autouse=True)
def usual(settings: Any) -> None:
    """As without a single setting."""
    settings.MAILBOX_IS_RELAY = settings.RELAY_ON_LOOPBACK = True
    settings.FROM_ADDRESS, settings.POSTAL_ADDRESS = "Digest <digest@example.org>", ""


def stand(who: User) -> dict[str, str]:
    """How each step stands for somebody."""
    return {one.step.name: one.step.state.value for one in FirstSteps(who).shown}


def told(who: User, name: str) -> str:
    return next(one.step.told for one in FirstSteps(who).shown if one.step.name == name)


def row(page: str, name: str) -> str:
    """The part of the page about one step."""
    return page.partition(f'id="step-{name}"')[2].partition("</li>")[0]


def test_a_first_hour_goes_from_nothing_to_a_mailing_each_step_told_as_it_stands(
    press: Client, pia: User, settings: Any
) -> None:
    assert list(stand(pia)) == NAMES
    assert set(stand(pia).values()) == {"can wait", "next", "later"}
    assert stand(pia)["topic"] == "next"
    page = text(press.get("/desk/"))
    assert "0 of 9 done" in page
    assert "No topics yet" not in page, "that would be said twice"
    assert 'href="/desk/new/">Make a topic' in row(page, "topic")

    topic = topics.add("harbour", {"name": "The Harbour Rebuilt"}, by="pia@example.org")
    assert stand(pia)["look"] == "next"
    assert told(pia, "topic") == "“The Harbour Rebuilt”"
    topics.change(topic, {"accent": "#1d4f8f", "description": "What becomes of the quay."}, by="x")
    assert told(pia, "look") == "Has a description, the colour #1d4f8f"

    assert stand(pia)["briefing"] == "next"
    Feed.objects.create(topic=topic, url="https://feeds.example.com/harbour")
    assert stand(pia) | {"briefing": "on its way", "readers": "next"} == stand(pia)
    newsroom.briefing(topic, "The last crane comes down", published_at=timezone.now())
    assert (told(pia, "briefing"), stand(pia)["draft"]) == ("1 briefing", "next")

    draft = drafting.draft(topic, by="pia@example.org")
    assert told(pia, "draft") == "Draft: The last crane comes down · 1 item"
    assert stand(pia)["readers"] == "next"
    readers(topic, 1, SubscriptionState.PENDING)
    assert stand(pia) | {"readers": "on its way", "test": "next"} == stand(pia)
    readers(topic, 2)
    assert told(pia, "readers") == "2 readers"

    asked = requesting.request_test(draft, ["pia@example.org"], "pia@example.org")
    assert stand(pia) | {"test": "on its way", "schedule": "next"} == stand(pia)
    sent = {"update": draft, "kind": MailingKind.TEST, "asked_for": asked}
    test = mailing(topic, **sent, state=MailingState.DONE, failed=1)
    assert stand(pia)["test"] == "wants a look"
    Mailing.objects.filter(pk=test.pk).update(failed=0, accepted=1)
    assert (stand(pia)["test"], told(pia, "test")) == ("done", "To pia@example.org")

    schedule.set_schedule(topic, Rule("0 7 * * 1-5", "Europe/London"), auto=False, by="x")
    assert told(pia, "schedule") == "At 07:00 on Monday through Friday, Europe/London"
    assert stand(pia)["mailing"] == "next"
    settings.FROM_ADDRESS, settings.POSTAL_ADDRESS = SENDER
    assert told(pia, "sender") == " · ".join(SENDER)
    assert "8 of 9 done" in text(press.get("/desk/"))

    approved = approval.approve(draft, by="pia@example.org")
    assert stand(pia)["mailing"] == "on its way"
    main = mailing(topic, update=approved, state=MailingState.SENDING, candidates=2, accepted=1)
    assert told(pia, "mailing") == "Update #1 is going out: 1 of 2 so far."
    Mailing.objects.filter(pk=main.pk).update(state=MailingState.HELD, why="Too many bounced.")
    assert (stand(pia)["mailing"], told(pia, "mailing")) == ("wants a look", "Too many bounced.")
    Mailing.objects.filter(pk=main.pk).update(state=MailingState.DONE, accepted=0)
    assert stand(pia)["mailing"] == "wants a look", "it reached nobody"
    assert "First steps" in text(press.get("/desk/"))

    Mailing.objects.filter(pk=main.pk).update(accepted=2)
    assert "First steps" not in text(press.get("/desk/")), "it is over"
    page = text(press.get("/desk/first-steps/"))
    assert "The first mailing has gone out" in page
    assert "9 of 9 done" in page


def test_without_a_relay_mails_are_said_to_stay_and_with_one_a_sender_is_wanted(
    press: Client, pia: User, pivot: Topic, settings: Any
) -> None:
    page = text(press.get("/desk/"))
    assert "Mails stay on this machine" in page
    assert "<code>digest init</code>" in page
    assert stand(pia)["sender"] == "can wait"
    settings.MAILBOX_IS_RELAY = settings.RELAY_ON_LOOPBACK = False
    page = text(press.get("/desk/"))
    assert "Mails stay" not in page
    assert stand(pia)["sender"] == "wants a look"
    assert "Nothing can be approved before." in row(page, "sender")
    assert 'href="/desk/medias-ai-pivot/settings/#sender-title"' in row(page, "sender")
    topics.change(pivot, dict(zip(("from_address", "postal_address"), SENDER, strict=True)), by="x")
    assert stand(pia)["sender"] == "done", "the topic's own will do"


def test_an_editor_is_told_who_can_what_an_editor_cannot(
    desk: Client, edda: User, pia: User, settings: Any
) -> None:
    page = text(desk.get("/desk/"))
    assert "Can be done by pia@example.org." in row(page, "topic")
    assert "/desk/new/" not in row(page, "topic")
    topic = topics.add("harbour", {"name": "Harbour"}, by="x")
    assert stand(edda)["briefing"] == "next", "the look before it is a publisher's"
    page = text(desk.get("/desk/"))
    assert "later, once there is a draft" in row(page, "test")
    assert "/people/import/" not in row(page, "readers")
    assert "/subscribe/" in row(page, "readers")
    newsroom.briefing(topic, published_at=timezone.now())
    settings.RELAY_ON_LOOPBACK = False
    assert stand(edda)["sender"] == "wants a look"
    mine = FirstSteps(edda).next
    assert mine
    assert mine.step.name == "draft", "what is hers, before what only another can mend"
    drafting.draft(topic)
    assert "/desk/harbour/draft/review/" in row(text(desk.get("/desk/")), "mailing")
    pia.delete()
    assert "digest user add ADDRESS --role publisher" in row(text(desk.get("/desk/")), "look")


def test_whoever_runs_the_machine_is_told_what_the_doctor_found_and_where(
    press: Client, ada: User, signed_in: type[Client]
) -> None:
    desk = signed_in(ada)  # type: ignore[call-arg]  # SignedIn of conftest
    assert "not looked yet" in text(desk.get("/desk/"))
    kept.keep([Finding("clock", Grade.BAD, "It is off.", "Set it.")], by="ada@example.org")
    page = text(desk.get("/desk/"))
    assert '<span class="pill bad">1 to mend</span>' in page
    assert 'href="/queue/doctor/"' in page
    assert "/queue/doctor/" not in text(press.get("/desk/")), "a publisher can't open it"


def test_they_can_be_put_away_by_one_for_oneself_and_found_again(
    press: Client, desk: Client, pivot: Topic
) -> None:
    assert 'class="card first-steps"' in text(press.get("/desk/"))
    press.post("/desk/first-steps/", {"do": "away"})
    press.post("/desk/first-steps/", {"do": "away"})
    page = text(press.get("/desk/"))
    assert 'class="card first-steps"' not in page
    assert "Nothing new yet" in page, "the desk says again what the steps said"
    assert 'class="card first-steps"' in text(desk.get("/desk/")), "Edda's are where they were"
    assert '<a href="/desk/first-steps/">the first steps</a>' in page
    assert "Show them on the desk" in text(press.get("/desk/first-steps/"))
    press.post("/desk/first-steps/", {"do": "back"})
    assert 'class="card first-steps"' in text(press.get("/desk/"))


def test_every_page_that_a_step_leads_to_leads_back_for_who_was_shown_them(
    press: Client, pia: User, pivot: Topic
) -> None:
    newsroom.briefing(pivot, published_at=timezone.now())
    drafting.draft(pivot)
    back = 'class="first-strip"'
    assert back not in text(press.get("/people/")), "she has not been shown any yet"
    places = set(re.findall(r'href="([^"#]*)', row_of_all(text(press.get("/desk/")))))
    assert len(places) >= 9
    for place in places - {"/subscribe/"}:  # a page of readers
        page = text(press.get(place))
        assert back in page, place
        assert "3 of 9 done" in page, place
    press.post("/desk/first-steps/", {"do": "away"})
    press.get("/desk/")
    assert back not in text(press.get("/people/"))
    press.post("/desk/first-steps/", {"do": "back"})
    press.get("/desk/")
    assert back in text(press.get("/people/"))
    mailing(pivot, state=MailingState.DONE, accepted=1)
    assert back not in text(press.get("/people/"))


def row_of_all(page: str) -> str:
    return page.partition('class="card first-steps"')[2].partition("</section>")[0]


def test_a_moved_list_is_counted_up_to_a_bound_and_the_furthest_topic_is_told_of(
    pia: User, pivot: Topic, django_assert_max_num_queries: Any
) -> None:
    harbour = topics.add("harbour", {"name": "Harbour"}, by="x")
    assert told(pia, "topic") == "“Media's AI Pivot”, and 1 more"
    newsroom.briefing(harbour)
    readers(harbour, MANY + 5)
    Schedule.objects.create(topic=harbour, cron="0 7 * * *", next_at=timezone.now())
    assert told(pia, "topic") == "“Harbour”, and 1 more"
    assert told(pia, "readers") == "More than 1,000 readers"
    with django_assert_max_num_queries(11):
        looked_up()
