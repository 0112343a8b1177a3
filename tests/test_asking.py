"""Two people: one asks for an approval, another gives it."""

import pytest
from click.testing import CliRunner

from digest import approval, arranging, asking, editions, ordering
from digest.errors import Refused
from digest.models import Stage, Topic, Update
from digest.rendering.view import content_hash
from digest.teamwork import Answer, ApprovalRequest
from workers.commands.approve import approve

pytestmark = pytest.mark.django_db

EDDA, PIA = "edda@example.org", "pia@example.org"


@pytest.fixture
def strict(draft: Update) -> Update:
    """A draft of a topic that takes two people."""
    Topic.objects.update(two_people=True)
    return Update.objects.select_related("topic").get(pk=draft.pk)


def content(update: Update) -> str:
    return content_hash(editions.view_of(Update.objects.select_related("topic").get(pk=update.pk)))


def ask(update: Update, by: str = EDDA, note: str = "") -> ApprovalRequest:
    return asking.ask(update, by, content(update), note)


def test_alone_nobody_approves(strict: Update) -> None:
    with pytest.raises(Refused, match="Nobody has asked for it yet"):
        approval.approve(strict, by=PIA)
    ask(strict, by=PIA)
    with pytest.raises(Refused, match="You asked for it yourself"):
        approval.approve(strict, by=PIA)
    strict.refresh_from_db()
    assert (strict.stage, strict.number) == (Stage.DRAFT, None)


@pytest.mark.both_databases
def test_what_another_has_asked_for_is_approved_and_the_request_answered(strict: Update) -> None:
    asked = ask(strict, note="The ferry story is checked.")
    assert approval.approve(strict, by=PIA).stage == Stage.APPROVED
    asked.refresh_from_db()
    assert (asked.answer, asked.answered_by) == (Answer.APPROVED, PIA)


@pytest.mark.both_databases
def test_an_edit_voids_the_request(strict: Update) -> None:
    asked = ask(strict)
    ordering.move(strict, "third-story", -1, by=PIA)
    asked.refresh_from_db()
    assert (asked.answer, asked.words) == (Answer.VOID, f"{PIA} moved “Third story”.")
    with pytest.raises(Refused, match="Nobody has asked"):
        approval.approve(strict, by=PIA)


def test_what_readers_would_not_notice_leaves_the_request_standing(strict: Update) -> None:
    asked = ask(strict)
    arranging.pin(strict, "third-story", True, by=PIA)
    asked.refresh_from_db()
    assert asked.answer == Answer.OPEN


def test_a_briefing_that_changed_since_is_not_what_was_asked_for(strict: Update) -> None:
    ask(strict)
    strict.topic.briefings.filter(slug="first-story").update(headline="Another headline")
    with pytest.raises(Refused, match=f"changed after {EDDA} asked"):
        approval.approve(strict, by=PIA)
    assert ask(strict).answer == Answer.OPEN
    assert approval.approve(strict, by=PIA).number == 1


@pytest.mark.both_databases
def test_it_is_sent_back_with_words_and_asked_for_anew(strict: Update) -> None:
    ask(strict)
    with pytest.raises(Refused, match="Say what is to be changed"):
        asking.send_back(strict, PIA, "  ")
    back = asking.send_back(strict, PIA, "Name the ferry line.")
    assert (back.answer, back.words) == (Answer.SENT_BACK, "Name the ferry line.")
    with pytest.raises(Refused, match="Nobody asks"):
        asking.send_back(strict, PIA, "Again.")
    assert ask(strict).answer == Answer.OPEN


def test_asking_is_for_what_was_seen_and_once(strict: Update) -> None:
    with pytest.raises(Refused, match="changed since you looked"):
        asking.ask(strict, EDDA, "0" * 64)
    ask(strict)
    with pytest.raises(Refused, match="has asked for it already"):
        ask(strict, by=PIA)
    assert strict.requests.count() == 1


def test_an_approval_taken_back_wants_both_people_again(strict: Update) -> None:
    ask(strict)
    approved = approval.approve(strict, by=PIA)
    back = approval.unapprove(approved, by=PIA)
    with pytest.raises(Refused, match="Nobody has asked"):
        approval.approve(back, by=PIA)


def test_the_command_line_has_no_second_person_and_says_what_to_do(
    strict: Update,
) -> None:
    told = CliRunner().invoke(approve, [strict.ref])
    assert isinstance(told.exception, Refused)
    assert "--one-person" in str(told.exception)


@pytest.mark.both_databases
def test_whoever_asks_asks_for_what_the_draft_is_by_now(strict: Update) -> None:
    as_found = Update.objects.select_related("topic").get(pk=strict.pk)
    seen = content(strict)
    arranging.reword(strict, PIA, title="Another title")
    with pytest.raises(Refused, match="changed since you looked"):
        asking.ask(as_found, EDDA, seen)
    assert not strict.requests.exists()
