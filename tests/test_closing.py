"""Stories that are over: told as closed once, then no candidate until their status opens again."""

import pytest
from django.test import Client

from digest import approval, closing, drafting, editions
from digest.models import Item, Stage, Topic
from tests.briefings import keep_briefing

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "status", ["Resolved", "closed", " Concluded. ", "ABGESCHLOSSEN", "Geklärt", "مُغلَق", "تم  الحل"]
)
def test_the_usual_words_close_a_story_in_the_languages_of_the_mails(
    pivot: Topic, status: str
) -> None:
    assert closing.closes(status, pivot)


@pytest.mark.parametrize("status", ["", "Developing", "Unresolved", "Closed-door talks", "Laufend"])
def test_other_statuses_leave_it_open(pivot: Topic, status: str) -> None:
    assert not closing.closes(status, pivot)


def test_a_topics_own_list_takes_the_place_of_the_usual_one(pivot: Topic) -> None:
    pivot.closing = ["Filed away"]
    assert closing.closes("filed away", pivot)
    assert not closing.closes("Resolved", pivot)


def sent(topic: Topic) -> None:
    approval.approve(drafting.draft(topic), by="pia@example.org")
    topic.updates.update(stage=Stage.SENT)


def slugs(topic: Topic) -> list[str]:
    return [item.briefing.slug for item in drafting.draft(topic).items.all()]


@pytest.mark.both_databases
def test_a_story_is_carried_once_as_closed_and_then_waits_until_it_opens_again(
    pivot: Topic,
) -> None:
    keep_briefing(pivot, "story")
    sent(pivot)
    keep_briefing(pivot, "story", status="Resolved")
    assert slugs(pivot) == ["story"], "that it closed is news"
    sent(pivot)
    assert list(Item.objects.order_by("update__number").values_list("closed", flat=True)) == [
        False,
        True,
    ]
    keep_briefing(pivot, "story", key_takeaway="Its lawyers have been paid.")
    draft = drafting.draft(pivot)
    assert not draft.items.exists()
    assert [(one["code"], one["why"]) for one in draft.left_out] == [
        ("closed", "Closed in Update #2; it comes back when its status opens again.")
    ]
    keep_briefing(pivot, "story", status="Developing")
    assert slugs(pivot) == ["story"]
    item = Item.objects.get(update__stage=Stage.DRAFT)
    assert item.change.startswith("Now developing (was resolved).")


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "This story is closed."),
        ("de", "Diese Meldung ist abgeschlossen."),
        ("ar", "هذه القصة مغلقة."),
    ],
)
def test_a_mail_says_that_a_story_is_closed_in_its_language(
    pivot: Topic, lang: str, said: str
) -> None:
    pivot.language = lang
    pivot.save()
    keep_briefing(pivot, "open")
    email = editions.rendered(editions.view_of(drafting.draft(pivot)))
    assert said not in email.html + email.text
    keep_briefing(pivot, "over", status="Resolved")
    email = editions.rendered(editions.view_of(drafting.draft(pivot)))
    assert said in email.html
    assert said in email.text


def test_an_approval_that_is_taken_back_closes_nothing(pivot: Topic) -> None:
    keep_briefing(pivot, "story", status="Resolved")
    update = approval.approve(drafting.draft(pivot), by="pia@example.org")
    approval.unapprove(update, by="pia@example.org")
    assert not Item.objects.filter(closed=True).exists()


def test_the_front_page_waits_for_no_closed_story_until_it_opens_again(
    desk: Client, pivot: Topic
) -> None:
    keep_briefing(pivot, "story", status="Resolved")
    sent(pivot)
    keep_briefing(pivot, "story", status="Closed")
    assert slugs(pivot) == []
    pivot.updates.filter(stage=Stage.DRAFT).delete()
    assert "waits for the next update" not in desk.get("/desk/").content.decode()
    keep_briefing(pivot, "story", status="Developing")
    assert "waits for the next update" in desk.get("/desk/").content.decode()
