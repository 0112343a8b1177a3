"""The desk: the draft seen, arranged, worded, tested and approved."""

import datetime as dt
import html as entities
import re
from itertools import product
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from digest import drafting
from digest.audit import AuditEntry
from digest.briefings import Briefing
from digest.depths import Depth
from digest.models import Stage, Topic, Update
from digest.requesting import RequestedTest
from tests import newsroom

T = "/desk/medias-ai-pivot"


def order(update: Update) -> list[str]:
    return [item.briefing.slug for item in update.items.select_related("briefing")]


def text(answer: HttpResponse) -> str:
    return entities.unescape(answer.content.decode())


def page(client: Client, topic: Topic) -> Any:
    return client.get(f"/desk/{topic.slug}/draft/")


# ---- the draft --------------------------------------------------------------------------------


def test_a_topic_without_briefings_is_offered_to_write_one(desk: Client, pivot: Topic) -> None:
    html = text(page(desk, pivot))
    assert f'href="{T}/write/"' in html
    assert f'action="{T}/draft/assemble/"' not in html


def test_without_a_draft_the_page_offers_to_assemble_one(
    desk: Client, pivot: Topic, stories: list[Briefing]
) -> None:
    assert "There is no draft" in text(page(desk, pivot))
    desk.post(f"{T}/draft/assemble/")
    html = text(page(desk, pivot))
    for one in stories:
        assert one.headline in html
    assert "Update #1" in html
    assert "provisional" in html
    assert AuditEntry.objects.get(what="assembled update").who == "edda@example.org"


