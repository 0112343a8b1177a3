"""What is typed into a briefing's form is kept on the server, and is no change of the briefing."""

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from digest import unsaved
from digest.audit import AuditEntry
from digest.briefings import Briefing, BriefingVersion
from digest.models import Topic
from digest.unsaved import UnsavedBriefing
from tests import newsroom
from tests.forms import form_of, text

T = "/desk/medias-ai-pivot"


@pytest.fixture
def pier(pivot: Topic) -> Briefing:
    """A briefing that is being mended."""
    return newsroom.briefing(pivot, "A pier reopens")


def typing(client: Client, path: str, **parts: str) -> str:
    """Type into the form at a path, as its script would tell; what the server said."""
    sent = form_of(client.get(path).content.decode()) | {n: [t] for n, t in parts.items()}
    place = path.split("?", maxsplit=1)[0]
    return text(client.post(f"{place}typed/", sent))


def test_what_is_typed_is_kept_and_changes_nothing(desk: Client, pier: Briefing) -> None:
    path = f"{T}/briefings/{pier.slug}/"
    said = typing(desk, path, summary="Half a senten")
    assert re.search(r"Kept \d\d:\d\d, not saved yet", said)
    same = Briefing.objects.get()
    assert (same.summary, same.content_hash) == (pier.summary, pier.content_hash)
    assert not BriefingVersion.objects.exists()
    assert not AuditEntry.objects.filter(what__endswith="briefing").exists()


def test_it_is_back_where_its_author_opens_the_form_again(desk: Client, pier: Briefing) -> None:
    path = f"{T}/briefings/{pier.slug}/"
    typing(desk, path, summary="Half a senten")
    html = desk.get(path).content.decode()
    assert form_of(html)["summary"] == ["Half a senten"]
    assert "This is your unsaved work" in html


def test_saving_forgets_it(desk: Client, pier: Briefing) -> None:
    path = f"{T}/briefings/{pier.slug}/"
    typing(desk, path, summary="A whole sentence.")
    assert desk.post(path, form_of(desk.get(path).content.decode())).status_code == 302
    assert Briefing.objects.get().summary == "A whole sentence."
    assert not UnsavedBriefing.objects.exists()


def test_typing_back_to_what_is_saved_leaves_nothing_unsaved(desk: Client, pier: Briefing) -> None:
    path = f"{T}/briefings/{pier.slug}/"
    typing(desk, path, summary="Half a senten")
    assert "Everything is saved" in typing(desk, path, summary=pier.summary)
    assert not UnsavedBriefing.objects.exists()


def test_colleagues_are_told_of_it_and_may_look_and_go_on_from_there(
    desk: Client, press: Client, pier: Briefing
) -> None:
    path = f"{T}/briefings/{pier.slug}/"
    typing(desk, path, summary="Edda was here.")
    html = text(press.get(path))
    assert "edda@example.org has unsaved work of" in html
    assert form_of(press.get(path).content.decode())["summary"] == [pier.summary]
    (look,) = re.findall(rf'href="({T}/unsaved/\d+/)"', html)
    seen = text(press.get(look))
    assert "Edda was here<" in seen
    assert "<h2" in seen[seen.index("Summary") - 60 :]
    (theirs,) = re.findall(r'href="([^"]*theirs=\d+)"', seen)
    assert form_of(press.get(theirs).content.decode())["summary"] == ["Edda was here."]
    assert UnsavedBriefing.objects.get().by == "edda@example.org"


def test_it_can_be_thrown_away_by_its_author_alone(
    desk: Client, press: Client, pier: Briefing
) -> None:
    typing(desk, f"{T}/briefings/{pier.slug}/", summary="Half a senten")
    forget = f"{T}/unsaved/{UnsavedBriefing.objects.get().pk}/forget/"
    assert press.post(forget).status_code == 404
    assert UnsavedBriefing.objects.exists()
    assert desk.post(forget).status_code == 302
    assert not UnsavedBriefing.objects.exists()


def test_a_new_briefing_keeps_its_row_from_key_to_key(desk: Client, pivot: Topic) -> None:
    said = typing(desk, f"{T}/write/", headline="Half a headl")
    (key,) = re.findall(r'name="unsaved" value="(\d+)"', said)
    path = f"{T}/write/?unsaved={key}"
    typing(desk, path, headline="Half a headline")
    row = UnsavedBriefing.objects.get()
    assert (str(row.pk), row.typed["texts"]["headline"]) == (key, "Half a headline")
    assert form_of(desk.get(path).content.decode())["headline"] == ["Half a headline"]
    assert "You have begun another: “Half a headline”" in text(desk.get(f"{T}/write/"))
    assert "Being written · 1" in text(desk.get(f"{T}/briefings/"))
    sent = form_of(desk.get(path).content.decode()) | {"summary": ["And a summary."]}
    desk.post(f"{T}/write/", sent)
    assert Briefing.objects.get().headline == "Half a headline"
    assert not UnsavedBriefing.objects.exists()


def test_two_new_ones_at_once_do_not_write_over_each_other(desk: Client, pivot: Topic) -> None:
    typing(desk, f"{T}/write/", headline="The one")
    typing(desk, f"{T}/write/", headline="The other")
    assert UnsavedBriefing.objects.count() == 2


def test_nobody_writes_into_the_unsaved_work_of_another(
    desk: Client, press: Client, pivot: Topic
) -> None:
    typing(desk, f"{T}/write/", headline="Edda's own")
    key = UnsavedBriefing.objects.get().pk
    press.post(f"{T}/write/typed/", {"headline": "Pia's", "unsaved": str(key)})
    assert UnsavedBriefing.objects.get(pk=key).typed["texts"]["headline"] == "Edda's own"


