"""Approval: what is fixed, what is refused, and how it is taken back."""

import datetime as dt
import threading

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from digest import approval, arranging, drafting, editions, ordering, requesting
from digest.audit import AuditEntry
from digest.briefings import Briefing
from digest.errors import Refused
from digest.models import Edition, Kind, Stage, Topic, Update
from digest.rendering.view import content_hash
from digest.updates import provisional_number
from tests.briefings import keep_briefing
from workers import asked

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def draft(pivot: Topic) -> Update:
    """A draft of three."""
    for n in range(3):
        keep_briefing(pivot, f"story-{n}", importance=3 - n)
    return drafting.draft(pivot)


def test_approval_gives_the_number_freezes_the_items_and_keeps_an_edition(draft: Update) -> None:
    approved = approval.approve(draft, by="pia@example.org")
    assert (approved.number, approved.stage) == (1, Stage.APPROVED)
    assert all(item.frozen for item in approved.items.all())
    edition = approved.editions.get(variant="arranged")
    assert "story-0" in edition.view["stories"][0]["slug"]
    assert approved.content_hash
    assert AuditEntry.objects.filter(what="approved update", who="pia@example.org").exists()


def test_what_is_edited_after_approval_does_not_change_the_edition(draft: Update) -> None:
    approved = approval.approve(draft, by="pia")
    before = approved.editions.get(variant="arranged").html
    keep_briefing(draft.topic, "story-0", headline="Another headline altogether")
    assert content_hash(editions.view_of(Update.objects.get(pk=approved.pk))) == (
        approved.content_hash
    )
    assert approved.editions.get(variant="arranged").html == before


def test_a_time_that_has_passed_means_now_and_dates_nothing_back(draft: Update) -> None:
    before = timezone.now()
    approved = approval.approve(draft, by="pia", at=before - dt.timedelta(days=300))
    assert approved.due_at
    assert before <= approved.due_at <= timezone.now()


def test_a_cut_off_that_lies_ahead_does_not_put_off_the_next_update(pivot: Topic) -> None:
    keep_briefing(pivot, "story-0")
    far = timezone.now() + dt.timedelta(days=10)
    approval.approve(drafting.draft(pivot, until=far), by="pia")
    keep_briefing(pivot, "story-1", published_at=timezone.now())
    after = drafting.draft(pivot)
    assert [item.briefing.slug for item in after.items.all()] == ["story-1"]


def test_approving_twice_is_refused(draft: Update) -> None:
    approval.approve(draft, by="pia")
    with pytest.raises(Refused, match="approved already"):
        approval.approve(Update.objects.get(pk=draft.pk), by="pia")
    assert Edition.objects.filter(variant="arranged").count() == 1


def test_an_empty_draft_is_refused(pivot: Topic) -> None:
    with pytest.raises(Refused, match="no items"):
        approval.approve(drafting.draft(pivot), by="pia")


def test_an_edit_since_it_was_seen_voids_the_approval(draft: Update) -> None:
    seen = content_hash(editions.view_of(draft))
    ordering.move(draft, "story-2", -2, by="edda")
    with pytest.raises(Refused, match="changed since you looked"):
        approval.approve(draft, by="pia", seen_hash=seen)
    draft.refresh_from_db()
    assert draft.stage == Stage.DRAFT
    approval.approve(draft, by="pia", seen_hash=content_hash(editions.view_of(draft)))


def test_a_briefing_withdrawn_a_second_ago_stops_the_approval(draft: Update) -> None:
    Briefing.objects.filter(slug="story-1").update(withdrawn_at="2026-05-17T15:00:00Z")
    with pytest.raises(Refused, match="Withdrawn since: Headline of story-1"):
        approval.approve(draft, by="pia")


def test_a_blocking_check_refuses_it_unless_a_reason_is_given(draft: Update) -> None:
    keep_briefing(draft.topic, "story-0", body="See [the annex](https://).")
    with pytest.raises(approval.Blocked) as blocked:
        approval.approve(draft, by="pia")
    assert blocked.value.status == 1
    assert [finding.name for finding in blocked.value.findings] == ["links"]
    approved = approval.approve(draft, by="pia", despite="The annex comes at noon.")
    assert approved.despite == "The annex comes at noon."