def test_every_item_and_everything_left_out_shows_its_reason(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    pivot.items_budget = 2
    pivot.save()
    drafting.draft(pivot)
    html = text(page(desk, pivot))
    assert '<span class="soft">Importance 3' in html, "the pill before it says that it is new"
    assert "Below the line" in html
    assert "Over the budget of 2 items" in html


def test_items_are_moved_dropped_and_included_again(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    def do(slug: str, **sent: str) -> None:
        answer = desk.post(f"{T}/draft/items/{slug}/", sent)
        assert answer["Location"] == f"{T}/draft/#item-{slug}"

    assert order(draft) == ["first-story", "second-story", "third-story"]
    do("third-story", do="up")
    assert order(draft) == ["first-story", "third-story", "second-story"]
    do("first-story", do="down")
    assert order(draft) == ["third-story", "first-story", "second-story"]
    do("first-story", do="drop")
    assert order(draft) == ["third-story", "second-story"]
    do("first-story", do="include")
    assert order(draft) == ["third-story", "second-story", "first-story"]
    do("second-story", do="pin")
    assert draft.items.get(briefing__slug="second-story").pinned
    do("second-story", do="unpin")
    assert not draft.items.get(briefing__slug="second-story").pinned
    do("second-story", do="depth", depth="brief")
    assert draft.items.get(briefing__slug="second-story").depth == Depth.BRIEF
    do("second-story", do="reword", headline="In other words", summary="")
    assert "In other words" in text(page(desk, pivot))


def test_what_can_not_be_done_is_said_on_the_page(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    desk.post(f"{T}/draft/items/no-such-story/", {"do": "up"})
    assert "not in the draft" in text(page(desk, pivot))
    desk.post(f"{T}/draft/items/first-story/", {"do": "depth", "depth": "huge"})
    assert "There is no depth" in text(page(desk, pivot))
    assert desk.post(f"{T}/draft/items/first-story/", {"do": "explode"}).status_code == 404


def test_words_of_the_update_are_saved_and_emptied_ones_made_again(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    desk.post(f"{T}/draft/words/", {"subject": "Mine", "title": draft.title, "note": "**Hi**"})
    fresh = Update.objects.get(pk=draft.pk)
    assert (fresh.subject, fresh.note, fresh.worded_by_hand) == ("Mine", "**Hi**", ["subject"])
    desk.post(f"{T}/draft/words/", {"subject": ""})
    again = Update.objects.get(pk=draft.pk)
    assert again.subject == draft.subject
    assert again.worded_by_hand == []


def test_two_editors_at_once_do_not_undo_each_others_words(
    desk: Client, press: Client, pivot: Topic, draft: Update
) -> None:
    was = {f"was_{name}": getattr(draft, name) for name in ("title", "subject", "note")}
    old = {name: getattr(draft, name) for name in ("title", "subject", "note")}
    press.post(f"{T}/draft/words/", was | old | {"subject": "Theirs"})
    desk.post(f"{T}/draft/words/", was | old | {"note": "Mine"})
    fresh = Update.objects.get(pk=draft.pk)
    assert (fresh.subject, fresh.note) == ("Theirs", "Mine")
    desk.post(f"{T}/draft/words/", was | old | {"subject": "Mine too"})
    assert Update.objects.get(pk=draft.pk).subject == "Theirs"
    assert ">Pia</b> has changed the subject too" in text(page(desk, pivot))


def test_the_preview_is_the_mail_in_a_frame_that_can_do_nothing(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    html = text(page(desk, pivot))
    frame = re.search(r"<iframe[^>]*>", html)
    assert frame
    assert 'sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox"' in frame[0]
    shown = {}
    for way in ("phone", "desktop", "dark", "text"):
        answer = desk.get(f"{T}/draft/preview/?show={way}")
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "sandbox allow-popups" in policy
        assert "allow-same-origin" not in policy
        assert "script" not in policy
        shown[way] = text(answer)
        assert "First story" in shown[way]
        assert "__" not in re.sub(r"<style.*?</style>", "", shown[way], flags=re.DOTALL)
    assert "prefers-color-scheme" not in shown["dark"] + shown["phone"]
    assert shown["dark"] != shown["phone"] == shown["desktop"]
    assert "<pre" in shown["text"]


def test_the_preview_fetches_pictures_where_the_mail_shows_them(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    def policy() -> str:
        return desk.get(f"{T}/draft/preview/")["Content-Security-Policy"]

    assert "img-src 'self' data:;" in policy()
    Topic.objects.update(pictures=True)
    assert "img-src 'self' data: https: http:;" in policy()


def test_hostile_content_does_nothing_on_the_desk(desk: Client, pivot: Topic) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}'
    now = timezone.now() - dt.timedelta(hours=1)
    one = newsroom.briefing(
        pivot, evil, published_at=now, slug="evil", tag=evil, status=evil, body=evil
    )
    newsroom.update(pivot, 1, one, title=evil, despite=evil, segments=[evil])
    Briefing.objects.update(moved_on=True)
    made = drafting.draft(pivot)
    made.note = evil
    made.save()
    made.items.update(headline=evil, why=evil, change=evil)
    paths = ["/desk/", f"{T}/briefings/", f"{T}/briefings/evil/", f"{T}/draft/", f"{T}/1/"]
    paths += [f"{T}/draft/preview/?show={way}" for way in ("phone", "text")]
    for path in paths:
        html = desk.get(path).content.decode()
        assert "<script>alert" not in html, path
        assert not re.search(r"<img[^>]*onerror", html), path
        assert "{{ 7*7 }}" in entities.unescape(html) or "alert" not in html, path


def test_a_test_is_asked_for_by_whoever_is_signed_in(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    desk.post(f"{T}/draft/test/", {"addresses": "edda@example.org, otto@example.org"})
    asked = RequestedTest.objects.get()
    assert asked.addresses == ["edda@example.org", "otto@example.org"]
    assert asked.asked_by == "edda@example.org"


@pytest.mark.parametrize(
    ("addresses", "said"),
    [
        ("", "Name an address"),
        ("nobody", "is no e-mail address"),
        ("a@example.org\r\nBcc:x@example.org", "is no e-mail address"),
        (" ".join(f"a{n}@example.org" for n in range(21)), "at most 20"),
    ],
)
def test_a_test_to_nobody_or_to_everybody_is_refused(
    desk: Client, pivot: Topic, draft: Update, addresses: str, said: str
) -> None:
    desk.post(f"{T}/draft/test/", {"addresses": addresses})
    assert said in text(page(desk, pivot))
    assert not RequestedTest.objects.exists()


def test_a_draft_is_thrown_away_and_its_briefings_stay(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    desk.post(f"{T}/draft/discard/")
    assert Update.objects.get(pk=draft.pk).stage == Stage.DISCARDED
    assert order(drafting.draft(pivot)) == ["first-story", "second-story", "third-story"]


def test_the_routes_of_nothing_are_404(press: Client, pivot: Topic) -> None:
    paths = ["none/draft/", "none/briefings/", "none/write/"]
    paths += [f"{pivot.slug}/{rest}" for rest in ("9/", "9/preview/", "briefings/none/")]
    for path in paths:
        assert press.get(f"/desk/{path}").status_code == 404, path
    for method, rest in product(["POST"], ["words/", "test/", "approve/", "discard/"]):
        assert press.generic(method, f"{T}/draft/{rest}").status_code == 404, rest


@pytest.mark.parametrize(
    ("path", "data", "said"),
    [
        (
            "words/",
            {"note": "x" * 10_001},
            "The note has 10,001 characters, and 10,000 are the most",
        ),
        (
            "items/second-story/",
            {"do": "reword", "headline": "", "summary": "x" * 10_001},
            "The summary has 10,001 characters",
        ),
        (
            "items/second-story/",
            {"do": "include", "anyway.second-story": "x" * 301},
            "The reason has 301 characters",
        ),
        ("words/", {"note": "a\x1b[31mxxx"}, "The note has a character that can’t be shown"),
        ("words/", {"title": "a\nBcc: xxx"}, "The title has a line break"),
        ("items/second-story/", {"do": "section", "section": "xxx\x01"}, "section’s name has a"),
        ("draft/ask/", {"note": "x" * 2_001}, "The note has 2,001 characters"),
    ],
)
def test_what_is_too_long_or_can_not_be_shown_is_refused_and_nothing_changed(
    desk: Client, draft: Update, path: str, data: dict[str, str], said: str
) -> None:
    before = draft.versions.count()
    where = path if path.startswith("draft/") else f"draft/{path}"
    answer = desk.post(f"/desk/{draft.topic.slug}/{where}", data, follow=True)
    assert said in text(answer)  # type: ignore[arg-type]
    assert draft.versions.count() == before
    assert not draft.requests.exists()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("words/", {"title": "x" * 501}),
        ("words/", {"subject": "x" * 501}),
        ("words/", {"preheader": "x" * 501}),
        ("items/second-story/", {"do": "reword", "headline": "x" * 501, "summary": ""}),
    ],
)
def test_a_line_that_no_column_holds_is_refused_in_words(
    desk: Client, draft: Update, path: str, data: dict[str, str]
) -> None:
    answer = desk.post(f"/desk/{draft.topic.slug}/draft/{path}", data, follow=True)
    assert "501 characters" in answer.content.decode()
    draft.refresh_from_db()
    assert "xxx" not in draft.title + draft.subject + draft.preheader
    assert not draft.items.filter(headline__contains="xxx").exists()
