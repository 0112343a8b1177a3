"""The desk's list of briefings: searched, filtered and paged."""

import datetime as dt
import html as entities
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from digest import drafting
from digest.briefings import Briefing
from digest.intake import store
from digest.models import Topic
from tests import newsroom
from tests.forms import text

T = "/desk/medias-ai-pivot"


def test_the_list_is_searched_and_paged(desk: Client, pivot: Topic) -> None:
    for n in range(60):
        day = newsroom.MAY + dt.timedelta(days=n // 3)  # some at the very same time
        newsroom.briefing(pivot, f"Story {n:02}", published_at=day)
    first = text(desk.get(f"{T}/briefings/"))
    older = re.search(r"\?after=(\d+)", first)
    assert older
    second = text(desk.get(f"{T}/briefings/{older[0]}"))
    named = [re.findall(r"Story \d\d", html) for html in (first, second)]
    assert len(set(named[0])) == 50
    assert set(named[0]) | set(named[1]) == {f"Story {n:02}" for n in range(60)}
    assert not set(named[0]) & set(named[1])
    found = text(desk.get(f"{T}/briefings/?q=story+07"))
    assert re.findall(r">Story \d\d<", found) == [">Story 07<"]


@pytest.mark.parametrize(
    "q", ["' or 1=1 --", "%", "\0", "\\", "a" * 5000, "<script>alert(1)</script>", "🦔", "[["]
)
def test_naughty_searches_find_nothing_and_break_nothing(
    desk: Client, pivot: Topic, q: str
) -> None:
    newsroom.briefing(pivot, "A pier reopens")
    answer = desk.get(f"{T}/briefings/", {"q": q, "after": q})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "q",
    ["lantern", "LANTERN model", "wire", "industry", "developing", "kühnert", "KUHNERT", "adverts"],
)
def test_every_part_is_searched_whatever_its_capitals_and_accents(
    desk: Client, pivot: Topic, q: str
) -> None:
    newsroom.whole(pivot, key_takeaway="Kühnert builds, and does not buy.")
    newsroom.briefing(pivot, "A pier reopens")
    found = text(desk.get(f"{T}/briefings/", {"q": q}))
    assert "Lantern Studio hires" in found
    assert "A pier reopens" not in found


def test_every_word_of_a_search_must_be_found(desk: Client, pivot: Topic) -> None:
    newsroom.briefing(pivot, "A pier reopens")
    assert "Nothing found for “pier closes”" in text(desk.get(f"{T}/briefings/?q=pier+closes"))


def test_a_mended_briefing_is_found_by_its_new_words(desk: Client, pivot: Topic) -> None:
    one = newsroom.briefing(pivot, "A pier reopens")
    store.keep(one.data.model_copy(update={"summary": "The lido too."}), pivot, "test")
    assert "A pier reopens" in text(desk.get(f"{T}/briefings/?q=lido"))
    assert "Nothing found" in text(desk.get(f"{T}/briefings/?q=Friday"))


@pytest.fixture
def standing(pivot: Topic, stories: list[Briefing]) -> None:
    """One briefing in each standing, beside three that a draft has."""
    now = timezone.now()
    drafting.draft(pivot)
    sent = newsroom.briefing(pivot, "Sent and settled")
    changed = newsroom.briefing(pivot, "Sent and changed")
    newsroom.update(pivot, 1, sent, changed)
    Briefing.objects.filter(pk=changed.pk).update(moved_on=True)
    newsroom.briefing(pivot, "Come since")
    held = newsroom.briefing(pivot, "Held back")
    Briefing.objects.filter(pk=held.pk).update(held_at=now)
    gone = newsroom.briefing(pivot, "Withdrawn again")
    Briefing.objects.filter(pk=gone.pk).update(withdrawn_at=now)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("show", "names"),
    [
        ("waiting", {"Come since", "Sent and changed"}),
        ("draft", {"First story", "Second story", "Third story"}),
        ("held", {"Held back"}),
        ("withdrawn", {"Withdrawn again"}),
        ("sent", {"Sent and settled", "Sent and changed"}),
    ],
)
def test_the_list_shows_those_that_stand_somewhere_and_counts_them(
    desk: Client, pivot: Topic, standing: None, show: str, names: set[str]
) -> None:
    html = text(desk.get(f"{T}/briefings/", {"show": show}))
    table = html[html.index("<tbody>") :]
    assert set(re.findall(r'/briefings/[a-z-]+/">([^<]+)</a>', table)) == names
    (label,) = re.findall(rf'show={show}" aria-current="true">([^<]+) <', html)
    assert f'{label} <span class="soft number">{len(names)}</span>' in html


def test_the_next_page_keeps_search_and_filter(desk: Client, pivot: Topic) -> None:
    for n in range(51):
        newsroom.briefing(pivot, f"Pier {n:02}")
    html = desk.get(f"{T}/briefings/?q=pier&show=waiting").content.decode()
    (older,) = re.findall(r'href="(\?after=\d+[^"]*)"', html)
    second = desk.get(f"{T}/briefings/{entities.unescape(older)}").content.decode()
    assert len(re.findall(r">Pier \d\d<", second)) == 1
    assert 'value="pier"' in second


@pytest.mark.parametrize(
    ("show", "said"),
    [
        ("draft", "There is no open draft, or nothing in it yet."),
        ("withdrawn", "What is withdrawn stays here, and can be put back."),
        ("nonsense", "Write one here, name a feed as a source"),
    ],
)
def test_an_empty_list_teaches(desk: Client, pivot: Topic, show: str, said: str) -> None:
    assert said in text(desk.get(f"{T}/briefings/", {"show": show}))


def test_the_list_takes_the_same_queries_however_long_it_is(
    desk: Client, pivot: Topic, django_assert_max_num_queries: Any
) -> None:
    for n in range(60):
        newsroom.briefing(pivot, f"Story {n}")
    with django_assert_max_num_queries(12):
        desk.get(f"{T}/briefings/?q=story")
