"""The desk: a draft reviewed, asked for, approved, taken back within its time."""

import datetime as dt
import html as entities
import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from digest import approval, arranging, drafting
from digest.audit import AuditEntry
from digest.models import Stage, Topic, Update
from digest.teamwork import Answer
from tests import newsroom

pytestmark = pytest.mark.django_db

T = "/desk/medias-ai-pivot"


def order(update: Update) -> list[str]:
    return [item.briefing.slug for item in update.items.select_related("briefing")]


def text(answer: HttpResponse) -> str:
    return entities.unescape(answer.content.decode())


def review(client: Client) -> str:
    return text(client.get(f"{T}/draft/review/"))


def test_each_finding_of_the_review_leads_to_its_place(desk: Client, draft: Update) -> None:
    draft.note = "See https://"
    draft.subject = "A subject that is far longer than what any phone shows of one"
    draft.save()
    said = review(desk)
    assert f'<a href="{T}/draft/#note">Go to the note</a>' in said
    assert f'<a href="{T}/draft/#subject">Go to the subject</a>' in said
    assert "Take the one made from the items" not in said  # mended there, not here


def seen(client: Client) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', review(client))
    assert found, "the review offers nothing to approve or ask for"
    return found[1]


def approve(client: Client, **said: str) -> HttpResponse:
    """What the form sends, unless something else is said."""
    sent = {"seen": said.pop("seen", "") or seen(client), "when": "now"} | said
    return client.post(f"{T}/draft/approve/", sent)


@pytest.mark.both_databases
def test_a_publisher_approves_what_was_seen(press: Client, pivot: Topic, draft: Update) -> None:
    answer = press.post(
        f"{T}/draft/approve/",
        {
            "seen": seen(press),
            "when": "now",
            "segment_names": "Staff, Press ,",
            "rate": "70",
        },
    )
    assert answer["Location"] == f"{T}/1/"
    update = Update.objects.get(pk=draft.pk)
    assert (update.stage, update.number, update.approved_by) == (
        Stage.APPROVED,
        1,
        "pia@example.org",
    )
    assert (update.segments, update.rate) == (["Staff", "Press"], 70)
    shown = text(press.get(f"{T}/1/"))
    assert "Staff, Press" in shown
    assert "70 messages a second" in shown
    frozen = press.get(f"{T}/1/preview/")
    assert "First story" in text(frozen)
    assert "sandbox" in frozen["Content-Security-Policy"]


def test_an_edit_after_looking_voids_the_approval(
    press: Client, desk: Client, pivot: Topic, draft: Update
) -> None:
    looked_at = seen(press)
    desk.post(f"{T}/draft/words/", {"subject": "Changed a second ago"})
    press.post(f"{T}/draft/approve/", {"seen": looked_at, "when": "now"})
    assert "changed since you looked at it" in review(press)
    assert Update.objects.get(pk=draft.pk).stage == Stage.DRAFT


def test_a_briefing_withdrawn_a_second_ago_voids_the_approval(
    press: Client, desk: Client, pivot: Topic, draft: Update
) -> None:
    looked_at = seen(press)
    desk.post(f"{T}/briefings/first-story/withdraw/")
    press.post(f"{T}/draft/approve/", {"seen": looked_at, "when": "now"})
    assert "Withdrawn since: First story" in review(press)
    assert Update.objects.get(pk=draft.pk).stage == Stage.DRAFT


def test_an_open_page_of_an_approved_update_is_loaded_anew_once_it_leaves(
    press: Client, draft: Update
) -> None:
    approve(press)
    asks = {"HX-Request": "true"}
    assert "HX-Refresh" not in press.get(f"{T}/1/", headers=asks).headers
    Update.objects.update(stage=Stage.SENT)
    assert press.get(f"{T}/1/", headers=asks).headers["HX-Refresh"] == "true"
    assert ">sent<" in text(press.get(f"{T}/1/"))


@pytest.mark.both_databases
def test_approving_in_two_tabs_happens_once(press: Client, pivot: Topic, draft: Update) -> None:
    sent = {"seen": seen(press), "when": "now"}
    assert press.post(f"{T}/draft/approve/", sent).status_code == 302
    again = press.post(f"{T}/draft/approve/", sent | {"update": str(draft.pk)}, follow=True)
    assert "You approved it as Update #1 already" in text(again)
    assert press.post(f"{T}/draft/approve/", sent).status_code == 404
    assert AuditEntry.objects.filter(what="approved update").count() == 1


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"when": "at", "at": ""}, "no day and time"),
        ({"when": "now", "at": "2099-01-01T10:00"}, "Choose one of them"),
        ({"when": "at", "at": "2020-01-01T10:00"}, "is past"),
        ({"when": "now", "rate": "fast"}, "messages a second"),
        ({"when": "now", "rate": "-3"}, "messages a second"),
        ({"when": "now", "rate": "nan"}, "messages a second"),
        ({"when": "now", "seen": ""}, "look at it"),
        ({"when": "now", "seen": "f" * 64}, "changed since you looked at it"),
    ],
)
def test_an_approval_that_makes_no_sense_is_refused_in_words(
    press: Client, pivot: Topic, draft: Update, sent: dict[str, str], said: str
) -> None:
    press.post(f"{T}/draft/approve/", {"seen": seen(press)} | sent)
    assert said in review(press)
    assert Update.objects.get(pk=draft.pk).stage == Stage.DRAFT


