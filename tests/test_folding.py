"""One story told twice: folded into one item, put to an editor, split, and told only once."""

import datetime as dt
import json
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client
from django.utils import timezone

from config.cli import main
from digest import approval, arranging, drafting, editions, folding
from digest.audit import AuditEntry
from digest.briefings import Briefing, Ruling
from digest.errors import Refused
from digest.models import Fold, Item, Kind, Stage, Topic, Update
from tests import newsroom
from tests.briefings import keep_briefing

pytestmark = pytest.mark.django_db

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


@pytest.mark.both_databases
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


@pytest.mark.both_databases
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


@pytest.mark.both_databases
def test_what_was_folded_comes_back_when_it_has_changed(
    pivot: Topic, courier: Briefing, copy: Briefing
) -> None:
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


def test_two_stories_are_asked_about_once_however_many_tell_them(
    pivot: Topic, courier: Briefing, copy: Briefing, reworded: Briefing
) -> None:
    update = drafting.draft(pivot)
    assert folds(update) == {("copy", "courier")}
    assert [(one["slug"], one["into"]) for one in update.likely] == [("reworded", "courier")]


@pytest.mark.both_databases
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


# ---- by hand -----------------------------------------------------------------------------------

D = "/desk/medias-ai-pivot/draft/"


@pytest.mark.both_databases
def test_a_likely_pair_is_folded_by_one_click_and_stays_so(
    desk: Client, pivot: Topic, courier: Briefing, reworded: Briefing
) -> None:
    drafting.draft(pivot)
    html = desk.get(D).content.decode()
    assert "Likely told twice" in html
    assert "No bus crosses the Orsin bridge" in html
    desk.post(f"{D}items/reworded/", {"do": "fold", "into": "courier"})
    update = pivot.updates.get()
    assert slugs(update) == ["courier"]
    assert "Also told by Slow Weekly." in update.items.get().why
    assert not update.likely
    assert "Split off: Where buses turn round" in desk.get(D).content.decode()
    assert folds(drafting.draft(pivot)) == {("reworded", "courier")}
    said = AuditEntry.objects.filter(what="edited update", who="edda@example.org")
    assert (
        said.get().detail["did"]
        == "folded “Where buses turn round” into “Cracks close Orsin bridge”"
    )


def test_a_likely_pair_that_is_two_stories_is_not_asked_about_again(
    desk: Client, pivot: Topic, courier: Briefing, reworded: Briefing
) -> None:
    drafting.draft(pivot)
    desk.post(f"{D}items/reworded/", {"do": "apart", "into": "courier"})
    assert pivot.updates.get().likely == []
    assert drafting.draft(pivot).likely == []


@pytest.mark.both_databases
def test_what_was_folded_unasked_is_split_and_stays_apart(
    desk: Client, pivot: Topic, courier: Briefing, copy: Briefing
) -> None:
    drafting.draft(pivot)
    desk.post(f"{D}items/copy/", {"do": "split"})
    update = pivot.updates.get()
    assert slugs(update) == ["courier", "copy"]
    assert [len(story.sources) for story in editions.view_of(update).stories] == [1, 1]
    assert set(slugs(drafting.draft(pivot))) == {"courier", "copy"}


def test_what_an_item_had_taken_in_goes_along_when_it_is_folded(
    pivot: Topic, courier: Briefing, copy: Briefing, reworded: Briefing
) -> None:
    update = drafting.draft(pivot)
    arranging.fold(update, "courier", "reworded", by="edda")
    assert folds(update) == {("courier", "reworded"), ("copy", "reworded")}
    assert len(editions.view_of(update).stories[0].sources) == 3
    assert folds(drafting.draft(pivot)) == {("courier", "reworded"), ("copy", "reworded")}


def test_what_was_told_before_is_included_when_an_editor_says_so(
    pivot: Topic, courier: Briefing, reworded: Briefing
) -> None:
    approval.mark_sent(approval.approve(drafting.draft(pivot), by="pia"))
    tell(pivot, "again", "Orsin bridge closed by cracks", BRIDGE, "Ferry Post",
         published_at=timezone.now())  # fmt: skip
    update = drafting.draft(pivot)
    assert slugs(update) == []
    arranging.include(update, "again", by="edda")
    assert slugs(update) == ["again"]
    assert slugs(drafting.draft(pivot)) == ["again"]
    arranging.fold(update, "again", "courier", by="edda")
    assert slugs(update) == []
    assert update.left_out[-1]["code"] == "told"


