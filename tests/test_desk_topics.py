"""A topic's pages on the desk: what stands above them, and the list of its updates."""

import html as entities
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from digest.feeds import Feed
from digest.models import Briefing, Stage, Topic, Update
from tests import newsroom
from tests.ledgering import mailing
from workers.models import MailingState

T = "/desk/medias-ai-pivot"
PAGES = ("draft", "briefings", "updates", "sources", "schedule")


def text(answer: HttpResponse) -> str:
    return entities.unescape(answer.content.decode())


# ---- above all of a topic's pages -------------------------------------------------------------


@pytest.mark.parametrize("here", PAGES)
def test_each_page_of_a_topic_leads_to_the_others_and_says_where_one_is(
    desk: Client, draft: Update, here: str
) -> None:
    page = text(desk.get(f"{T}/{here}/"))
    for place in PAGES:
        current = ' aria-current="page"' if place == here else ""
        assert f'<a href="{T}/{place}/"{current}>' in page


def test_the_places_say_how_much_stands_there(
    desk: Client, draft: Update, stories: list[Briefing]
) -> None:
    Feed.objects.create(topic=draft.topic, url="https://feeds.example.com/1")
    newsroom.update(draft.topic, 1, newsroom.briefing(draft.topic, "Sent story"))
    Briefing.objects.filter(pk=stories[2].pk).update(withdrawn_at=timezone.now())
    page = text(desk.get(f"{T}/sources/"))
    for place, count in [("Draft", 3), ("Briefings", 3), ("Updates", 1), ("Sources", 1)]:
        assert f'{place} <span class="count">{count}</span>' in page


def test_other_topics_are_reached_at_the_same_page(desk: Client, pivot: Topic) -> None:
    assert "switch" not in text(desk.get(f"{T}/sources/"))
    Topic.objects.create(slug="harbour", name="Harbour News")
    page = text(desk.get(f"{T}/sources/"))
    assert '<a href="/desk/harbour/sources/">Harbour News</a>' in page
    assert f'<a href="{T}/sources/" aria-current="true">' in page


# ---- the list of updates ----------------------------------------------------------------------


def test_a_topic_without_updates_is_told_how_one_comes_about(desk: Client, pivot: Topic) -> None:
    assert "No updates yet" in text(desk.get(f"{T}/updates/"))


def test_updates_are_listed_the_newest_first_and_found_by_title_headline_and_number(
    desk: Client, pivot: Topic
) -> None:
    newsroom.update(pivot, 1, newsroom.briefing(pivot, "A pier reopens"), title="The pier")
    newsroom.update(pivot, 2, stage=Stage.APPROVED, title="The lantern")
    newsroom.update(pivot, None, stage=Stage.DRAFT, title="Not yet")
    page = text(desk.get(f"{T}/updates/"))
    assert page.index("#2 · The lantern") < page.index("#1 · The pier")
    assert "Not yet" not in page
    for q, found, left in [("LANTERN", "#2 ·", "#1 ·"), ("reopens", "#1 ·", "#2 ·"),
                           ("#2", "#2 ·", "#1 ·")]:  # fmt: skip
        page = text(desk.get(f"{T}/updates/", {"q": q}))
        assert found in page, q
        assert left not in page, q
    assert "Nothing found" in text(desk.get(f"{T}/updates/", {"q": "zebra"}))


def test_a_long_list_turns_its_pages_by_number(
    desk: Client, pivot: Topic, django_assert_max_num_queries: Any
) -> None:
    for number in range(1, 61):
        newsroom.update(pivot, number, title=f"Title {number}.")
    with django_assert_max_num_queries(7):
        first = text(desk.get(f"{T}/updates/"))
    assert "Title 11." in first
    assert "Title 10." not in first
    second = text(desk.get(f"{T}/updates/", {"before": "11"}))
    assert "Title 10." in second
    assert "Older updates" not in second


def test_the_queue_adds_what_became_of_each_mailing(desk: Client, pivot: Topic) -> None:
    for number in (1, 2):
        update = newsroom.update(pivot, number)
        mailing(pivot, update=update, state=MailingState.DONE, candidates=10, accepted=9, failed=1)
    page = text(desk.get("/queue/desk/medias-ai-pivot/", {"from": "2", "to": "9"}))
    assert 'id="sent-2" hx-swap-oob="true"' in page
    assert "10 readers" in page
    assert "1 failed" in page
    assert 'id="sent-1"' not in page