def test_unapproving_gives_everything_back_but_the_number(draft: Update) -> None:
    approval.approve(draft, by="pia")
    approval.unapprove(Update.objects.get(pk=draft.pk), by="pia")
    back = Update.objects.get(pk=draft.pk)
    assert (back.stage, back.number) == (Stage.DRAFT, 1)
    assert not Edition.objects.exists()
    assert set(Briefing.objects.values_list("carried_in", flat=True)) == {None}
    again = drafting.draft(back.topic)
    assert (again.pk, again.items.count()) == (back.pk, 3)
    assert approval.approve(again, by="pia").number == 1


def test_a_draft_with_a_number_can_not_be_thrown_away(draft: Update) -> None:
    approval.approve(draft, by="pia")
    back = approval.unapprove(Update.objects.get(pk=draft.pk), by="pia")
    with pytest.raises(Refused, match="no gaps"):
        drafting.discard(back)


def test_an_approval_is_taken_back_though_a_test_of_it_was_sent(draft: Update) -> None:
    requesting.request_test(draft, ["edda@example.org"], "edda@example.org")
    asked.take_requested_tests()
    approved = approval.approve(Update.objects.get(pk=draft.pk), by="pia")
    approval.unapprove(approved, by="pia")
    assert [one.kind for one in approved.editions.all()] == ["test"], "what was sent stays"


def test_what_is_on_its_way_can_not_be_unapproved(draft: Update) -> None:
    approved = approval.approve(draft, by="pia")
    approval.mark_sent(approved)
    with pytest.raises(Refused, match="on its way"):
        approval.unapprove(approved, by="pia")


def test_a_carried_briefing_comes_back_when_it_has_changed_and_says_what(draft: Update) -> None:
    approval.mark_sent(approval.approve(draft, by="pia"))
    keep_briefing(draft.topic, "story-1", status="Confirmed", importance=2)
    keep_briefing(draft.topic, "fresh", importance=1)
    second = drafting.draft(draft.topic)
    items = {item.briefing.slug: item for item in second.items.select_related("briefing")}
    assert {slug: item.kind for slug, item in items.items()} == {
        "story-1": Kind.CONTINUING,
        "fresh": Kind.NEW,
    }
    assert items["story-1"].change == "Now confirmed (was developing)."
    assert items["story-1"].changed_since == draft
    reasons = {one["slug"]: one["why"] for one in second.left_out}
    assert reasons["story-0"] == "Unchanged since Update #1."
    view = editions.view_of(second)
    assert view.number == 2
    assert view.stories[0].first_reported is not None
    assert view.stories[0].first_reported.number == 1


def test_a_discarded_draft_consumes_nothing(draft: Update) -> None:
    drafting.discard(draft)
    again = drafting.draft(draft.topic)
    assert again.pk != draft.pk
    assert again.items.count() == 3
    assert approval.approve(again, by="pia").number == 1


def test_assembling_again_keeps_what_an_editor_arranged(draft: Update) -> None:
    ordering.move(draft, "story-2", -2, by="edda")
    arranging.set_depth(draft, "story-2", "brief", by="edda")
    arranging.override(draft, "story-1", "Said otherwise", "", by="edda")
    arranging.drop(draft, "story-0", by="edda")
    arranging.reword(draft, by="edda", title="A title of my own")
    keep_briefing(draft.topic, "story-9", importance=9)
    again = drafting.draft(draft.topic)
    items = list(again.items.select_related("briefing"))
    assert [item.briefing.slug for item in items] == ["story-2", "story-1", "story-9"]
    assert items[0].depth == "brief"
    assert items[1].headline == "Said otherwise"
    assert again.title == "A title of my own"


@pytest.mark.django_db(transaction=True)
def test_two_people_approving_at_once_give_one_number(pivot: Topic) -> None:
    """Real connections; on PostgreSQL they really run at once."""
    keep_briefing(pivot, "story")
    draft = drafting.draft(pivot)
    editions.rendered(editions.view_of(draft))
    outcomes = at_once(
        6,
        lambda n: approval.approve(
            Update.objects.select_related("topic").get(pk=draft.pk), by=f"person {n}"
        ),
    )
    assert sorted(outcomes) == ["Refused"] * 5 + ["Update"]
    assert list(Update.objects.values_list("number", flat=True)) == [1]
    assert Edition.objects.filter(variant="arranged").count() == 1


