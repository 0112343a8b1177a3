"""Each finding on the desk leads to its place and, where one act mends it, offers that."""

import html as entities
import re

from django.test import Client, override_settings

from digest import arranging, drafting
from digest.briefings import Briefing
from digest.models import Topic, Update
from tests import newsroom

T = "/desk/medias-ai-pivot"


def finding(client: Client, words: str) -> str:
    """The finding on the draft's page that says so."""
    html = entities.unescape(client.get(f"{T}/draft/").content.decode())
    found = [
        one
        for one in re.findall(r"<li class=.(?:bad|warn).*?</li>", html, re.DOTALL)
        if words in one
    ]
    assert found, words
    return str(found[0])


def buttons(said: str) -> list[str]:
    return re.findall(r"<button[^>]*>(.*?)</button>", said)


def press(client: Client, said: str, label: str) -> None:
    """As a click would."""
    for to, body in re.findall(
        r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', said, re.DOTALL
    ):
        if f">{label}</button>" in body:
            client.post(to, dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', body)))
            return
    raise AssertionError(f"no button {label!r}")


def test_words_of_the_update_are_led_to_and_given_back_to_the_rule(
    desk: Client, draft: Update
) -> None:
    by_rule = draft.subject
    arranging.reword(draft, "edda", subject="READ THIS NOW PLEASE")
    said = finding(desk, "shouts in capitals")
    assert 'href="#subject"' in said
    press(desk, said, "Take the one made from the items")
    draft.refresh_from_db()
    assert draft.subject == by_rule
    arranging.reword(draft, "edda", note="See [this](https://)")
    assert 'href="#note"' in finding(desk, "is unfinished")


def test_a_part_of_a_briefing_is_led_to_in_its_form_or_in_the_items_own_words(
    desk: Client, draft: Update
) -> None:
    Briefing.objects.filter(slug="first-story").update(body="It was was so.", summary="A ,, b.")
    assert f'href="{T}/briefings/first-story/#body"' in finding(desk, "“was was” in the body")
    assert f'href="{T}/briefings/first-story/#summary"' in finding(desk, "in the summary")
    arranging.override(draft, "first-story", "", "Still a ,, b.", "edda")
    assert 'href="#summary-first-story"' in finding(desk, "in the summary")
    desk_form = desk.get(f"{T}/briefings/first-story/").content.decode()
    assert 'id="body"' in desk_form
    assert 'id="summary"' in desk_form


def test_a_list_of_a_briefing_is_led_to(desk: Client, draft: Update) -> None:
    one = {"name": "A", "url": "https://wire.example.org/x"}
    Briefing.objects.filter(slug="first-story").update(sources=[one, one | {"name": "B"}])
    assert f'href="{T}/briefings/first-story/#rows-sources"' in finding(desk, "lead to one page")
    assert 'id="rows-sources"' in desk.get(f"{T}/briefings/first-story/").content.decode()


def test_a_withdrawn_briefing_is_left_out_at_one_click(desk: Client, draft: Update) -> None:
    desk.post(f"{T}/briefings/second-story/withdraw/")
    said = finding(desk, "was withdrawn since")
    assert buttons(said) == ["Leave out “Second story”", "Assemble again"]
    press(desk, said, "Leave out “Second story”")
    assert not draft.items.filter(briefing__slug="second-story").exists()


def test_too_long_an_update_is_shortened_at_one_click(
    desk: Client, pivot: Topic, draft: Update
) -> None:
    Briefing.objects.update(body="Many words of a long body. " * 400, read_minutes=9)
    said = finding(desk, "min to read, where the topic promises 6")
    assert 'href="#items-title"' in said
    press(desk, said, "Show “Third story” briefly")
    assert draft.items.get(briefing__slug="third-story").depth == "brief"
    assert "Show “Second story” briefly" in buttons(finding(desk, "min to read"))


def test_a_draft_without_items_is_assembled_at_one_click(desk: Client, pivot: Topic) -> None:
    drafting.draft(pivot)
    newsroom.briefing(pivot, "Come at last", published_at=pivot.updates.get().until)
    press(desk, finding(desk, "The update has no items"), "Assemble again")
    assert pivot.updates.get().items.count() == 1


@override_settings(POSTAL_ADDRESS="", RELAY_ON_LOOPBACK=False)
def test_what_the_topic_lacks_leads_to_its_settings(desk: Client, draft: Update) -> None:
    said = finding(desk, "no postal address")
    assert f'href="{T}/settings/#postal_address"' in said
    assert 'id="postal_address"' in desk.get(f"{T}/settings/").content.decode()


def test_programs_are_told_the_place_too(draft: Update) -> None:
    from digest import editions

    arranging.reword(draft, "edda", subject="")
    Briefing.objects.filter(slug="first-story").update(summary="A ,, b.")
    view = editions.view_of(draft)
    report = editions.checked(draft, view, editions.rendered(view)).as_json()
    checks = report["checks"]
    assert isinstance(checks, list)
    (slip,) = [one for one in checks if one["name"] == "slips"]
    assert (slip["where"], slip["place"], slip["part"]) == ("first-story", "item", "summary")