def test_a_time_is_taken_in_the_topics_zone(press: Client, pivot: Topic, draft: Update) -> None:
    Topic.objects.update(zone="Europe/London")
    summer = f"{timezone.now().year + 1}-07-01T15:00"
    press.post(f"{T}/draft/approve/", {"seen": seen(press), "when": "at", "at": summer})
    due = Update.objects.get(pk=draft.pk).due_at
    assert due is not None
    assert due.astimezone(dt.UTC).hour == 14
    assert "15:00 London" in text(press.get(f"{T}/1/"))


def test_a_check_that_blocks_asks_for_a_reason_which_is_kept(
    press: Client, pivot: Topic, draft: Update
) -> None:
    desk_note = "TODO finish this [link](https://)"
    press.post(f"{T}/draft/words/", {"note": desk_note})
    html = review(press)
    assert "To mend." in html
    assert "Review and approve" not in html
    sent = {"seen": seen(press), "when": "now"}
    press.post(f"{T}/draft/approve/", sent)
    assert Update.objects.get(pk=draft.pk).stage == Stage.DRAFT
    press.post(f"{T}/draft/approve/", sent | {"despite": "It is only a drill."})
    assert Update.objects.get(pk=draft.pk).despite == "It is only a drill."
    assert "It is only a drill." in text(press.get(f"{T}/1/"))


@pytest.mark.both_databases
def test_an_approval_is_taken_back_and_the_number_stays(
    press: Client, desk: Client, pivot: Topic, draft: Update
) -> None:
    press.post(f"{T}/draft/approve/", {"seen": seen(press), "when": "now"})
    assert desk.post(f"{T}/1/unapprove/").status_code == 403
    assert press.post(f"{T}/1/unapprove/")["Location"] == f"{T}/draft/"
    update = Update.objects.get(pk=draft.pk)
    assert (update.stage, update.number) == (Stage.DRAFT, 1)


def test_what_is_on_its_way_is_not_taken_back(press: Client, pivot: Topic) -> None:
    newsroom.update(pivot, 1, newsroom.briefing(pivot))
    press.post(f"{T}/1/unapprove/")
    assert "on its way" in text(press.get(f"{T}/1/"))
    assert Update.objects.get().stage == Stage.SENT


def test_what_an_approved_update_left_out_is_told_with_the_reason(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    first, second, *_ = order(draft)
    arranging.drop(draft, second, by="edda")
    approval.approve(draft, by="pia")
    told = text(desk.get(f"{T}/1/"))
    _, left_out = told.split("Left out · ")
    assert f'href="{T}/briefings/{second}/"' in left_out
    assert "Taken out by an editor." in left_out
    assert f"briefings/{first}/" not in left_out
    assert re.findall(r'class="strong">(\d)\.', told) == [
        str(n + 1) for n in range(len(order(draft)))
    ]


def test_an_editor_asks_and_finds_no_button_to_approve(desk: Client, draft: Update) -> None:
    html = review(desk)
    assert "A publisher approves" in html
    assert "/draft/approve/" not in html
    assert "/draft/ask/" in html
    assert "Review and ask for approval" in text(desk.get(f"{T}/draft/"))


def test_an_empty_draft_can_not_be_approved(press: Client, pivot: Topic) -> None:
    drafting.draft(pivot)
    html = review(press)
    assert "nothing to approve" in html
    press.post(f"{T}/draft/approve/", {"seen": "f" * 64, "when": "now"})
    assert "has no items" in review(press)


# ---- two people ----------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_what_an_editor_asks_for_a_publisher_finds_and_approves(
    desk: Client, press: Client, draft: Update
) -> None:
    Topic.objects.update(two_people=True)
    assert "takes two people" in review(press)
    assert "/draft/approve/" not in review(press)
    desk.post(f"{T}/draft/ask/", {"seen": seen(desk), "note": "The ferry story is checked."})
    for page in (review(press), text(press.get(f"{T}/draft/"))):
        assert ">Edda</b> asks for its approval" in page
        assert "The ferry story is checked." in page
    assert approve(press)["Location"] == f"{T}/1/"
    assert draft.requests.get().answer == Answer.APPROVED


def test_who_asked_does_not_approve_it_too(press: Client, draft: Update) -> None:
    Topic.objects.update(two_people=True)
    looked_at = seen(press)
    press.post(f"{T}/draft/ask/", {"seen": looked_at})
    approve(press, seen=looked_at)
    assert "You asked for it yourself" in review(press)
    assert Update.objects.get(pk=draft.pk).stage == Stage.DRAFT


@pytest.mark.both_databases
def test_it_is_sent_back_with_words_that_the_draft_shows(
    desk: Client, press: Client, draft: Update
) -> None:
    desk.post(f"{T}/draft/ask/", {"seen": seen(desk)})
    assert desk.post(f"{T}/draft/send-back/", {"words": "No."}).status_code == 403
    press.post(f"{T}/draft/send-back/", {"words": "Name the ferry line."})
    assert ">Pia</b> sent it back" in text(desk.get(f"{T}/draft/"))
    assert "“Name the ferry line.”" in review(desk)


def test_an_edit_after_asking_is_told_to_both(desk: Client, press: Client, draft: Update) -> None:
    desk.post(f"{T}/draft/ask/", {"seen": seen(desk)})
    press.post(f"{T}/draft/words/", {"subject": "Another subject"})
    for client in (desk, press):
        assert "for approval is void: the draft was changed since" in review(client)