@pytest.mark.django_db(transaction=True)
def test_topics_approved_at_once_each_count_without_gap(pivot: Topic) -> None:
    topics = [pivot, *(Topic.objects.create(slug=f"t{n}", name=f"T{n}") for n in range(3))]
    for topic in topics:
        keep_briefing(topic, "story")
    drafts = [drafting.draft(topic) for topic in topics]
    outcomes = at_once(4, lambda n: approval.approve(drafts[n], by="pia"))
    assert outcomes == ["Update"] * 4
    assert set(Update.objects.values_list("number", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_an_approval_taken_back_while_its_mailing_is_made_is_refused_in_words(
    pivot: Topic,
) -> None:
    """Real connections; on PostgreSQL the second waits for the first one's commit."""
    keep_briefing(pivot, "story")
    approved = approval.approve(drafting.draft(pivot), by="pia")
    marked, outcome = threading.Event(), []

    def take_back() -> None:
        marked.wait(10)
        try:
            approval.unapprove(Update.objects.get(pk=approved.pk), by="pia")
        except Exception as problem:  # noqa: BLE001  whatever it was, it is the outcome
            outcome.append(problem)
        finally:
            connections.close_all()

    other = threading.Thread(target=take_back)
    other.start()
    with transaction.atomic():
        approval.mark_sent(approved)
        marked.set()
        other.join(0.5)
    other.join()
    assert [type(problem) for problem in outcome] == [Refused]
    assert Update.objects.get().stage == Stage.SENT
    assert Edition.objects.filter(variant="arranged").count() == 1


def at_once(n: int, do: object) -> list[str]:
    """Call ``do(0)`` … in threads of their own; the name of what each gave or raised."""
    outcomes: list[str] = []
    start = threading.Barrier(n)

    def run(number: int) -> None:
        start.wait()
        try:
            outcomes.append(type(do(number)).__name__)  # type: ignore[operator]
        except Exception as problem:  # noqa: BLE001  whatever it was, its name is the outcome
            outcomes.append(type(problem).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_nobody_edits_an_update_while_its_approval_is_being_fixed(
    pivot: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the mail would say what was looked at, and the archive what was typed since."""
    if not connection.features.has_select_for_update_nowait:
        pytest.skip("SQLite has one writer at a time anyway.")
    keep_briefing(pivot, "story")
    draft = drafting.draft(pivot)

    def edit(_: int) -> Update:
        with transaction.atomic():
            return Update.objects.select_for_update(nowait=True).get(pk=draft.pk)

    outcomes: list[str] = []

    def number(update: Update) -> int:
        """Called between the last look at the content and its being written down."""
        outcomes.extend(at_once(1, edit))
        return provisional_number(update)

    monkeypatch.setattr(approval, "provisional_number", number)
    assert approval.approve(draft, by="pia").number == 1
    assert outcomes == ["OperationalError"]


def test_a_draft_that_was_approved_a_moment_ago_can_not_be_thrown_away(draft: Update) -> None:
    as_seen = Update.objects.get(pk=draft.pk)
    approval.approve(draft, by="pia")
    with pytest.raises(Refused, match="is no draft"):
        drafting.discard(as_seen)
    assert Update.objects.get().stage == Stage.APPROVED


def test_an_update_that_was_given_another_time_does_not_leave_at_the_old_one(
    draft: Update,
) -> None:
    as_found = Update.objects.get(pk=approval.approve(draft, by="pia").pk)
    Update.objects.update(due_at=None)  # as whoever stops it does
    with pytest.raises(Refused, match="nothing was sent"):
        approval.mark_sent(as_found)
    assert Update.objects.get().stage == Stage.APPROVED


def test_what_was_answered_while_it_was_rendered_stays_answered(draft: Update) -> None:
    as_found = Update.objects.select_related("topic").get(pk=draft.pk)
    Update.objects.update(dropped=["a-pier-reopens"])  # in that moment, without another content
    approval.approve(as_found, by="pia")
    assert Update.objects.get().dropped == ["a-pier-reopens"]
