"""Two people at one text of a draft: no edit is lost, and whoever comes second chooses."""

import html as entities

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from digest import drafting
from digest.models import Topic, Update
from tests import newsroom

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

T = "/desk/medias-ai-pivot/draft/"


def text(answer: HttpResponse) -> str:
    return entities.unescape(answer.content.decode())


def say(client: Client, was: str, subject: str, **more: str) -> None:
    client.post(f"{T}words/", {"was_subject": was, "subject": subject} | more)


def subject(draft: Update) -> str:
    return Update.objects.get(pk=draft.pk).subject


@pytest.fixture
def torn(desk: Client, press: Client, draft: Update) -> Update:
    """Pia has changed the subject; Edda has, too, on a page of before."""
    say(press, draft.subject, "Theirs")
    say(desk, draft.subject, "Mine")
    return draft


def test_both_texts_are_shown_until_one_is_chosen(
    desk: Client, press: Client, torn: Update
) -> None:
    assert subject(torn) == "Theirs"
    for _ in range(2):
        page = text(desk.get(T))
        assert ">Pia</b> has changed the subject too" in page
        assert "<dd>Theirs</dd>" in page
        assert "<dd>Mine</dd>" in page
    assert "has changed the subject too" not in text(press.get(T))


def test_mine_is_chosen(desk: Client, torn: Update) -> None:
    say(desk, "Theirs", "Mine", settles="yes")
    assert subject(torn) == "Mine"
    assert "has changed the subject too" not in text(desk.get(T))


def test_theirs_is_kept(desk: Client, torn: Update) -> None:
    say(desk, "Theirs", "Theirs", settles="yes")
    assert subject(torn) == "Theirs"
    assert "has changed the subject too" not in text(desk.get(T))


def test_what_else_is_saved_meanwhile_takes_mine_not_away(desk: Client, torn: Update) -> None:
    say(desk, "Theirs", "Theirs", note="A note", was_note="")
    assert Update.objects.get(pk=torn.pk).note == "A note"
    assert "<dd>Mine</dd>" in text(desk.get(T))


def test_a_choice_that_comes_too_late_is_a_conflict_again(
    desk: Client, press: Client, torn: Update
) -> None:
    say(press, "Theirs", "Theirs again")
    say(desk, "Theirs", "Mine", settles="yes")
    assert subject(torn) == "Theirs again"
    assert "<dd>Theirs again</dd>" in text(desk.get(T))


def test_the_same_change_of_two_is_none(desk: Client, press: Client, draft: Update) -> None:
    say(press, draft.subject, "The same")
    say(desk, draft.subject, "The same")
    assert "has changed the subject too" not in text(desk.get(T))


def test_an_items_own_words_are_guarded_alike(desk: Client, press: Client, draft: Update) -> None:
    def reword(client: Client, **said: str) -> None:
        was = {"was_headline": "", "was_summary": ""}
        client.post(f"{T}items/first-story/", {"do": "reword"} | was | said)

    reword(press, headline="Their headline", summary="")
    reword(desk, headline="My headline", summary="My summary")
    item = draft.items.get(briefing__slug="first-story")
    assert (item.headline, item.summary) == ("Their headline", "My summary")
    page = text(desk.get(T))
    assert "has changed the headline of “First story” too" in page
    assert "<dd>My headline</dd>" in page


def test_hostile_words_in_a_conflict_are_words(desk: Client, press: Client, draft: Update) -> None:
    say(press, draft.subject, "</textarea><script>alert(1)</script>")
    say(desk, draft.subject, "</textarea><img src=x onerror=alert(1)>")
    page = desk.get(T).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_conflict_in_one_draft_outlives_one_in_another(
    desk: Client, press: Client, torn: Update, retail: Topic
) -> None:
    newsroom.briefing(retail, "A shop opens", published_at=timezone.now())
    other = drafting.draft(retail)
    for client, said in ((press, "Theirs there"), (desk, "Mine there")):
        client.post(f"/desk/{retail.slug}/draft/words/", {"was_title": other.title, "title": said})
    assert "<dd>Mine there</dd>" in text(desk.get(f"/desk/{retail.slug}/draft/"))
    assert "<dd>Mine</dd>" in text(desk.get(T))
