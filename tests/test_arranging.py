"""What an editor takes in and leaves out by hand."""

import datetime as dt

import pytest
from django.utils import timezone

from digest import arranging, drafting, withdrawal
from digest.audit import AuditEntry
from digest.briefings import Briefing
from digest.depths import Depth
from digest.errors import Refused
from digest.models import Stage, Topic, Update
from tests import newsroom

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
BY = "edda@example.org"


def order(update: Update) -> list[str]:
    return [item.briefing.slug for item in update.items.select_related("briefing")]


def test_a_dropped_item_is_taken_back_as_it_was(draft: Update) -> None:
    arranging.override(draft, "second-story", "In other words", "", BY)
    arranging.set_depth(draft, "second-story", Depth.BRIEF, BY)
    arranging.fold(draft, "third-story", "second-story", BY)
    was = arranging.drop(draft, "second-story", BY)
    assert order(draft) == ["first-story"]
    arranging.take_back(draft, "second-story", was, BY)
    assert order(draft) == ["first-story", "second-story"]
    item = draft.items.get(briefing__slug="second-story")
    assert (item.headline, item.depth, item.depth_by_hand) == ("In other words", "brief", True)
    assert [fold.briefing.slug for fold in draft.shown_folds()] == ["third-story"]
    assert draft.dropped == []
    assert "second-story" not in {one["slug"] for one in draft.left_out}


def test_what_is_in_already_is_not_taken_back_twice(draft: Update) -> None:
    was = arranging.drop(draft, "second-story", BY)
    arranging.include(draft, "second-story", BY)
    with pytest.raises(Refused, match="can't be put back"):
        arranging.take_back(draft, "second-story", was, BY)


def test_what_another_tells_by_now_is_not_taken_back(draft: Update) -> None:
    was = arranging.drop(draft, "second-story", BY)
    arranging.fold(draft, "second-story", "first-story", BY)
    with pytest.raises(Refused, match="can't be put back"):
        arranging.take_back(draft, "second-story", was, BY)


def test_news_of_after_the_cut_off_is_taken_in_with_a_word_alone(
    pivot: Topic, stories: list[Briefing]
) -> None:
    cut_off = timezone.now() - dt.timedelta(hours=1)
    late = [
        newsroom.briefing(pivot, name, published_at=cut_off + dt.timedelta(minutes=5))
        for name in ("Late one", "Late two")
    ]
    draft = drafting.draft(pivot, until=cut_off)
    with pytest.raises(Refused, match="came after the cut-off"):
        arranging.include(draft, late[0].slug, BY)
    arranging.include(draft, late[0].slug, BY, anyway="The harbour vote is tonight")
    assert order(draft)[-1] == "late-one"
    assert draft.items.get(briefing=late[0]).anyway == "The harbour vote is tonight"
    done = AuditEntry.objects.filter(who=BY).values_list("detail__did", flat=True)
    assert "included past the cut-off (“The harbour vote is tonight”) “Late one”" in done
    again = drafting.draft(pivot, until=cut_off)
    assert order(again)[-1] == "late-one"
    assert "late-two" not in order(again)
    assert again.items.get(briefing=late[0]).anyway


def test_what_an_editor_included_stays_in_when_assembled_again(
    pivot: Topic, stories: list[Briefing]
) -> None:
    old = newsroom.briefing(pivot, "Old", published_at=timezone.now() - dt.timedelta(days=300))
    told = newsroom.briefing(pivot, "Told")
    newsroom.update(pivot, 1, told, stage=Stage.SENT)
    draft = drafting.draft(pivot)
    for one in (old, told):
        arranging.include(draft, one.slug, BY)
    again = drafting.draft(pivot)
    assert {"old", "told"} <= set(order(again))
    Briefing.objects.filter(pk=old.pk).update(withdrawn_at=timezone.now())
    assert "old" not in order(drafting.draft(pivot))


def test_what_is_included_stands_at_the_end_whatever_was_dropped_before(
    draft: Update, pivot: Topic
) -> None:
    arranging.drop(draft, "first-story", BY)
    arranging.drop(draft, "second-story", BY)
    newsroom.briefing(pivot, "Fourth story", published_at=draft.until)
    arranging.include(draft, "fourth-story", BY)
    arranging.include(draft, "first-story", BY)
    assert order(draft) == ["third-story", "fourth-story", "first-story"]
    arranging.fold(draft, "third-story", "fourth-story", BY)
    arranging.include(draft, "second-story", BY)
    assert order(draft) == ["fourth-story", "first-story", "second-story"]


def test_what_was_told_before_and_is_split_off_stands_at_the_end(
    draft: Update, pivot: Topic
) -> None:
    told = newsroom.briefing(pivot, "Told before")
    told.carried_in = newsroom.update(pivot, 1, told)
    told.save()
    arranging.fold(draft, "first-story", "told-before", BY)
    arranging.drop(draft, "second-story", BY)
    newsroom.briefing(pivot, "Fourth story", published_at=draft.until)
    arranging.include(draft, "fourth-story", BY)
    arranging.split(draft, "first-story", BY)
    assert order(draft) == ["third-story", "fourth-story", "first-story"]


def test_a_withdrawn_briefing_is_folded_into_nothing(
    draft: Update, stories: list[Briefing]
) -> None:
    withdrawal.withdraw(stories[1], BY)
    with pytest.raises(Refused, match="“Second story” is withdrawn; nothing was changed"):
        arranging.fold(draft, "second-story", "first-story", BY)
    with pytest.raises(Refused, match="“Second story” is withdrawn; nothing was changed"):
        arranging.fold(draft, "first-story", "second-story", BY)
    assert order(draft) == ["first-story", "second-story", "third-story"]


def test_what_was_left_out_and_is_folded_after_all_stays_so_in_the_next_draft(
    draft: Update, pivot: Topic
) -> None:
    arranging.drop(draft, "second-story", BY)
    arranging.fold(draft, "second-story", "first-story", BY)
    again = drafting.draft(pivot)
    assert [fold.briefing.slug for fold in again.shown_folds()] == ["second-story"]
    assert "second-story" not in {one["slug"] for one in again.left_out}


def test_an_item_of_after_the_cut_off_that_was_left_out_still_asks_for_a_word(
    pivot: Topic, stories: list[Briefing]
) -> None:
    cut_off = timezone.now() - dt.timedelta(hours=1)
    newsroom.briefing(pivot, "Late one", published_at=cut_off + dt.timedelta(minutes=5))
    draft = drafting.draft(pivot, until=cut_off)
    arranging.include(draft, "late-one", BY, anyway="It is the story of the day")
    arranging.drop(draft, "late-one", BY)
    for update in (draft, drafting.draft(pivot, until=cut_off)):
        left = next(one for one in update.left_out if one["slug"] == "late-one")
        assert left["past_cutoff"]
