"""The form in which a briefing is written and corrected."""

import datetime as dt

import pytest
from django.test import Client

from digest import drafting
from digest.audit import AuditEntry
from digest.briefings import Briefing, BriefingVersion
from digest.models import Topic, Update
from tests import newsroom
from tests.forms import form_of, text

T = "/desk/medias-ai-pivot"


def order(update: Update) -> list[str]:
    return [item.briefing.slug for item in update.items.select_related("briefing")]


def test_the_form_shows_every_part_and_saving_it_untouched_changes_nothing(
    desk: Client, pivot: Topic
) -> None:
    pivot.zone = "Europe/London"
    pivot.save()
    whole = newsroom.whole(pivot, image={"url": "https://p.example.org/a.png", "alt": "A lantern"})
    path = f"{T}/briefings/{whole.slug}/"
    html = desk.get(path).content.decode()
    assert 'value="2026-05-15T10:00"' in html  # 09:00 UTC is 10:00 in London in May
    answer = desk.post(path, form_of(html))
    assert answer.status_code == 302, form_of(html)
    assert "Nothing had changed." in text(desk.get(path))
    assert Briefing.objects.get().content_hash == whole.content_hash
    assert not BriefingVersion.objects.exists()


def test_a_briefing_is_written_with_all_its_parts(desk: Client, pivot: Topic) -> None:
    sent = {
        "headline": "A harbour buys its own crane",
        "published_at": "2026-05-15T09:00",
        "summary": "It was dear.",
        "body": "It **lifts**.[^1]\r\n\r\n[^1]: Harbour office.",
        "tag": "Industry",
        "status": "Confirmed",
        "importance": "2",
        "plain_english": "A crane lifts things.",
        "root_causes": "Ships.",
        "next.kind": ["Risk", ""],
        "next.text": ["It falls.", ""],
        "sources.name": ["Harbour News", ""],
        "sources.date": ["2026-05-14", ""],
        "sources.url": ["https://harbour.example.org/crane", ""],
        "perspectives.party": ["", "The gulls"],
        "perspectives.text": ["", "They like it."],
        "image_url": "https://harbour.example.org/crane.png",
        "image_alt": "A crane",
        "first_update": "2",
        "first_title": "Cranes",
    }
    answer = desk.post(f"{T}/write/", sent)
    assert answer["Location"] == f"{T}/briefings/a-harbour-buys-its-own-crane/"
    data = Briefing.objects.get().data
    assert data.published_at == dt.datetime(2026, 5, 15, 9, tzinfo=dt.UTC)
    assert data.body == "It **lifts**.[^1]\n\n[^1]: Harbour office."
    assert [one.text for one in data.analysis.next] == ["It falls."]
    assert [one.party for one in data.perspectives] == ["The gulls"]
    assert str(data.sources[0].date) == "2026-05-14"
    assert data.image
    assert data.image.alt == "A crane"
    assert data.first_reported_in
    assert data.first_reported_in.update == 2
    assert data.read_minutes == 1
    assert AuditEntry.objects.get(what="created briefing").who == "edda@example.org"


