"""Two who correct one briefing at once: both are heard, and nothing typed is lost."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from digest.briefings import Briefing
from digest.desk.briefing_form import BriefingForm
from digest.intake import store
from digest.models import Topic
from digest.parts import BriefingData
from tests import newsroom
from tests.forms import form_of, text

T = "/desk/medias-ai-pivot"


class Two:
    """Pia and Edda, who opened the form at the same time; Pia saves first."""

    def __init__(self, desk: Client, press: Client, topic: Topic) -> None:
        self.desk, self.press = desk, press
        self.path = f"{T}/briefings/{newsroom.whole(topic).slug}/"
        self.opened = form_of(desk.get(self.path).content.decode())

    def pia_saves(self, **parts: object) -> None:
        assert self.press.post(self.path, self.opened | parts).status_code == 302

    def edda_saves(self, sent: dict[str, list[str]] | None = None, **parts: object) -> HttpResponse:
        return self.desk.post(self.path, (sent or self.opened) | parts)  # type: ignore[return-value]


@pytest.fixture
def two(desk: Client, press: Client, pivot: Topic) -> Two:
    return Two(desk, press, pivot)


def test_different_parts_are_joined_and_told(two: Two) -> None:
    two.pia_saves(tag=["Labour"], summary=["Nine roles."])
    answer = two.edda_saves(key_takeaway=["Build, then sell."])
    html = text(answer)
    assert answer.status_code == 422
    assert "pia@example.org has changed it since you opened it" in html
    assert "Taken over, since you had not touched them: Summary, Tag." in html
    assert "Yours and theirs go together" in html
    assert two.edda_saves(form_of(answer.content.decode())).status_code == 302
    saved = Briefing.objects.get()
    assert (saved.tag, saved.summary) == ("Labour", "Nine roles.")
    assert saved.key_takeaway == "Build, then sell."


def test_of_one_part_both_words_are_shown_and_saving_again_keeps_mine(two: Two) -> None:
    two.pia_saves(summary=["Nine roles are open."])
    answer = two.edda_saves(summary=["Eight roles are open."])
    html = text(answer)
    assert '<span class="visually-hidden">[taken out: </span>Nine' in html
    assert '<span class="visually-hidden">[put in: </span>Eight' in html
    assert Briefing.objects.get().summary == "Nine roles are open."
    again = form_of(answer.content.decode())
    assert again["summary"] == ["Eight roles are open."]
    assert two.edda_saves(again).status_code == 302
    assert Briefing.objects.get().summary == "Eight roles are open."


@pytest.mark.parametrize(
    ("key", "theirs", "mine"),
    [
        ("summary", {"summary": ["Nine."]}, {"summary": ["Eight."]}),
        (
            "image",
            {"image_url": ["https://a.example.org/a.png"], "image_alt": ["Theirs"]},
            {"image_url": ["https://b.example.org/b.png"], "image_alt": ["Mine"]},
        ),
        (
            "perspectives",
            {"perspectives.party": ["Theirs"], "perspectives.text": ["Said."]},
            {"perspectives.party": ["Mine"], "perspectives.text": ["Said."]},
        ),
    ],
)
def test_theirs_can_be_taken_part_by_part_and_the_rest_of_mine_stays(
    two: Two, key: str, theirs: dict[str, list[str]], mine: dict[str, list[str]]
) -> None:
    two.pia_saves(**theirs)
    first = two.edda_saves(key_takeaway=["Mine alone."], **mine)
    sent = form_of(first.content.decode())
    assert {name: sent[name][:1] for name in mine} == mine
    answer = two.edda_saves(sent, take=[key])
    assert answer.status_code == 422
    taken = form_of(answer.content.decode())
    assert {name: taken[name][:1] for name in theirs} == theirs
    assert taken["key_takeaway"] == ["Mine alone."]
    assert two.edda_saves(taken).status_code == 302
    assert Briefing.objects.get().key_takeaway == "Mine alone."


def test_taking_a_part_that_does_not_exist_takes_nothing(two: Two) -> None:
    assert two.edda_saves(take=["secrets"]).status_code == 302  # an ordinary save


def test_a_third_save_in_between_is_told_as_well(two: Two) -> None:
    two.pia_saves(summary=["Nine."])
    first = two.edda_saves(summary=["Eight."])
    opened = form_of(two.press.get(two.path).content.decode())
    two.press.post(two.path, opened | {"tag": ["Labour"]})
    second = two.edda_saves(form_of(first.content.decode()))
    assert second.status_code == 422
    assert "Taken over, since you had not touched them: Tag." in text(second)


def test_the_same_change_by_both_is_no_conflict(two: Two) -> None:
    two.pia_saves(summary=["Nine roles."])
    answer = two.edda_saves(summary=["Nine roles."])
    assert "Yours and theirs go together" in text(answer)


def test_a_save_in_the_very_moment_of_mine_is_told_as_well(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = BriefingForm.read

    def read_meanwhile(form: BriefingForm) -> BriefingData | None:
        monkeypatch.undo()
        two.pia_saves(tag=["Labour"], summary=["Nine roles."])
        return read(form)

    monkeypatch.setattr(BriefingForm, "read", read_meanwhile)
    answer = two.edda_saves(summary=["Eight roles."])
    assert answer.status_code == 422
    assert "pia@example.org has changed it since you opened it" in text(answer)
    assert Briefing.objects.get().summary == "Nine roles."
    assert two.edda_saves(form_of(answer.content.decode())).status_code == 302
    saved = Briefing.objects.get()
    assert (saved.tag, saved.summary) == ("Labour", "Eight roles.")


def test_of_two_who_write_the_same_headline_at_once_one_is_told(
    desk: Client, press: Client, pivot: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = form_of(desk.get(f"{T}/write/").content.decode()) | {"headline": ["A pier reopens"]}
    keep = store.keep

    def keep_meanwhile(*said: Any, **more: Any) -> store.Result:
        monkeypatch.undo()
        assert press.post(f"{T}/write/", sent | {"summary": ["Hers."]}).status_code == 302
        return keep(*said, **more)

    monkeypatch.setattr(store, "keep", keep_meanwhile)
    answer = desk.post(f"{T}/write/", sent | {"summary": ["Mine."]})
    assert answer.status_code == 422
    assert "There is a briefing with this headline already" in text(answer)
    assert Briefing.objects.get().summary == "Hers."


@pytest.mark.both_databases
def test_no_odd_mark_of_what_was_seen_upsets_the_form(two: Two) -> None:
    """A NUL is no text that PostgreSQL takes, even to look for."""
    odd = {"seen": ["a\0b"], "summary": ["Eight roles."]}
    assert two.desk.post(f"{two.path}typed/", two.opened | odd).status_code == 200
    assert two.edda_saves(**odd).status_code == 422
