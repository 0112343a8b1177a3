"""One story told twice: folded into one item, put to an editor, split, and told only once."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from digest import approval, drafting, editions, folding
from digest.models import Briefing, Fold, Item, Kind, Ruling, Stage, Topic, Update
from tests import newsroom

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

BRIDGE = (
    "The council of Port Aldwyn closed the Orsin bridge to all traffic on Sunday evening after "
    "engineers found cracks in two cables. Repairs will take until June."
)
REWORDED = (
    "No bus crosses the Orsin bridge this week: Port Aldwyn has shut it, because of its cables."
)


def tell(topic: Topic, slug: str, headline: str, summary: str, house: str, **said: Any) -> Briefing:
    """A briefing of this house."""
    site = house.lower().replace(" ", "-")
    plain = {
        "slug": slug,
        "published_at": timezone.now() - dt.timedelta(hours=3),
        "summary": summary,
        "sources": [{"name": house, "url": f"https://{site}.example.com/{slug}"}],
    }
    return newsroom.briefing(topic, headline, **plain | said)


@pytest.fixture
def courier(pivot: Topic) -> Briefing:
    return tell(
        pivot, "courier", "Cracks close Orsin bridge", BRIDGE, "Aldwyn Courier", importance=2
    )


@pytest.fixture
def copy(pivot: Topic) -> Briefing:
    """The same copy at another house."""
    return tell(pivot, "copy", "Orsin bridge closed by cracks", BRIDGE, "Ferry Post")


@pytest.fixture
def reworded(pivot: Topic) -> Briefing:
    return tell(pivot, "reworded", "Where buses turn round", REWORDED, "Slow Weekly")


def slugs(update: Update) -> list[str]:
    return [item.briefing.slug for item in update.items.select_related("briefing")]


def folds(update: Update) -> set[tuple[str, str]]:
    return {(fold.briefing.slug, fold.into.slug) for fold in update.folds.all()}


def test_a_story_told_twice_is_one_item_with_all_its_sources(
    pivot: Topic, courier: Briefing, copy: Briefing
) -> None:
    update = drafting.draft(pivot)
    assert slugs(update) == ["courier"]
    assert folds(update) == {("copy", "courier")}
    item = update.items.get()
    assert "2 independent sources (+3)" in item.why
    assert "Also told by Ferry Post." in item.why
    story = editions.view_of(update).stories[0]
    assert [source.name for source in story.sources] == ["Aldwyn Courier", "Ferry Post"]


def test_the_more_important_is_kept_then_the_more_complete_then_the_first(pivot: Topic) -> None:
    now = timezone.now()
    for slug, hours, more in [
        ("later", 1, ""),
        ("fuller", 2, "Buses turn round."),
        ("first", 3, ""),
    ]:
        tell(
            pivot, slug, "Cracks close Orsin bridge", f"{BRIDGE} {more}".strip(), f"House {slug}",
            published_at=now - dt.timedelta(hours=hours),
        )  # fmt: skip
    assert slugs(drafting.draft(pivot)) == ["fuller"]
    Briefing.objects.filter(slug="later").update(importance=1)
    assert slugs(drafting.draft(pivot)) == ["later"]


def test_what_is_folded_is_consumed_with_the_item_and_given_back_with_it(
    pivot: Topic, courier: Briefing, copy: Briefing
) -> None:
    update = approval.approve(drafting.draft(pivot), by="pia")
    copy.refresh_from_db()
    assert copy.carried_in == update
    frozen = update.items.get().data
    assert [source.name for source in frozen.sources] == ["Aldwyn Courier", "Ferry Post"]
    approval.unapprove(Update.objects.get(pk=update.pk), by="pia")
    copy.refresh_from_db()
    assert copy.carried_in is None
    assert folds(drafting.draft(pivot)) == {("copy", "courier")}


def test_what_was_folded_comes_back_when_it_has_changed(
    pivot: Topic, courier: Briefing, copy: Briefing
) -> None:
    from tests.briefings import keep_briefing

    first = approval.approve(drafting.draft(pivot), by="pia")
    approval.mark_sent(first)
    keep_briefing(pivot, "copy", status="Resolved", summary="The Orsin bridge is open again.")
    second = drafting.draft(pivot)
    item = second.items.get()
    assert (item.briefing.slug, item.kind) == ("copy", Kind.CONTINUING)
    assert item.change.startswith("Now resolved")
    link = editions.view_of(second).stories[0].first_reported
    assert link is not None
    assert link.url.endswith("/1/courier/")


def test_what_only_may_be_the_same_is_put_to_the_editor_with_the_differing_sentence(
    pivot: Topic, courier: Briefing, reworded: Briefing
) -> None:
    update = drafting.draft(pivot)
    assert set(slugs(update)) == {"courier", "reworded"}
    asked = update.likely[0]
    assert (asked["slug"], asked["into"]) == ("reworded", "courier")
    assert "both name Orsin" in asked["why"].replace("Both", "both")
    assert "bus" in asked["differs"].lower()


def test_a_story_that_readers_had_does_not_come_out_as_new(pivot: Topic, courier: Briefing) -> None:
    first = approval.approve(drafting.draft(pivot), by="pia")
    approval.mark_sent(first)
    Briefing.objects.filter(pk=courier.pk).update(published_at=timezone.now())
    again = tell(pivot, "again", "Orsin bridge closed by cracks", BRIDGE, "Ferry Post",
                 published_at=timezone.now())  # fmt: skip
    tell(pivot, "other", "A pier reopens", "Nothing else.", "Slow Weekly",
         published_at=timezone.now())  # fmt: skip
    second = drafting.draft(pivot)
    assert slugs(second) == ["other"]
    told = next(one for one in second.left_out if one["slug"] == "again")
    assert told["code"] == "told"
    assert "in Update #1" in told["why"]
    approval.approve(second, by="pia")
    again.refresh_from_db()
    assert again.carried_in == second


def test_two_that_an_editor_set_apart_stay_apart(
    pivot: Topic, courier: Briefing, copy: Briefing, reworded: Briefing
) -> None:
    folding.rule(copy, courier, Ruling.APART, "edda")
    folding.rule(reworded, courier, Ruling.APART, "edda")
    update = drafting.draft(pivot)
    assert set(slugs(update)) == {"courier", "copy", "reworded"}
    assert all("courier" not in (one["slug"], one["into"]) for one in update.likely)


def test_two_that_an_editor_folded_are_folded_in_her_direction(
    pivot: Topic, courier: Briefing, reworded: Briefing
) -> None:
    folding.rule(courier, reworded, Ruling.SAME, "edda")
    update = drafting.draft(pivot)
    assert slugs(update) == ["reworded"]
    assert folds(update) == {("courier", "reworded")}


def test_the_last_ruling_holds(pivot: Topic, courier: Briefing, copy: Briefing) -> None:
    folding.rule(copy, courier, Ruling.APART, "edda")
    folding.rule(courier, copy, Ruling.SAME, "edda")
    assert slugs(drafting.draft(pivot)) == ["copy"]


def test_where_precision_was_not_measured_nothing_is_folded_unasked(
    pivot: Topic, courier: Briefing, copy: Briefing
) -> None:
    pivot.language = "de"
    pivot.save()
    update = drafting.draft(pivot)
    assert update.items.count() == 2
    assert len(update.likely) == 1


def test_a_withdrawn_one_among_the_folded_stops_the_approval(
    pivot: Topic, courier: Briefing, copy: Briefing
) -> None:
    from digest.errors import Refused

    update = drafting.draft(pivot)
    Briefing.objects.filter(pk=copy.pk).update(withdrawn_at=timezone.now())
    with pytest.raises(Refused, match="Withdrawn since: Orsin bridge closed by cracks"):
        approval.approve(update, by="pia")


def test_a_discarded_draft_consumes_nothing_of_what_it_folded(
    pivot: Topic, courier: Briefing, copy: Briefing
) -> None:
    drafting.discard(drafting.draft(pivot))
    assert not Item.objects.filter(update__stage=Stage.DRAFT).exists()
    assert folds(drafting.draft(pivot)) == {("copy", "courier")}
    assert Fold.objects.filter(update__stage=Stage.DRAFT).count() == 1
