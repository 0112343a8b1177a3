"""A topic that has ended: nothing new comes of it, what it was stays, and it can be reopened."""

import datetime as dt

import pytest
from click.testing import CliRunner
from django.test import Client
from django.utils import timezone

from config.cli import main
from digest import approval, asking, drafting, ending
from digest.audit import AuditEntry
from digest.errors import Refused
from digest.feeds import Feed
from digest.intake import polling
from digest.models import Stage, Topic, Update
from subscribers import preferences, signup_requests
from subscribers.models import Subscriber, Subscription, SubscriptionState
from subscribers.requested import SignupRequest
from subscribers.tokens import Purpose, make
from tests import newsroom
from tests.forms import text
from tests.ledgering import mailing
from workers import schedule, slots
from workers.models import MailingState, Schedule, Slot, SlotResult
from workers.queue.coming import coming

pytestmark = pytest.mark.django_db
T = "/desk/medias-ai-pivot"
WEEK = dt.timedelta(days=7)


@pytest.fixture
def ended(pivot: Topic) -> Topic:
    newsroom.update(pivot, 1, newsroom.briefing(pivot, "A pier reopens"))
    return ending.end(pivot, "pia@example.org")


def test_a_publisher_ends_a_topic_and_reopens_it_and_both_are_audited(
    press: Client, pivot: Topic
) -> None:
    answer = press.post(f"{T}/settings/end/", {"do": "end"}, follow=True)
    assert "It has ended" in text(answer)
    pivot.refresh_from_db()
    assert pivot.ended_at
    assert "There is no draft" in text(press.get(f"{T}/draft/"))
    assert "Assemble a draft" not in text(press.get(f"{T}/draft/"))
    press.post(f"{T}/settings/end/", {"do": "reopen"})
    pivot.refresh_from_db()
    assert pivot.ended_at is None
    said = AuditEntry.objects.filter(about=pivot.slug).values_list("who", "what")
    assert [*said] == [("pia@example.org", "ended topic"), ("pia@example.org", "reopened topic")]


def test_the_commands_end_it_and_reopen_it(pivot: Topic) -> None:
    for words, listed in (("end", True), ("reopen", False)):
        assert CliRunner().invoke(main, ["topic", words, pivot.slug]).exit_code == 0
        assert ("ended" in CliRunner().invoke(main, ["topic", "list"]).stdout) == listed
    again = CliRunner().invoke(main, ["topic", "reopen", pivot.slug])
    assert again.exit_code == 2
    assert "has not ended; nothing was changed" in again.stderr


@pytest.mark.parametrize(
    ("stage", "state", "said"),
    [
        (Stage.APPROVED, None, "Update #1 of Media's AI Pivot is approved; nothing was changed"),
        (Stage.SENT, MailingState.SENDING, "Update #1 of Media's AI Pivot is on its way"),
        (Stage.SENT, MailingState.PAUSED, "Update #1 of Media's AI Pivot is on its way"),
    ],
)
def test_it_does_not_end_while_an_update_is_about_to_go_out(
    press: Client, pivot: Topic, stage: Stage, state: MailingState | None, said: str
) -> None:
    update = newsroom.update(pivot, 1, stage=stage)
    if state:
        mailing(pivot, update=update, state=state)
    answer = press.post(f"{T}/settings/end/", {"do": "end"}, follow=True)
    assert said in text(answer)
    pivot.refresh_from_db()
    assert pivot.ended_at is None


def test_it_ends_once_its_last_update_has_gone(pivot: Topic) -> None:
    update = newsroom.update(pivot, 1)
    mailing(pivot, update=update, state=MailingState.DONE, finished_at=timezone.now())
    assert ending.end(pivot, "pia@example.org").ended_at


def test_nothing_is_drafted_asked_for_or_approved(draft: Update) -> None:
    Update.objects.update(planned_at=timezone.now())
    topic = ending.end(draft.topic, "pia@example.org")
    update = Update.objects.select_related("topic").get()
    assert (update.stage, update.planned_at) == (Stage.DRAFT, None)
    assert update.items.count() == 3
    with pytest.raises(Refused, match="nothing was drafted"):
        drafting.draft(topic)
    with pytest.raises(Refused, match="nobody was asked"):
        asking.ask(update, "edda@example.org", "")
    with pytest.raises(Refused, match="nothing was approved"):
        approval.approve(update, "pia@example.org")
    ending.reopen(topic, "pia@example.org")
    approval.approve(Update.objects.select_related("topic").get(), "pia@example.org")


