"""The desk's page of versions: what differs between two, and how one is brought back."""

import html as entities
import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from digest import approval, arranging, drafting, happened, ordering, restoring, retold, versions
from digest.briefings import Briefing
from digest.depths import Depth
from digest.errors import Refused
from digest.models import Topic, Update
from digest.retold import Difference
from tests import newsroom

pytestmark = pytest.mark.django_db

EDDA, PIA = "edda@example.org", "pia@example.org"
D = "/desk/medias-ai-pivot/draft/"


def text(answer: HttpResponse) -> str:
    return entities.unescape(answer.content.decode())


def order(update: Update) -> list[str]:
    return [item.briefing.slug for item in update.items.select_related("briefing")]


def differences(update: Update) -> list[Difference]:
    """What differs between the last version and the one before."""
    new, old = update.versions.all()[:2]
    return retold.between(versions.view(old), versions.view(new))


# ---- what differs ------------------------------------------------------------------------------


def test_words_that_changed_are_marked_within_their_text(draft: Update) -> None:
    arranging.override(draft, "first-story", "", "The pier reopens on Friday at noon.", EDDA)
    arranging.override(draft, "first-story", "", "The pier reopens on Sunday at noon.", PIA)
    (one,) = differences(draft)
    assert (one.part, one.how) == ("First story", "its text changed")
    assert [piece.text for piece in one.pieces if piece.change != "same"] == ["Friday", "Sunday"]


def test_of_a_new_order_only_what_moved_is_told(draft: Update) -> None:
    arranging.reword(draft, EDDA, title="T", subject="S", preheader="P")
    ordering.move(draft, "third-story", -2, EDDA)
    told = [(one.part, one.how) for one in differences(draft) if not one.pieces]
    assert told == [("Third story", "moved from number 3 to 1")]


def test_what_came_in_and_went_out_and_another_depth_are_told(draft: Update) -> None:
    arranging.reword(draft, EDDA, title="T", subject="S", preheader="P")
    arranging.drop(draft, "third-story", EDDA)
    assert [(one.part, one.how) for one in differences(draft)] == [("Third story", "taken out")]
    arranging.include(draft, "third-story", EDDA)
    assert [(one.part, one.how) for one in differences(draft)] == [
        ("Third story", "put in as number 3")
    ]
    arranging.set_depth(draft, "third-story", Depth.LEAD, EDDA)
    assert differences(draft)[0][:2] == ("Third story", "shown as lead instead of standard")


def test_what_readers_would_not_notice_is_no_difference(draft: Update) -> None:
    arranging.pin(draft, "third-story", True, EDDA)
    assert differences(draft) == []


# ---- back to one ---------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_a_version_comes_back_with_order_depths_words_folds_and_what_was_dropped(
    draft: Update,
) -> None:
    arranging.override(draft, "second-story", "In other words", "", EDDA)
    arranging.set_depth(draft, "second-story", Depth.BRIEF, EDDA)
    arranging.pin(draft, "first-story", True, EDDA)
    arranging.fold(draft, "third-story", "first-story", EDDA)
    arranging.reword(draft, EDDA, title="A title of my own", note="Hello.")
    wanted = draft.versions.first()
    assert wanted
    arranging.split(draft, "third-story", PIA)
    arranging.drop(draft, "second-story", PIA)
    arranging.reword(draft, PIA, title="", note="")
    arranging.pin(draft, "first-story", False, PIA)
    assert restoring.restore(draft, wanted, PIA) == []
    assert versions.state(Update.objects.get(pk=draft.pk)) == wanted.state
    last = draft.versions.first()
    assert last
    assert (last.by, last.hash) == (PIA, wanted.hash)
    assert last.did.startswith("restored the version of ")
    again = drafting.draft(draft.topic)
    assert order(again) == ["first-story", "second-story"]
    assert again.title == "A title of my own"


@pytest.mark.both_databases
def test_what_came_in_since_is_left_out_and_can_be_included_again(
    pivot: Topic, draft: Update
) -> None:
    wanted = draft.versions.first()
    assert wanted
    newsroom.briefing(pivot, "Fresh", published_at=timezone.now())
    later = drafting.draft(pivot, by=EDDA)
    restoring.restore(later, wanted, EDDA)
    assert "fresh" not in order(later)
    (left,) = [one for one in later.left_out if one["slug"] == "fresh"]
    assert left["why"] == restoring.NOT_THERE
    arranging.include(later, "fresh", EDDA)
    assert order(later)[-1] == "fresh"


