"""The draft's page while it is worked on: placed, undone, noticed, with the smallest answers."""

import datetime as dt
import html as entities
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from digest import arranging, drafting
from digest.briefings import Briefing
from digest.desk import scrolling
from digest.models import Topic, Update
from tests import newsroom

T = "/desk/medias-ai-pivot"


def order(update: Update) -> list[str]:
    return [item.briefing.slug for item in update.items.select_related("briefing")]


def page(client: Client, **headers: str) -> str:
    return entities.unescape(client.get(f"{T}/draft/", headers=headers).content.decode())


def field(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, name
    return found[1]


def do(client: Client, slug: str, **sent: Any) -> None:
    client.post(f"{T}/draft/items/{slug}/", sent)


def test_an_item_is_placed_and_put_back_by_undo(desk: Client, draft: Update) -> None:
    seen = field(page(desk), "seen")
    do(desk, "third-story", do="place", index=0, seen=seen)
    assert order(draft) == ["third-story", "first-story", "second-story"]
    assert "Moved “Third story”." in page(desk)
    desk.post(f"{T}/draft/undo/")
    assert order(draft) == ["first-story", "second-story", "third-story"]
    assert "Moved “Third story”." not in page(desk)


def test_of_two_who_move_items_the_second_is_told(
    desk: Client, press: Client, draft: Update
) -> None:
    seen = field(page(desk), "seen")
    do(press, "second-story", do="up")
    do(desk, "third-story", do="place", index=0, seen=seen)
    assert order(draft) == ["second-story", "first-story", "third-story"]
    assert "Somebody else has changed the order meanwhile; “Third story” was not moved" in page(
        desk
    )


@pytest.mark.parametrize("index", ["", "-1", "1.5", "x", "9999999"])
def test_a_place_that_is_none_is_refused(desk: Client, draft: Update, index: str) -> None:
    do(desk, "third-story", do="place", index=index, seen=field(page(desk), "seen"))
    assert "There is no such place" in page(desk)
    assert order(draft)[-1] == "third-story"


def test_what_was_left_out_is_taken_back_until_something_else_is_done(
    desk: Client, draft: Update
) -> None:
    do(desk, "second-story", do="drop")
    assert "Left out “Second story”." in page(desk)
    desk.post(f"{T}/draft/undo/")
    assert order(draft) == ["first-story", "second-story", "third-story"]
    do(desk, "second-story", do="drop")
    do(desk, "third-story", do="pin")
    desk.post(f"{T}/draft/undo/")
    assert "nothing to undo any more" in page(desk)
    assert order(draft) == ["first-story", "third-story"]


def test_sections_are_named_renamed_and_shown_as_headings(desk: Client, draft: Update) -> None:
    do(desk, "third-story", do="section", section="Harbours")
    html = page(desk)
    assert re.search(r'<li class="section" data-section="Harbours">\s*<h3>Harbours</h3>', html)
    desk.post(f"{T}/draft/sections/", {"section": "Harbours", "name": "Ports"})
    assert '<li class="section" data-section="Ports">' in page(desk)


def test_news_of_after_the_cut_off_is_included_with_a_word_alone(
    desk: Client, pivot: Topic, stories: list[Briefing]
) -> None:
    late = newsroom.briefing(pivot, "Late", published_at=timezone.now() + dt.timedelta(hours=1))
    draft = drafting.draft(pivot)
    assert "Include anyway" in page(desk)
    do(desk, late.slug, do="include")
    assert "say in a word why" in page(desk)
    assert late.slug not in order(draft)
    do(desk, late.slug, do="include", **{f"anyway.{late.slug}": "The vote is tonight"})
    assert order(draft)[-1] == late.slug
    html = page(desk)
    assert "After the cut-off" in html
    assert "The vote is tonight" in html
    do(desk, late.slug, do="drop")
    assert f'name="anyway.{late.slug}"' in page(desk)


def test_what_came_in_since_the_assembly_is_noticed(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    assert "Came in since" not in page(desk)
    now = timezone.now()
    for name, column in [("New", {}), ("Held", {"held_at": now}), ("Gone", {"withdrawn_at": now})]:
        one = newsroom.briefing(pivot, name, published_at=now)
        Briefing.objects.filter(pk=one.pk).update(received_at=now, **column)
    said = entities.unescape(desk.get(f"{T}/draft/came-in/").content.decode())
    assert "Came in since · 1" in said
    assert "Held" not in said
    assert "Gone" not in said
    assert "Came in since · 1" in page(desk)
    desk.post(f"{T}/draft/assemble/")
    assert "Came in since" not in page(desk)


def test_what_is_not_in_is_searched_without_a_script(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    pivot.items_budget = 1
    pivot.save()
    drafting.draft(pivot)
    html = entities.unescape(desk.get(f"{T}/draft/?out=SECOND").content.decode())
    assert "Include: Second story" in html
    assert "Include: Third story" not in html


def test_a_change_is_answered_without_the_page_around_it_and_without_what_is_there(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    pivot.items_budget = 1
    pivot.save()
    drafting.draft(pivot)
    whole = page(desk)
    seen = re.search(r'id="out" data-seen="(\w+)"', whole)
    assert seen
    live = page(desk, **{"HX-Request": "true", "HX-Target": "draft"})
    assert "<html" in whole
    assert "<html" not in live
    assert "Include: Second story" in live
    there = page(desk, **{"HX-Request": "true", "HX-Target": "draft", "Desk-Out": seen[1]})
    assert "Include: Second story" not in there
    assert "data-same" in there
    assert 'id="cut-off"' in there
    do(desk, "first-story", do="drop")
    again = page(desk, **{"HX-Request": "true", "HX-Target": "draft", "Desk-Out": seen[1]})
    assert "Include: First story" in again


def test_a_change_on_the_page_is_answered_at_once_and_elsewhere_leads_back(
    desk: Client, draft: Update
) -> None:
    live = {"HX-Request": "true", "HX-Target": "draft"}
    answer = desk.post(f"{T}/draft/words/", {"note": "**Hello**"}, headers=live)
    assert answer.status_code == 200
    assert b'id="draft"' in answer.content
    assert b"<html" not in answer.content
    answer = desk.post(f"{T}/draft/items/third-story/", {"do": "up"}, headers=live)
    assert b'id="item-third-story"' in answer.content
    assert desk.post(f"{T}/draft/words/", {"note": "x"})["Location"] == f"{T}/draft/#words"


def test_the_frame_shows_what_the_page_has_rendered(desk: Client, draft: Update) -> None:
    found = re.search(r'data-live [^>]*src="([^"]+)"', page(desk))
    assert found
    Update.objects.update(note="Changed a moment later")
    assert b"Changed a moment later" not in desk.get(found[1]).content
    assert b"Changed a moment later" in desk.get(f"{T}/draft/preview/?live=unknown").content


def test_the_live_preview_runs_one_script_of_ours_and_has_no_origin(
    desk: Client, draft: Update
) -> None:
    Briefing.objects.update(summary="<script>alert(1)</script>")
    found = re.search(
        r'<iframe id="live-preview" data-live sandbox="([^"]+)" src="([^"]+)"', page(desk)
    )
    assert found
    assert "allow-same-origin" not in found[1]
    answer = desk.get(found[2])
    policy = answer["Content-Security-Policy"]
    assert re.findall(r"script-src ([^;]+);", policy) == [f"'sha256-{scrolling._HASH}'"]
    assert "allow-same-origin" not in policy
    assert re.findall(r"<script>(.*?)</script>", answer.content.decode()) == [scrolling.SCRIPT]


def test_the_preview_is_asked_for_anew_only_when_the_mail_is_another(
    desk: Client, draft: Update
) -> None:
    def source() -> str:
        found = re.search(r'<iframe [^>]*data-live [^>]*src="([^"]+)"', page(desk))
        assert found
        return found[1]

    first = source()
    do(desk, "second-story", do="pin")
    assert source() == first
    desk.post(f"{T}/draft/words/", {"note": "Hello"})
    assert source() != first


def test_what_was_done_to_a_draft_that_is_no_more_is_not_undone_in_the_next(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    do(desk, "second-story", do="drop")
    drafting.discard(draft)
    next_one = drafting.draft(pivot)
    arranging.drop(next_one, "second-story", "pia@example.org")
    assert "Left out “Second story”." not in page(desk)
    desk.post(f"{T}/draft/undo/")
    assert "nothing to undo any more" in page(desk)
    assert order(next_one) == ["first-story", "third-story"]
