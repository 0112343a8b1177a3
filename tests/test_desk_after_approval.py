"""After an approval at the desk: the way back, and who is told."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.utils import timezone

from digest import drafting, presence
from digest.models import Stage, Topic, Update
from tests import newsroom
from tests.test_desk_approving import T, approve, review, text

pytestmark = pytest.mark.django_db


# ---- after the approval ----------------------------------------------------------------------


def test_for_now_leaves_time_to_undo_it(press: Client, draft: Update) -> None:
    before = timezone.now()
    approve(press)
    due = Update.objects.get(pk=draft.pk).due_at
    assert due
    assert dt.timedelta(seconds=59) < due - before < dt.timedelta(seconds=90)
    page = text(press.get(f"{T}/1/"))
    assert re.search(r"data-until=.*>in \d+ s<", page)
    assert ">Undo<" in page
    press.post(f"{T}/1/unapprove/")
    back = Update.objects.get(pk=draft.pk)
    assert (back.stage, back.due_at) == (Stage.DRAFT, None)
    assert "Taken back: nothing was sent" in text(press.get(f"{T}/draft/"))


def test_a_topic_may_want_no_such_time(press: Client, draft: Update) -> None:
    Topic.objects.update(undo_seconds=0)
    approve(press)
    due = Update.objects.get(pk=draft.pk).due_at
    assert due
    assert due <= timezone.now()


@pytest.mark.both_databases
def test_words_changed_after_approval_void_it_and_the_draft_says_so(
    desk: Client, press: Client, draft: Update
) -> None:
    approve(press)
    words = {name: getattr(draft, name) for name in ("title", "preheader", "note")}
    assert "the approval holds" in text(
        desk.post(f"{T}/1/words/", words | {"subject": draft.subject}, follow=True)
    )
    desk.post(f"{T}/1/words/", words | {"subject": "Said otherwise"})
    back = Update.objects.get(pk=draft.pk)
    assert (back.stage, back.number, back.subject) == (Stage.DRAFT, 1, "Said otherwise")
    page = text(press.get(f"{T}/draft/"))
    assert ">Edda</b> changed the subject, and so voided the approval" in page
    assert press.get(f"{T}/1/")["Location"] == f"{T}/draft/"
    open_page = press.get(f"{T}/1/", headers={"hx-request": "true"})
    assert open_page["HX-Redirect"] == f"{T}/draft/"


def test_a_withdrawal_after_approval_is_told_to_who_withdraws_and_at_the_draft(
    desk: Client, press: Client, draft: Update
) -> None:
    approve(press)
    told = text(desk.post(f"{T}/briefings/first-story/withdraw/", follow=True))
    assert "it is a draft again, and wants a new approval" in told
    assert ">Edda</b> withdrew “First story”, and so voided the approval" in review(press)


def test_a_stopped_update_says_what_to_do(desk: Client, press: Client, draft: Update) -> None:
    approve(press)
    newsroom.briefing(draft.topic, "Fresh", published_at=timezone.now())
    drafting.draft(draft.topic)
    desk.post(f"{T}/briefings/first-story/withdraw/")
    page = text(press.get(f"{T}/1/"))
    assert "Stopped." in page
    assert "throw that draft away" in page


# ---- who is here, and what is new --------------------------------------------------------------


def sign(client: Client, draft: Update, since: int, doing: str = "") -> str:
    sent = {"update": draft.pk, "since": since, "doing": doing}
    return text(client.post(f"{T}/draft/presence/", sent))


@pytest.mark.both_databases
def test_two_at_a_draft_see_each_other_and_what_they_do(
    desk: Client, press: Client, draft: Update
) -> None:
    desk.get(f"{T}/draft/")
    assert ">Edda</b> is here too" in text(press.get(f"{T}/draft/"))
    sign(desk, draft, 0, "editing the subject")
    assert "editing the subject" in sign(press, draft, 0)
    assert "Edda" not in sign(desk, draft, 0)
    long_ago = timezone.now() - dt.timedelta(minutes=1)
    draft.presences.filter(who="edda@example.org").update(seen_at=long_ago)
    assert "is here too" not in sign(press, draft, 0)


def test_a_sign_that_says_nothing_new_writes_nothing(desk: Client, draft: Update) -> None:
    desk.get(f"{T}/draft/")
    was = draft.presences.get().seen_at
    sign(desk, draft, 0)
    assert draft.presences.get().seen_at == was
    sign(desk, draft, 0, "editing the title")
    assert draft.presences.get().doing == "editing the title"


def test_what_somebody_else_changed_is_told_on_the_open_page(
    desk: Client, press: Client, draft: Update
) -> None:
    found = re.search(r'name="since" value="(\d+)"', text(press.get(f"{T}/draft/")))
    assert found
    since = int(found[1])
    press.post(f"{T}/draft/items/second-story/", {"do": "pin"})
    assert "data-news" not in sign(press, draft, since), "what I did is no news to me"
    desk.post(f"{T}/draft/items/third-story/", {"do": "up"})
    told = sign(press, draft, since)
    assert ">Edda</b> moved “Third story”" in told
    assert f"history/?since={since}" in told
    shown = text(press.get(f"{T}/draft/history/?since={since}"))
    assert "moved from number" in shown


def test_the_review_says_what_was_changed_since_one_looked(
    desk: Client, press: Client, draft: Update
) -> None:
    press.get(f"{T}/draft/")
    desk.post(f"{T}/draft/words/", {"subject": "Changed meanwhile"})
    page = review(press)
    assert "Since you last looked" in page
    assert ">Edda</b> worded the update" in page
    link = re.search(r'href="(\S+since=\d+)#differences">See what differs', page)
    assert link
    compared = text(press.get(link[1]))
    assert "Changed meanwhile" in compared.partition('id="differences"')[2]
    assert "Since you last looked" not in review(press)


def test_an_open_page_hears_that_its_draft_is_approved_or_thrown_away(
    desk: Client, press: Client, draft: Update
) -> None:
    approve(press)
    told = sign(desk, draft, 0)
    assert ">Pia</b> approved it" in told
    assert f'href="{T}/1/"' in told
    newsroom.briefing(draft.topic, "Fresh", published_at=timezone.now())
    other = drafting.draft(draft.topic)
    desk.post(f"{T}/draft/discard/")
    assert ">Edda</b> threw the draft away" in sign(press, other, 0)


def test_signs_for_another_topics_update_or_of_nonsense_are_404(
    desk: Client, draft: Update
) -> None:
    for number in ("", "x", "9" * 30, str(draft.pk + 99)):
        answer = desk.post(f"{T}/draft/presence/", {"update": number})
        assert answer.status_code == 404, number


@pytest.mark.both_databases
def test_rows_of_the_long_gone_are_dropped(desk: Client, draft: Update) -> None:
    presence.sign(draft, "old@example.org")
    draft.presences.update(seen_at=timezone.now() - presence.FORGOTTEN * 2)
    presence.sign(draft, "new@example.org")
    assert [one.who for one in draft.presences.all()] == ["new@example.org"]


@pytest.mark.parametrize("at", ["9999-12-31T23:59", "soon", "2026-13-01T10:00"])
def test_a_time_that_there_is_not_approves_nothing(
    press: Client, pivot: Topic, draft: Update, at: str
) -> None:
    Topic.objects.update(zone="America/New_York")  # there 9999 ends when no year follows
    answer = approve(press, when="at", at=at)
    assert answer.status_code == 302
    assert "That is no day and time; nothing was approved." in review(press)
    assert Update.objects.get().stage == Stage.DRAFT