@pytest.mark.both_databases
def test_a_withdrawn_briefing_stays_out_and_the_rest_comes_back(
    desk: Client, draft: Update
) -> None:
    wanted = draft.versions.first()
    assert wanted
    arranging.drop(draft, "second-story", EDDA)
    ordering.move(draft, "third-story", -1, EDDA)
    Briefing.objects.filter(slug="second-story").update(withdrawn_at=timezone.now())
    desk.post(f"{D}history/{wanted.pk}/restore/")
    page = text(desk.get(D))
    assert "“Second story” was withdrawn since and stays out." in page
    assert "Restored." in page
    assert order(draft) == ["first-story", "third-story"]


def test_where_all_is_withdrawn_nothing_is_changed(draft: Update) -> None:
    wanted = draft.versions.first()
    assert wanted
    arranging.drop(draft, "second-story", EDDA)
    Briefing.objects.update(withdrawn_at=timezone.now())
    with pytest.raises(Refused, match="Every briefing of that version is withdrawn"):
        restoring.restore(draft, wanted, EDDA)
    assert order(draft) == ["first-story", "third-story"]


# ---- the pages -----------------------------------------------------------------------------------


def test_the_page_lists_who_did_what_and_compares_any_two(desk: Client, draft: Update) -> None:
    arranging.reword(draft, EDDA, subject="Ferries stop on Monday")
    arranging.reword(draft, PIA, subject="Ferries stop on Tuesday")
    page = text(desk.get(f"{D}history/"))
    assert page.index(">Pia</b> worded the update") < page.index(">Edda</b> worded the update")
    new, old = draft.versions.all()[:2]
    for query in (f"old={old.pk}&new={new.pk}", f"old={new.pk}&new={old.pk}"):
        shown = text(desk.get(f"{D}history/?{query}"))
        assert re.search(r"<del>.*Monday.*</del><ins>.*Tuesday.*</ins>", shown)
    same = text(desk.get(f"{D}history/?old={old.pk}&new={old.pk}"))
    assert "Readers would see no difference" in same


def test_versions_of_another_update_are_not_to_be_had(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    other = Topic.objects.create(slug="other", name="Other")
    newsroom.briefing(other, "Elsewhere", published_at=timezone.now())
    theirs = versions.latest(drafting.draft(other))
    assert desk.get(f"{D}history/?old={theirs}&new={theirs}").status_code == 404
    assert desk.post(f"{D}history/{theirs}/restore/").status_code == 404
    for odd in ("", "x", "-1", "9" * 30):
        assert desk.get(f"{D}history/?old={odd}&new={odd}").status_code == 404


def test_an_approved_update_keeps_its_versions_to_look_at(desk: Client, draft: Update) -> None:
    approval.approve(draft, PIA)
    page = text(desk.get("/desk/medias-ai-pivot/1/history/"))
    assert "approved it as Update #1" in page
    assert "Restore" not in page


def test_hostile_words_are_words(desk: Client, draft: Update) -> None:
    arranging.reword(draft, "<script>alert(1)</script>", subject="<img src=x onerror=alert(1)>")
    new, old = draft.versions.all()[:2]
    page = desk.get(f"{D}history/?old={old.pk}&new={new.pk}").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


# ---- what happened -----------------------------------------------------------------------------


@pytest.mark.both_databases
def test_what_happened_is_told_in_sentences_and_of_this_update_alone(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    ordering.move(draft, "third-story", -1, PIA)
    approved = approval.approve(draft, PIA)
    approval.unapprove(approved, PIA)
    fresh = Update.objects.select_related("topic").get(pk=draft.pk)
    told = [(one.entry.who, one.did) for one in happened.to(fresh)]
    assert told == [
        (PIA, "took the approval back"),
        (PIA, "approved it for everybody who follows the topic"),
        (PIA, "moved “Third story”"),
        (EDDA, "assembled it: 3 items, 0 left out"),
    ]
    approval.mark_sent(approval.approve(fresh, PIA))
    newsroom.briefing(pivot, "Fresh", published_at=timezone.now())
    later = drafting.draft(pivot, by=EDDA)
    assert [one.did for one in happened.to(later)] == ["assembled it: 1 item, 3 left out"]
    page = text(desk.get("/desk/medias-ai-pivot/1/"))
    assert ">Pia</b> took the approval back" in page


def test_somebody_who_types_on_is_told_of_once(draft: Update) -> None:
    for said in ("H", "Ha", "Har"):
        arranging.reword(draft, PIA, title=said)
    assert [one.did for one in happened.to(draft)].count("worded the update") == 1


def test_a_number_longer_than_any_names_no_version(desk: Client, draft: Update) -> None:
    answer = desk.get(f"{D}history/?since={'9' * 5000}")  # more digits than Python reads
    assert answer.status_code == 200