def test_an_untouched_new_form_is_kept_nowhere(desk: Client, pivot: Topic) -> None:
    typing(desk, f"{T}/write/")
    assert not UnsavedBriefing.objects.exists()


def test_after_thirty_days_it_is_gone(edda: User, desk: Client, pier: Briefing) -> None:
    path = f"{T}/briefings/{pier.slug}/"
    typing(desk, path, summary="Long ago")
    old = timezone.now() - unsaved.KEPT - dt.timedelta(minutes=1)
    UnsavedBriefing.objects.update(kept_at=old)
    assert form_of(desk.get(path).content.decode())["summary"] == [pier.summary]
    typing(desk, f"{T}/write/", headline="Something else")
    assert [row.briefing for row in UnsavedBriefing.objects.all()] == [None]


@pytest.mark.both_databases
def test_what_no_database_can_hold_is_left_out(desk: Client, pier: Briefing) -> None:
    typing(desk, f"{T}/briefings/{pier.slug}/", summary="nul \0 and \\u0000 and 🦔")
    kept = UnsavedBriefing.objects.get().typed["texts"]["summary"]
    assert kept == "nul  and \\u0000 and 🦔"


def test_what_is_too_long_is_said_not_to_be_kept(desk: Client, pier: Briefing) -> None:
    said = typing(desk, f"{T}/briefings/{pier.slug}/", body="x" * unsaved.LONGEST)
    assert "Too long to be kept here" in said
    assert not UnsavedBriefing.objects.exists()


def test_unsaved_work_that_began_before_a_colleague_saved_is_told_on_saving(
    desk: Client, press: Client, pier: Briefing
) -> None:
    path = f"{T}/briefings/{pier.slug}/"
    typing(desk, path, summary="Edda's words.")
    press.post(path, form_of(press.get(path).content.decode()) | {"summary": ["Pia's words."]})
    answer = desk.post(path, form_of(desk.get(path).content.decode()))
    assert answer.status_code == 422
    assert "pia@example.org has changed it since you opened it" in text(answer)
    assert form_of(answer.content.decode())["summary"] == ["Edda's words."]


def test_words_that_arrive_after_their_own_save_are_not_kept(
    desk: Client, pier: Briefing, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{T}/briefings/{pier.slug}/"
    sent = form_of(desk.get(path).content.decode()) | {"summary": ["A whole sentence."]}
    late = unsaved.keep

    def saved_meanwhile(*about: Any, **more: Any) -> UnsavedBriefing | None:
        assert desk.post(path, sent).status_code == 302
        return late(*about, **more)

    monkeypatch.setattr(unsaved, "keep", saved_meanwhile)
    desk.post(f"{path}typed/", sent | {"summary": ["A whole sentenc"]})
    assert Briefing.objects.get().summary == "A whole sentence."
    assert not UnsavedBriefing.objects.exists()


def test_a_new_one_s_words_that_arrive_late_or_unseen_are_not_kept(
    desk: Client, pivot: Topic
) -> None:
    sent = form_of(desk.get(f"{T}/write/").content.decode())
    sent |= {"headline": ["A lido opens"], "summary": ["It does."]}
    desk.post(f"{T}/write/typed/", sent)  # the page has not seen the answer when it is sent
    assert UnsavedBriefing.objects.count() == 1
    assert desk.post(f"{T}/write/", sent).status_code == 302
    assert not UnsavedBriefing.objects.exists()
    desk.post(f"{T}/write/typed/", sent)
    assert not UnsavedBriefing.objects.exists()


# ---- the preview ------------------------------------------------------------------------------


def test_the_preview_shows_what_is_typed_as_the_mail_would(desk: Client, pier: Briefing) -> None:
    path = f"{T}/briefings/{pier.slug}/"
    typing(desk, path, key_takeaway="It **matters**.", body="Text.[^1]\n\n[^1]: The note.")
    page = desk.get(f"{path}preview/")
    html = text(page)
    assert "It **matters**." in html
    assert "The note." in html
    assert "sandbox allow-popups" in page["Content-Security-Policy"]
    assert "script" not in page["Content-Security-Policy"].replace("'none'", "")
    assert "The note." not in text(desk.get(f"{path}preview/?depth=brief"))


def test_the_preview_shows_a_form_with_mistakes_as_far_as_it_goes(
    desk: Client, pivot: Topic
) -> None:
    said = typing(
        desk,
        f"{T}/write/",
        headline="Half a headline",
        importance="many",
        url="javascript:alert(1)",
        image_url="https://",
        published_at="yesterday",
    )
    (key,) = re.findall(r'name="unsaved" value="(\d+)"', said)
    html = text(desk.get(f"{T}/write/{key}/preview/"))
    assert "Half a headline" in html
    assert "javascript:" not in html


def test_only_the_wrong_rows_are_left_out_of_the_preview(desk: Client, pivot: Topic) -> None:
    sent = {"headline": "A pier", "published_at": "2026-05-15T09:00", "summary": "x"}
    rows = {
        "sources.name": ["Harbour News", "", "Quay Post", ""],
        "sources.date": ["", "2026-05-14", "2026-05-15", "soon"],
        "sources.url": ["", "nowhere", "", "nowhere"],
    }
    desk.post(f"{T}/write/typed/", sent | rows)
    key = UnsavedBriefing.objects.get().pk
    html = text(desk.get(f"{T}/write/{key}/preview/"))
    assert "Harbour News" in html
    assert "Quay Post" in html
    assert "nowhere" not in html


def test_nobody_sees_another_s_new_briefing_in_a_preview(
    desk: Client, press: Client, pivot: Topic
) -> None:
    typing(desk, f"{T}/write/", headline="Edda's own")
    key = UnsavedBriefing.objects.get().pk
    assert "Edda's own" not in text(press.get(f"{T}/write/{key}/preview/"))
