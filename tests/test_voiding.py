"""What changes an approved update before its first message voids the approval, and says so."""

import datetime as dt

import pytest
from django.db import connection, transaction
from django.utils import timezone

from digest import approval, arranging, drafting, voiding, withdrawal
from digest.audit import AuditEntry
from digest.briefings import Briefing
from digest.errors import Refused
from digest.models import Stage, Topic, Update
from tests import newsroom
from tests.test_approval import at_once
from workers import departures

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def approved(draft: Update) -> Update:
    """For tomorrow."""
    at = timezone.now() + dt.timedelta(days=1)
    return approval.approve(draft, by="pia@example.org", at=at)


def now(update: Update) -> Update:
    return Update.objects.select_related("topic").get(pk=update.pk)


def test_withdrawing_a_briefing_makes_its_approved_update_a_draft_again(
    draft: Update, stories: list[Briefing]
) -> None:
    update = approved(draft)
    assert withdrawal.withdraw(stories[1], by="edda@example.org") == [update]
    fresh = now(update)
    assert (fresh.stage, fresh.number, fresh.due_at) == (Stage.DRAFT, 1, None)
    said = AuditEntry.objects.get(what="voided approval")
    assert (said.who, said.update, said.about) == (
        "edda@example.org",
        update,
        f"{draft.topic.slug}/1",
    )
    assert said.detail == {"did": "withdrew “Second story”", "given_by": "pia@example.org"}
    last = update.versions.first()
    assert last
    assert last.did == "withdrew “Second story”, and so voided the approval"
    with pytest.raises(Refused, match="Withdrawn since: Second story"):
        approval.approve(fresh, by="pia@example.org")
    again = drafting.draft(draft.topic)
    assert approval.approve(again, by="pia@example.org").number == 1


def test_a_briefing_that_is_folded_into_another_counts_too(
    draft: Update, stories: list[Briefing]
) -> None:
    arranging.fold(draft, "third-story", "first-story", by="edda")
    update = approved(draft)
    assert withdrawal.withdraw(stories[2], by="edda") == [update]
    assert now(update).stage == Stage.DRAFT


def test_what_an_approved_update_does_not_tell_voids_nothing(pivot: Topic, draft: Update) -> None:
    update = approved(draft)
    other = newsroom.briefing(pivot, "Another story")
    assert withdrawal.withdraw(other, by="edda") == []
    assert now(update).stage == Stage.APPROVED


def test_another_look_of_its_topic_voids_it_and_what_no_mail_shows_does_not(
    pivot: Topic, draft: Update
) -> None:
    update = approved(draft)
    pivot.minimum = 4
    pivot.save()
    assert voiding.of_topic(pivot, "edda", "changed the topic") == []
    pivot.accent = "#225588"
    pivot.save()
    assert voiding.of_topic(pivot, "edda", "changed the colour") == [update]
    again = approved(now(update))
    Topic.objects.update(from_address="News <news@example.org>")
    assert voiding.of_topic(Topic.objects.get(), "edda", "changed the From") == [again]


def test_with_a_newer_draft_it_is_stopped_and_nothing_goes_out(
    pivot: Topic, draft: Update, stories: list[Briefing]
) -> None:
    update = approved(draft)
    newsroom.briefing(pivot, "Fresh", published_at=timezone.now())
    newer = drafting.draft(pivot)
    assert withdrawal.withdraw(stories[0], by="edda") == [update]
    fresh = now(update)
    assert (fresh.stage, fresh.due_at) == (Stage.APPROVED, None)
    assert "it is stopped" in voiding.told(fresh)
    assert departures.take_due_updates() == []
    assert AuditEntry.objects.filter(what="stopped update", update=update).exists()
    drafting.discard(newer)
    assert approval.unapprove(fresh, by="pia").stage == Stage.DRAFT


def test_what_is_on_its_way_is_not_called_back(draft: Update, stories: list[Briefing]) -> None:
    update = approved(draft)
    approval.mark_sent(update)
    assert withdrawal.withdraw(stories[0], by="edda") == []
    fresh = now(update)
    assert (fresh.stage, fresh.due_at) == (Stage.SENT, update.due_at)


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_and_an_approval_take_turns(
    pivot: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the approval would not see the one, nor the withdrawal the other."""
    if not connection.features.has_select_for_update_nowait:
        pytest.skip("SQLite has one writer at a time anyway.")
    story = newsroom.briefing(pivot, "First story")

    def approve(_: int) -> Topic:
        with transaction.atomic():  # as an approval begins
            return Topic.objects.select_for_update(nowait=True).get(pk=pivot.pk)

    outcomes: list[str] = []

    def of_briefing(*_: object) -> list[Update]:
        outcomes.extend(at_once(1, approve))
        return []

    monkeypatch.setattr(voiding, "of_briefing", of_briefing)
    withdrawal.withdraw(story, by="edda@example.org")
    assert outcomes == ["OperationalError"]
