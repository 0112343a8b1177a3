"""Versions of an update: what each change leaves, how they differ, and how one comes back."""

import datetime as dt

import pytest

from digest import arranging, drafting, ordering, versions
from digest.models import Update, Version

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def dids(update: Update) -> list[str]:
    """What was done, the last first."""
    return [one.did for one in update.versions.all()]


def earlier(update: Update, minutes: int) -> None:
    """Let all that has happened have happened so many minutes earlier."""
    by = dt.timedelta(minutes=minutes)
    for one in update.versions.all():
        Version.objects.filter(pk=one.pk).update(at=one.at - by, begun_at=one.begun_at - by)


def test_each_change_leaves_a_version_that_says_who_did_what(draft: Update) -> None:
    ordering.move(draft, "third-story", -1, by="edda@example.org")
    arranging.pin(draft, "first-story", True, by="pia@example.org")
    drafting.draft(draft.topic, by="schedule")
    said = [(one.by, one.did) for one in draft.versions.all()]
    assert said == [
        ("schedule", "assembled it"),
        ("pia@example.org", "pinned “First story”"),
        ("edda@example.org", "moved “Third story”"),
        ("edda@example.org", "assembled it"),
    ]


def test_a_version_holds_what_readers_would_have_got(draft: Update) -> None:
    arranging.reword(draft, by="edda", title="The first title", subject="S")
    arranging.reword(draft, by="pia", title="The second title")
    new, old = (versions.view(one) for one in draft.versions.all()[:2])
    assert (old.title, new.title) == ("The first title", "The second title")
    assert [story.slug for story in old.stories] == ["first-story", "second-story", "third-story"]


def test_typing_on_at_the_same_text_makes_one_version(draft: Update) -> None:
    for said in ("H", "Ha", "Har", "Harb", "Harbour"):
        arranging.reword(draft, by="edda", title=said)
    assert dids(draft) == ["worded the update", "assembled it"]
    assert draft.versions.first().state["update"]["title"] == "Harbour"  # type: ignore[union-attr]


def test_somebody_else_or_a_pause_or_ten_minutes_make_another(draft: Update) -> None:
    arranging.reword(draft, by="edda", title="One")
    arranging.reword(draft, by="pia", title="Two")
    earlier(draft, 3)
    arranging.reword(draft, by="pia", title="Three")
    assert dids(draft).count("worded the update") == 3
    for n in range(9):
        earlier(draft, 1)
        arranging.reword(draft, by="pia", title=f"On {n}")
    assert dids(draft).count("worded the update") == 3
    earlier(draft, 1)
    arranging.reword(draft, by="pia", title="Much later")
    assert dids(draft).count("worded the update") == 4


def test_what_changes_nothing_leaves_no_version(draft: Update) -> None:
    arranging.pin(draft, "first-story", True, by="edda")
    before = dids(draft)
    arranging.pin(draft, "first-story", True, by="pia")
    assert dids(draft) == before


def test_a_later_change_always_has_a_greater_key(draft: Update) -> None:
    keys = []
    for said in ("One", "Two", "Three"):
        arranging.reword(draft, by="edda", title=said)
        keys.append(versions.latest(draft))
    assert keys == sorted(set(keys))


def test_the_oldest_of_very_many_go(draft: Update, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "MOST", 3)
    for n in range(5):
        ordering.move(draft, "third-story", -1 if n % 2 else 1, by=f"editor {n}")
        arranging.reword(draft, by=f"editor {n}", title=f"Title {n}")
    assert draft.versions.count() == 3
    assert draft.versions.first().by == "editor 4"  # type: ignore[union-attr]