@pytest.mark.both_databases
def test_no_slot_comes_due_and_reopened_it_waits_for_the_next(daily: Schedule) -> None:
    ending.end(daily.topic, "pia@example.org")
    later = daily.next_at + WEEK
    assert schedule.run_due(later) == 0
    assert not Slot.objects.exists()
    moved = Schedule.objects.select_related("topic").get()
    assert moved.next_at > later
    assert schedule.next_update(moved) is None
    assert coming() == []
    ending.reopen(daily.topic, "pia@example.org")
    assert schedule.run_due(later) == 0
    assert schedule.run_due(moved.next_at) == 1


def test_a_slot_that_was_filed_is_passed_and_one_that_is_held_waits_for_nobody(
    daily: Schedule,
) -> None:
    now = timezone.now()
    Slot.objects.create(topic=daily.topic, due_at=now, cutoff=now, result=SlotResult.DUE)
    Slot.objects.create(
        topic=daily.topic,
        due_at=timezone.now() + WEEK,
        cutoff=timezone.now(),
        result=SlotResult.HELD,
    )
    assert slots.held().count() == 1
    ending.end(daily.topic, "pia@example.org")
    assert slots.held().count() == 0
    slots.run(timezone.now(), until=0)
    assert Slot.objects.order_by("due_at")[0].why == "Its topic has ended."


def test_its_feeds_are_not_read(ended: Topic) -> None:
    feed = Feed.objects.create(topic=ended, url="https://feeds.example.com/1")
    assert polling.poll(feed.pk) is None
    feed.refresh_from_db()
    assert feed.fetched_at is None


def test_the_desk_lists_it_apart_and_wants_nothing_of_it(desk: Client, ended: Topic) -> None:
    newsroom.briefing(ended, "A new story", published_at=timezone.now())
    page = text(desk.get("/desk/"))
    assert "Every topic has ended" in page
    assert "waits for the next update" not in page
    assert f'href="{T}/settings/#end">Reopen' in page
    assert "slot-medias-ai-pivot" not in text(desk.get("/queue/desk/"))
    assert "nothing new comes of it" in text(desk.get(f"{T}/briefings/"))


def test_nobody_can_sign_up_for_it_by_page_form_or_program(client: Client, ended: Topic) -> None:
    assert "There is no topic to subscribe to yet" in text(client.get("/subscribe/"))
    form = {"topic": ended.slug, "address": "new@example.org"}
    assert client.post("/subscribe/", form).status_code == 400
    SignupRequest.objects.create(email="new@example.org", topics=[ended.slug])
    signup_requests.take()
    assert not Subscription.objects.exists()


def test_the_archive_says_that_it_has_ended_and_keeps_its_pages(
    client: Client, ended: Topic
) -> None:
    page = text(client.get("/t/medias-ai-pivot/"))
    assert "No more updates come of it. What went out stays here." in page
    assert "/subscribe/" not in page
    assert "/t/medias-ai-pivot/1/" in page
    assert client.get("/t/medias-ai-pivot/1/").status_code == 200
    assert client.get("/t/medias-ai-pivot/feed.xml").status_code == 200
    assert '<span class="pill quiet">Ended</span>' in text(client.get("/"))


def test_its_readers_see_that_it_has_ended_and_leave_as_ever(
    client: Client, ann: Subscriber, ended: Topic, retail: Topic
) -> None:
    shown = preferences.choices(ann)
    assert [one.topic for one in shown] == [ended, retail]
    page = text(client.get(f"/preferences/{make(Purpose.PREFERENCES, ann.id, ended.id, 0)}/"))
    assert '<span class="pill quiet">Ended</span>' in page
    assert "No more updates come of it. What went out stays in the archive." in page
    preferences.choose(ann, [retail.slug])
    assert ann.subscriptions.get(topic=ended).state == SubscriptionState.UNSUBSCRIBED
    assert [one.topic for one in preferences.choices(ann)] == [retail]
    preferences.choose(ann, [ended.slug])
    assert ann.subscriptions.get(topic=ended).state == SubscriptionState.UNSUBSCRIBED
