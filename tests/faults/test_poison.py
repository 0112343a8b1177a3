"""A poison briefing, template or request: its update is set aside after three tries.

Other topics go on, and why it was set aside stands on the queue's page and in ``digest status``.
"""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from digest import approval, drafting, editions
from digest.audit import AuditEntry
from digest.models import Edition, Topic, Update
from digest.requesting import RequestedTest
from tests.briefings import keep_briefing
from tests.ledgering import readers
from tests.sends import received
from workers import asked, balance, departures, mailings, schedule, sending
from workers.commands.status import _plain
from workers.models import BULK, Mailing, MailingState, Schedule, Slot, SlotResult

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def poisoned(pivot: Topic) -> Update:
    """An approved update that is due and whose frozen content is gone; another topic's is well."""
    readers(pivot, 1)
    other = Topic.objects.create(slug="retail", name="Retail")
    for topic in (pivot, other):
        keep_briefing(topic, "story")
        approval.approve(drafting.draft(topic), by="pia")
    Edition.objects.filter(topic=pivot).delete()
    return Update.objects.get(topic=pivot)


def test_an_update_that_can_not_be_mailed_is_quarantined_after_three_tries_and_others_go_on(
    poisoned: Update, otto: User, signed_in: Callable[[User], Client]
) -> None:
    made = [departures.take_due_updates() for _ in range(5)]
    assert [len(ids) for ids in made] == [1, 0, 0, 0, 0], "the other topic's is made at once"
    sick = Mailing.objects.get(update=poisoned)
    assert (sick.state, sick.tries) == (MailingState.QUARANTINED, 3)
    assert "digest unapprove medias-ai-pivot/1" in sick.why, "it says what to do"
    assert [one["why"] for one in _plain()["mailings"] if one["state"] == "quarantined"] == [
        sick.why
    ]
    page = signed_in(otto).get("/queue/").content.decode()
    assert "what was frozen at its approval is gone" in page
    assert "No worker takes it up" not in page
    assert AuditEntry.objects.filter(what="quarantined mailing").count() == 1


def test_an_update_in_quarantine_is_mailed_once_it_is_approved_anew(poisoned: Update) -> None:
    for _ in range(4):
        departures.take_due_updates()
    approval.unapprove(poisoned, by="pia")
    departures.take_due_updates()
    assert not Mailing.objects.filter(update=poisoned).exists(), "nothing waits for a person"
    approval.approve(Update.objects.get(pk=poisoned.pk), by="pia")
    (made,) = departures.take_due_updates()
    assert Mailing.objects.get(update=poisoned).id == made
    assert Mailing.objects.get(id=made).state == MailingState.PREPARING


def test_an_update_approved_anew_between_two_ticks_has_three_tries_again(poisoned: Update) -> None:
    departures.take_due_updates()
    approval.unapprove(poisoned, by="pia")
    approval.approve(Update.objects.get(pk=poisoned.pk), by="pia")
    Edition.objects.filter(update=poisoned).delete()
    departures.take_due_updates()
    assert Mailing.objects.get(update=poisoned).tries == 1


def test_an_update_in_quarantine_is_tried_again_when_it_is_resumed(poisoned: Update) -> None:
    for _ in range(4):
        departures.take_due_updates()
    sick = Mailing.objects.get(update=poisoned)
    mailings.resume(sick, by="otto")
    departures.take_due_updates()
    sick.refresh_from_db()
    assert (sick.state, sick.tries) == (MailingState.SCHEDULED, 1)


def test_an_update_in_quarantine_can_be_cancelled_for_good(poisoned: Update) -> None:
    for _ in range(4):
        departures.take_due_updates()
    mailings.cancel(Mailing.objects.get(update=poisoned), by="otto")
    assert departures.take_due_updates() == []
    assert Mailing.objects.get(update=poisoned).state == MailingState.CANCELLED


def test_a_poisoned_edition_is_quarantined_after_three_tries_and_others_go_on(
    due: Mailing, relay: Path
) -> None:
    assert due.edition is not None
    due.edition.subject = "a subject\r\nwith another line"
    due.edition.save()
    for _ in range(4):
        sending.send(BULK, seconds=5)
    due.refresh_from_db()
    assert due.state == MailingState.QUARANTINED
    assert "A batch failed" in due.why
    assert balance.sheet(due).balanced
    assert received(relay) == []


def test_a_resumed_mailing_of_a_mended_edition_goes_out(due: Mailing, relay: Path) -> None:
    Mailing.objects.filter(id=due.id).update(state=MailingState.QUARANTINED, tries=3)
    mailings.resume(due, by="otto")
    sending.send(BULK, seconds=5)
    assert len(received(relay)) == 5


def test_an_audience_that_can_not_be_filled_is_quarantined_after_three_tries(
    due: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    Mailing.objects.update(state=MailingState.PREPARING, prepared_at=None)

    def poison(*_: object) -> bool:
        raise ZeroDivisionError("poison")

    monkeypatch.setattr(mailings, "fill", poison)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            mailings.prepare(due.id, 1)
    due.refresh_from_db()
    assert due.state == MailingState.QUARANTINED
    assert "poison" in due.why


def test_a_slot_that_fails_is_tried_again_and_held_after_the_third_time(
    daily: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poisoned(*_: object, **__: object) -> None:
        raise ZeroDivisionError("poison")

    monkeypatch.setattr(drafting, "draft", poisoned)
    due = daily.next_at
    for minutes in (0, 6, 12):
        schedule.run_due(due + dt.timedelta(minutes=minutes))
        schedule.run_due(due + dt.timedelta(minutes=minutes, seconds=1))
    slot = Slot.objects.get()
    assert (slot.result, slot.tries) == (SlotResult.HELD, 3)
    assert "poison" in slot.why
    daily.refresh_from_db()
    assert daily.next_at > due, "the topic's later slots go on"


def test_a_schedule_whose_zone_is_no_more_stops_no_other(daily: Schedule) -> None:
    other = Topic.objects.create(slug="other", name="Other")
    Schedule.objects.create(
        topic=other,
        cron="0 7 * * *",
        zone="Mars/Olympus",
        next_at=daily.next_at - dt.timedelta(days=1),
    )
    assert schedule.run_due(daily.next_at) == 1
    assert Slot.objects.get(topic=daily.topic).result == SlotResult.SKIPPED
    held = Slot.objects.get(topic=other)
    assert held.result == SlotResult.HELD
    assert "'Mars/Olympus' is no time zone" in held.why


def test_a_test_that_can_not_be_rendered_does_not_keep_others_from_theirs(
    due: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert due.update is not None
    sick = RequestedTest.objects.create(update=due.update, addresses=["edda@example.org"])
    RequestedTest.objects.create(update=due.update, addresses=["pia@example.org"])
    real = editions.for_test
    tries: list[object] = []

    def for_test(update: Update, variant: str) -> Edition:
        tries.append(update)
        if len(tries) == 1:
            raise RuntimeError("poison")
        return real(update, variant)

    monkeypatch.setattr(editions, "for_test", for_test)
    assert asked.take_requested_tests() == 1
    sick.refresh_from_db()
    assert sick.taken_at, "it is not tried every second for ever"
    assert AuditEntry.objects.filter(what="could not make a test of").exists()
