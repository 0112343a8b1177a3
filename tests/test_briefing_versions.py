"""A briefing's versions: what each save changed as readers see it, and taking one up again."""

import re

import pytest
from django.test import Client

from digest import briefing_versions
from digest.audit import AuditEntry
from digest.briefings import Briefing
from digest.intake import store
from digest.models import Topic
from tests import newsroom
from tests.forms import text

T = "/desk/medias-ai-pivot"


@pytest.fixture
def thrice(pivot: Topic) -> Briefing:
    """A briefing that was corrected twice."""
    one = newsroom.whole(pivot)
    data = one.data.model_copy(update={"summary": "Eight roles are open."})
    store.keep(data, pivot, "pia@example.org")
    body = data.body.replace("shorts.[^2]", "[features](https://f.example.org/).[^2]")
    store.keep(
        data.model_copy(update={"body": body, "status": "Resolved"}), pivot, "edda@example.org"
    )
    return Briefing.objects.get()


def test_the_newest_save_is_shown_by_part_as_readers_see_it(desk: Client, thrice: Briefing) -> None:
    html = text(desk.get(f"{T}/briefings/{thrice.slug}/versions/"))
    assert "What edda@example.org changed" in html
    assert re.findall(r'<h2 id="part-[^"]+">([^<]+)<', html) == ["Body", "Status"]
    assert "[taken out: </span>shorts<" in html
    assert "https://f.example.org/" in html
    assert "](https" not in html
    assert "3 versions" in html


def test_any_two_versions_are_held_against_each_other(desk: Client, thrice: Briefing) -> None:
    told = briefing_versions.history(thrice)
    assert [one.by for one in told] == ["edda@example.org", "pia@example.org", ""]
    first = told[-1].key
    html = text(desk.get(f"{T}/briefings/{thrice.slug}/versions/?of=0&since={first}"))
    assert re.findall(r'<h2 id="part-[^"]+">([^<]+)<', html) == ["Summary", "Body", "Status"]
    same = text(desk.get(f"{T}/briefings/{thrice.slug}/versions/?of={first}&since={first}"))
    assert "One version on both sides" in same


def test_a_version_is_restored_as_a_new_one(desk: Client, thrice: Briefing) -> None:
    first = briefing_versions.history(thrice)[-1].key
    desk.post(f"{T}/briefings/{thrice.slug}/restore/", {"version": str(first)})
    now = Briefing.objects.get()
    assert "Seven roles" in now.summary
    assert "shorts.[^2]" in now.body
    assert now.versions.count() == 3
    assert AuditEntry.objects.filter(what="restored briefing", who="edda@example.org").exists()
    again = desk.post(f"{T}/briefings/{thrice.slug}/restore/", {"version": "0"}, follow=True)
    assert "It says that already." in text(again)
    assert now.versions.count() == 3


@pytest.mark.parametrize("version", ["999999", "x", "", "-1", "9" * 30])
def test_what_is_no_version_of_it_changes_nothing(
    desk: Client, thrice: Briefing, version: str
) -> None:
    other = newsroom.briefing(thrice.topic, "Another")
    store.keep(other.data.model_copy(update={"summary": "x"}), thrice.topic, "test")
    foreign = other.versions.get().pk
    for key in (version, str(foreign)):
        answer = desk.post(f"{T}/briefings/{thrice.slug}/restore/", {"version": key}, follow=True)
        assert "There is no such version" in text(answer)
        assert desk.get(f"{T}/briefings/{thrice.slug}/versions/?of={key}").status_code == 200
    assert Briefing.objects.get(pk=thrice.pk).content_hash == thrice.content_hash


def test_a_briefing_with_one_version_says_so(desk: Client, pivot: Topic) -> None:
    one = newsroom.briefing(pivot)
    html = text(desk.get(f"{T}/briefings/{one.slug}/versions/"))
    assert "The only version there is" in html
    assert "nothing is ever overwritten" in html