def test_a_held_briefing_that_an_editor_folds_is_released_and_stays_folded(
    pivot: Topic, courier: Briefing, reworded: Briefing
) -> None:
    Briefing.objects.filter(slug="reworded").update(held_at=timezone.now())
    update = drafting.draft(pivot)
    arranging.fold(update, "reworded", "courier", by="edda")
    assert Briefing.objects.get(slug="reworded").held_at is None
    again = drafting.draft(pivot)
    assert folds(again) == {("reworded", "courier")}
    assert again.left_out == []


@pytest.mark.parametrize(
    ("slug", "into", "said"),
    [
        ("copy", "copy", "into itself"),
        ("copy", "nothing", "no briefing 'nothing'"),
        ("copy", "old", "neither in the draft nor"),
    ],
)
def test_a_fold_that_makes_no_sense_is_refused_in_words(
    pivot: Topic, courier: Briefing, copy: Briefing, slug: str, into: str, said: str
) -> None:
    tell(pivot, "old", "Old", "Old.", "Wire", published_at=timezone.now() - dt.timedelta(days=99))
    update = drafting.draft(pivot)
    with pytest.raises(Refused, match=said):
        arranging.fold(update, slug, into, by="edda")
    assert folds(update) == {("copy", "courier")}


@pytest.mark.both_databases
def test_commands_fold_and_split(pivot: Topic, courier: Briefing, reworded: Briefing) -> None:
    def run(*words: str) -> str:
        return CliRunner().invoke(main, list(words), catch_exceptions=False).output

    draft = "medias-ai-pivot/draft"
    assert "digest fold medias-ai-pivot/draft reworded courier" in run("assemble", pivot.slug)
    run("fold", draft, "reworded", "courier")
    assert json.loads(run("show", draft, "--json"))["items"][0]["folded"] == ["reworded"]
    assert "Folded in: reworded. An editor folded them." in run("show", draft)
    run("split", draft, "reworded")
    assert [one["slug"] for one in json.loads(run("show", draft, "--json"))["items"]] == [
        "courier",
        "reworded",
    ]


def test_what_an_editor_took_out_is_a_candidate_again_for_the_next(
    pivot: Topic, copy: Briefing, reworded: Briefing
) -> None:
    update = drafting.draft(pivot)
    arranging.drop(update, "reworded", "edda")
    approval.approve(update, by="pia")
    after = drafting.draft(pivot)
    assert slugs(after) == ["reworded"]
    assert "An editor took it out of Update #1." in after.items.get().why
    arranging.drop(after, "reworded", "edda")
    drafting.draft(pivot)
    assert slugs(after) == [], "and stays out of the draft that it is taken out of again"


def test_a_story_that_goes_on_keeps_the_sources_of_those_folded_into_it(
    pivot: Topic, courier: Briefing, copy: Briefing
) -> None:
    approval.approve(drafting.draft(pivot), by="pia")
    keep_briefing(pivot, "courier", status="Resolved", body="It is open again. " * 8)
    update = drafting.draft(pivot)
    assert update.items.get().kind == Kind.CONTINUING
    view = editions.view_of(update)
    assert [one.name for one in view.stories[0].sources] == ["Aldwyn Courier", "Ferry Post"]


def test_a_house_that_tells_its_own_story_twice_is_not_named_as_another(
    pivot: Topic, courier: Briefing
) -> None:
    tell(pivot, "copy", "Orsin bridge closed by cracks", BRIDGE, "Aldwyn Courier")
    update = drafting.draft(pivot)
    arranging.fold(update, "copy", "courier", "edda")
    assert "Also told by" not in update.items.get().why
    assert "Also told by" not in drafting.draft(pivot).items.get().why


def test_who_else_tells_a_story_is_true_after_a_split_too(
    pivot: Topic, courier: Briefing, copy: Briefing
) -> None:
    update = drafting.draft(pivot)
    assert "Also told by Ferry Post." in update.items.get().why
    arranging.split(update, "copy", "edda")
    assert not any("Also told by" in item.why for item in update.items.all())


def test_what_tells_the_story_of_one_that_has_no_room_waits_with_it(
    pivot: Topic, courier: Briefing, copy: Briefing
) -> None:
    pivot.items_budget = 1
    pivot.save()
    keep_briefing(pivot, "first", importance=9)
    update = drafting.draft(pivot)
    assert slugs(update) == ["first"]
    assert {one["slug"] for one in update.left_out} == {"courier", "copy"}
    approval.approve(update, by="pia")
    after = drafting.draft(pivot)
    assert slugs(after) == ["courier"]
    assert [fold.briefing.slug for fold in after.folds.all()] == ["copy"]