def test_a_correction_keeps_what_was_said_before_and_who_changed_it(
    desk: Client, pivot: Topic
) -> None:
    whole = newsroom.whole(pivot)
    path = f"{T}/briefings/{whole.slug}/"
    sent = form_of(desk.get(path).content.decode()) | {"summary": ["Eight roles are open."]}
    desk.post(path, sent)
    assert Briefing.objects.get().summary == "Eight roles are open."
    version = BriefingVersion.objects.get()
    assert version.replaced_by == "edda@example.org"
    assert "Seven roles" in version.content["summary"]
    assert "edda@example.org changed it" in text(desk.get(path))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("headline", "", "This can’t be empty."),
        ("headline", "x" * 5_000, "This has 5,000 characters; 500 fit."),
        ("headline", "two\nlines", "line break"),
        ("published_at", "", "This can’t be empty."),
        ("published_at", "yesterday", "is no date with time"),
        ("importance", "many", "Write a whole number."),
        ("importance", "9999", "Write a number of at most 100."),
        ("read_minutes", "0", "Write a number of at least 1."),
        ("url", "javascript:alert(1)", "is no http(s) address"),
        ("image_url", "ftp://x.example.org/a", "is no http(s) address"),
        ("image_alt", "a picture without an address", "This can’t be empty."),
        ("first_update", "second", "Write a whole number."),
        ("first_title", "a title without its number", "This can’t be empty."),
        ("summary", "", "Write a summary or a body"),
        ("sources.url", "nowhere", "is no http(s) address"),
        ("sources.date", "17 May", "is no day"),
        ("perspectives.text", "a view without its party", "This can’t be empty."),
        ("tag", "a\0b", "can’t be shown"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_costs_nothing_else(
    desk: Client, pivot: Topic, name: str, value: str, said: str
) -> None:
    sent = {
        "headline": "A harbour buys its own crane",
        "published_at": "2026-05-15T09:00",
        "summary": "It was dear.",
        "plain_english": "Kept as it was typed.",
        "sources.name": "Harbour News",
        "sources.date": "",
        "sources.url": "",
        "perspectives.party": "",
        "perspectives.text": "",
    } | {name: value}
    answer = desk.post(f"{T}/write/", sent)
    assert answer.status_code == 422
    html = text(answer)
    assert said in html
    assert "Kept as it was typed." in html
    assert not Briefing.objects.exists()
    if "." not in name:
        place = {"image_alt": "image_url", "first_title": "first_update"}.get(name, name)
        field = html[html.index(f'for="{place}"') :]
        assert said in field[: field.index("</div>")]


def test_a_second_briefing_of_the_same_name_is_refused(desk: Client, pivot: Topic) -> None:
    newsroom.briefing(pivot, "A pier reopens", summary="The first one.")
    sent = {"headline": "A pier reopens!", "published_at": "2026-05-15T09:00", "summary": "Mine."}
    answer = desk.post(f"{T}/write/", sent)
    assert answer.status_code == 422
    assert "There is a briefing with this headline already" in text(answer)
    assert Briefing.objects.get().summary == "The first one."


def test_asking_for_a_row_without_scripts_saves_nothing_and_keeps_what_was_typed(
    desk: Client, pivot: Topic
) -> None:
    sent = {"headline": "Half a headl", "more": "sources"}
    answer = desk.post(f"{T}/write/", sent)
    assert answer.status_code == 200
    assert "Half a headl" in text(answer)
    assert form_of(answer.content.decode())["sources.name"] == ["", ""]
    assert not Briefing.objects.exists()


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("sources.1.up", ["Second", "First", "Third"]),
        ("sources.0.down", ["Second", "First", "Third"]),
        ("sources.1.remove", ["First", "Third"]),
        ("sources.0.up", ["First", "Second", "Third"]),
        ("sources.99.remove", ["First", "Second", "Third"]),
        ("sources.x.remove", ["First", "Second", "Third"]),
    ],
)
def test_rows_are_moved_and_removed_without_scripts(
    desk: Client, pivot: Topic, asked: str, names: list[str]
) -> None:
    columns = {"sources.name": ["First", "Second", "Third"]}
    columns |= {"sources.date": ["", "", ""], "sources.url": ["", "", ""]}
    answer = desk.post(f"{T}/write/", columns | {"more": asked})
    assert answer.status_code == 200
    assert [one for one in form_of(answer.content.decode())["sources.name"] if one] == names
    assert not Briefing.objects.exists()


def test_a_picture_needs_words_for_those_who_do_not_see_it(desk: Client, pivot: Topic) -> None:
    sent = {"headline": "A pier", "published_at": "2026-05-15T09:00", "summary": "Reopens."}
    picture = {"image_url": "https://pier.example.org/a.png"}
    answer = desk.post(f"{T}/write/", sent | picture)
    assert answer.status_code == 422
    assert "Say what it shows" in text(answer)
    desk.post(f"{T}/write/", sent | picture | {"image_alt": "A pier"})
    assert Briefing.objects.get().image == {"url": picture["image_url"], "alt": "A pier"}


def test_what_came_in_without_words_for_its_picture_can_be_mended_elsewhere(
    desk: Client, pivot: Topic
) -> None:
    one = newsroom.whole(pivot, image={"url": "https://p.example.org/a.png"})
    path = f"{T}/briefings/{one.slug}/"
    sent = form_of(desk.get(path).content.decode()) | {"summary": ["Eight roles."]}
    assert desk.post(path, sent).status_code == 302
    assert Briefing.objects.get().summary == "Eight roles."


def test_unknown_fields_of_a_form_change_nothing(desk: Client, pivot: Topic) -> None:
    one = newsroom.briefing(pivot, "A pier reopens")
    path = f"{T}/briefings/{one.slug}/"
    sent = form_of(desk.get(path).content.decode())
    evil = {"slug": ["other"], "topic": ["other"], "carried_in": ["1"], "withdrawn_at": ["1"]}
    desk.post(path, sent | evil)
    after = Briefing.objects.get()
    assert (after.slug, after.carried_in, after.withdrawn_at) == (one.slug, None, None)


def test_a_withdrawn_briefing_goes_into_no_draft_until_it_is_put_back(
    desk: Client, pivot: Topic, stories: list[Briefing]
) -> None:
    path = f"{T}/briefings/first-story/"
    desk.post(f"{path}withdraw/")
    assert "Put it back" in text(desk.get(path))
    assert "first-story" not in order(drafting.draft(pivot))
    desk.post(f"{path}put-back/")
    assert "first-story" in order(drafting.draft(pivot))
    whats = list(AuditEntry.objects.filter(who="edda@example.org").values_list("what", flat=True))
    assert whats == ["withdrew briefing", "put back briefing"]
