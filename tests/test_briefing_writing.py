"""What the form says while a briefing is typed: what saving does, its footnotes, its likes."""

import pytest
from django.test import Client

from digest import approval
from digest.briefings import Briefing
from digest.desk import footnotes
from digest.models import Topic, Update
from digest.same_story import signature
from tests import newsroom
from tests.forms import form_of, text

T = "/desk/medias-ai-pivot"


def typing(client: Client, one: Briefing | None, **parts: str) -> str:
    """What the server says of these words."""
    path = f"{T}/briefings/{one.slug}/" if one else f"{T}/write/"
    sent = form_of(client.get(path).content.decode()) | {n: [t] for n, t in parts.items()}
    return text(client.post(f"{path}typed/", sent))


# ---- what saving does -------------------------------------------------------------------------


def test_a_new_one_becomes_a_candidate(desk: Client, draft: Update) -> None:
    said = typing(desk, None, headline="Another pier")
    assert "Saving makes it a candidate for the next update." in said
    assert "Assemble the open draft again to take it in." in said


def test_an_untouched_form_changes_nothing(desk: Client, pivot: Topic) -> None:
    assert "Nothing is changed yet." in typing(desk, newsroom.whole(pivot))


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"summary": "Seven roles are open now."}, "Polish: those who had it in Update #1"),
        ({"status": "Resolved"}, "told again as “changed since Update #1”: Now resolved"),
        ({"key_takeaway": "Rent."}, "told again as “changed since Update #1”: Rent."),
    ],
)
def test_polish_is_told_from_what_readers_would_call_a_change(
    desk: Client, pivot: Topic, parts: dict[str, str], said: str
) -> None:
    one = newsroom.whole(pivot)
    newsroom.update(pivot, 1, one)
    one.refresh_from_db()
    assert said in typing(desk, one, **parts)


def test_what_changed_is_named(desk: Client, pivot: Topic) -> None:
    one = newsroom.whole(pivot)
    said = typing(desk, one, tag="Labour", importance="5")
    assert "Changed: Tag, Importance." in said
    assert "Readers haven’t had it yet" in said


def test_the_open_draft_s_preview_changes_at_once_but_for_what_is_reworded_there(
    desk: Client, draft: Update
) -> None:
    item = draft.items.select_related("briefing__topic").get(position=1)
    said = typing(desk, item.briefing, summary="Other words.")
    assert "It is in the open draft: its preview there changes at once." in said
    assert "reworded" not in said
    item.headline = "Mine"
    item.save()
    said = typing(desk, item.briefing, summary="Other words.")
    assert "Its headline there is reworded, and stays." in said


def test_an_approved_update_waits_with_the_old_words(desk: Client, draft: Update) -> None:
    approval.approve(draft, by="pia@example.org", despite="A test.")
    one = draft.items.select_related("briefing__topic")[0].briefing
    said = typing(desk, one, summary="Other words.")
    assert "Update #1 is approved and waits with the words as they were." in said


def test_one_that_another_tells_says_so(desk: Client, pivot: Topic, draft: Update) -> None:
    first, second = (item.briefing for item in draft.items.select_related("briefing__topic")[:2])
    draft.items.filter(briefing=second).delete()
    draft.folds.create(briefing=second, into=first, why="By hand.")
    said = typing(desk, second, summary="Other words.")
    assert f"In the open draft “{first.headline}” tells it: only sources show." in said


# ---- footnotes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("A text.[^1]\n\n[^1]: Its note.", []),
        ("A text.", []),
        ("A text.[^1]", ["[^1] in the text has no note"]),
        ("A text.\n\n[^1]: A note.", ["The note [^1] is referred to nowhere"]),
        ("A text.[^1]\n\n[^1]: ", ["The note [^1] has no text yet."]),
        ("One[^a] two[^a].\n\n[^a]: A.\n[^a]: B.", ["There are two notes [^a]"]),
        ("Said[^1]: this.\n\n[^1]: A note.", []),
        (r"A \[^1] that is meant as it stands.", []),
        ("[^" * 40_000, []),
    ],
)
def test_footnotes_that_lack_something_are_told(body: str, said: list[str]) -> None:
    told = footnotes.told(body)
    assert len(told) == len(said)
    assert all(one.startswith(start) for one, start in zip(told, said, strict=True))


def test_they_are_told_while_typing(desk: Client, pivot: Topic) -> None:
    assert "[^2] in the text has no note" in typing(desk, None, body="A text.[^2]")


# ---- the rest ---------------------------------------------------------------------------------


def test_minutes_and_a_closing_status_are_told_while_typing(desk: Client, pivot: Topic) -> None:
    said = typing(desk, None, body="word " * 800, status="Resolved")
    assert 'id="minutes-said" hx-swap-oob="innerHTML">3<' in said
    assert "This status closes the story." in said
    assert "This status closes" not in typing(desk, None, status="Developing")


def test_closing_statuses_are_marked_where_they_are_suggested(desk: Client, pivot: Topic) -> None:
    pivot.closing = ["Over and out"]
    pivot.save()
    newsroom.whole(pivot)
    html = text(desk.get(f"{T}/write/"))
    assert '<option value="Over and out" label="Over and out (closes the story)">' in html
    assert '<option value="Developing">' in html


def test_a_story_that_is_told_already_is_named_while_its_headline_is_typed(
    desk: Client, pivot: Topic
) -> None:
    told = "The council of Port Aldwyn closed the Orsin bridge after cracks in two cables."
    one = newsroom.briefing(pivot, "Port Aldwyn closes the Orsin bridge", summary=told)
    Briefing.objects.filter(pk=one.pk).update(**signature.columns(one.data, "en"))
    parts = {"published_at": "2026-05-15T12:00", "summary": "Cracks in two cables closed it."}
    said = typing(desk, None, headline="Orsin bridge in Port Aldwyn closed", **parts)
    assert "Written already?" in said
    assert f"{T}/briefings/{one.slug}/" in said
    assert "Written already?" not in typing(
        desk, None, headline="A lido opens in Quayside", **parts
    )
    assert "Written already?" not in typing(desk, one, headline="Port Aldwyn shuts Orsin bridge")
