"""Briefings that wait for an editor's look."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from digest import approval, arranging, drafting, holding
from digest.audit import AuditEntry
from digest.briefings import Briefing
from digest.desk.overview import standings
from digest.models import Topic, Update
from tests import newsroom

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(pivot: Topic) -> Briefing:
    """A briefing of two hours ago that nobody has looked at."""
    now = timezone.now()
    made = newsroom.briefing(pivot, "Held story", published_at=now - dt.timedelta(hours=2))
    Briefing.objects.filter(pk=made.pk).update(held_at=now)
    made.refresh_from_db()
    return made


def slugs(update: Update) -> list[str]:
    return [item.briefing.slug for item in update.items.select_related("briefing")]


def test_a_held_briefing_is_in_no_draft_and_the_draft_says_why(
    pivot: Topic, stories: list[Briefing], held: Briefing
) -> None:
    update = drafting.draft(pivot)
    assert held.slug not in slugs(update)
    (told,) = [one for one in update.left_out if one["slug"] == held.slug]
    assert told["code"] == "held"
    assert "an editor" in told["why"]


def test_one_that_is_released_after_the_next_update_is_news_for_the_one_after_it(
    pivot: Topic, stories: list[Briefing], held: Briefing
) -> None:
    approval.approve(drafting.draft(pivot), by="pia@example.org")
    holding.release(held, by="edda@example.org")
    assert slugs(drafting.draft(pivot)) == [held.slug]
    assert AuditEntry.objects.filter(what="released briefing", who="edda@example.org").count() == 1


def test_releasing_twice_says_so_once(held: Briefing) -> None:
    holding.release(held, by="edda@example.org")
    holding.release(held, by="edda@example.org")
    assert AuditEntry.objects.filter(what="released briefing").count() == 1


def test_an_editor_who_includes_it_has_looked_at_it(
    pivot: Topic, stories: list[Briefing], held: Briefing
) -> None:
    update = drafting.draft(pivot)
    arranging.include(update, held.slug, by="edda@example.org")
    assert held.slug in slugs(drafting.draft(pivot))


def test_what_is_held_is_no_reason_to_assemble(pivot: Topic, held: Briefing) -> None:
    (standing,) = standings(timezone.now())
    assert standing.waiting == 0


def test_the_desk_shows_the_held_first_with_a_way_in_and_a_way_out(
    desk: Client, stories: list[Briefing], held: Briefing
) -> None:
    page = desk.get("/desk/medias-ai-pivot/briefings/").text
    assert page.index("Held for a look") < page.index("Release: Held story")
    assert page.index("Withdraw: Held story") < page.index("First story")
    answer = desk.post("/desk/medias-ai-pivot/briefings/held-story/release/", follow=True)
    assert "is a candidate" in answer.text
    assert "Held for a look" not in answer.text


def test_one_that_is_withdrawn_from_the_list_leads_back_to_it(desk: Client, held: Briefing) -> None:
    answer = desk.post(
        "/desk/medias-ai-pivot/briefings/held-story/withdraw/", {"back": "list"}, follow=True
    )
    assert "Held for a look" not in answer.text
    assert "withdrawn" in answer.text
    assert "Withdrawn" in desk.get("/desk/medias-ai-pivot/briefings/held-story/").text


def test_its_own_page_says_that_it_is_held(desk: Client, held: Briefing) -> None:
    assert "Held since" in desk.get("/desk/medias-ai-pivot/briefings/held-story/").text
