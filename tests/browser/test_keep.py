"""What was typed and not saved is kept by the browser, and offered again."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from digest.briefings import Briefing
from digest.intake import store
from digest.models import Topic, Update
from tests import newsroom
from tests.browser.windows import Window

T = "/desk/medias-ai-pivot"
OFFER = "Unsaved words from"


@pytest.fixture(autouse=True)
def alone(window: Window) -> None:
    """The server is not told what is typed into a briefing: it would keep that too, and soon."""
    window.page.route("**/typed/", lambda route: route.fulfill(status=204))


def kept(window: Window) -> dict[str, str]:
    """What the browser holds, by its key."""
    kept_here = "filter(([key]) => key.startsWith('keep/'))"
    found: dict[str, str] = window.page.evaluate(
        f"Object.fromEntries(Object.entries(localStorage).{kept_here})"
    )
    return found


def typed(window: Window, field: str, text: str) -> None:
    """Type, and wait until the browser has kept it."""
    window.page.fill(field, text)
    window.page.wait_for_function(
        "text => Object.values(localStorage).some(one => one.includes(text))",
        arg=text.strip(),
    )


def put_back_and_sent(window: Window, button: str, says: str) -> None:
    """Come back to the page, take what was kept, and send the form; it answers with these words."""
    window.page.reload()
    window.page.get_by_role("button", name="Put them back").click()
    window.page.get_by_role("button", name=button).click()
    window.page.get_by_text(says).wait_for()
    window.page.wait_for_load_state()


def test_what_was_typed_is_offered_after_a_reload_and_put_back(
    window: Window, pivot: Topic
) -> None:
    window.open(f"{T}/write/")
    typed(window, "#headline", "Half a headline")
    window.page.reload()
    offer = window.page.locator(".notice.kept")
    assert re.search(rf"{OFFER} \d\d:\d\d, kept by this browser", offer.inner_text())
    assert window.page.input_value("#headline") == ""
    offer.get_by_role("button", name="Put them back").click()
    assert window.page.input_value("#headline") == "Half a headline"
    assert offer.count() == 0
    assert len(kept(window)) == 1
    assert not window.seen.errors


def test_what_is_forgotten_is_offered_no_more(window: Window, pivot: Topic) -> None:
    window.open(f"{T}/write/")
    typed(window, "#headline", "Half a headline")
    window.page.reload()
    window.page.get_by_role("button", name="Forget them").click()
    assert not kept(window)
    window.page.reload()
    assert window.page.get_by_text(OFFER).count() == 0


def test_saving_forgets_what_was_kept(window: Window, pivot: Topic) -> None:
    window.open(f"{T}/write/")
    typed(window, "#headline", "A pier reopens ")
    window.page.fill("#summary", "It does.")
    window.page.get_by_role("button", name="Save", exact=True).first.click()
    window.page.get_by_text("Saved.").wait_for()
    assert Briefing.objects.get().headline == "A pier reopens"
    window.page.wait_for_load_state()  # its script forgets once the page is whole
    assert not kept(window)
    window.open(f"{T}/write/")
    assert window.page.get_by_text(OFFER).count() == 0


def test_a_session_that_is_lost_while_typing_costs_no_word(window: Window, pivot: Topic) -> None:
    one = newsroom.briefing(pivot)
    window.open(f"{T}/briefings/{one.slug}/")
    window.client.logout()
    window.page.fill("#summary", "Written while signed out.")
    window.page.get_by_role("button", name="Save", exact=True).first.click()
    window.page.wait_for_url("**/login/**")
    assert len(kept(window)) == 1
    context = window.page.context
    window.client.force_login(window.user)
    session = window.client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": window.site}])
    window.open(f"{T}/briefings/{one.slug}/")
    window.page.get_by_role("button", name="Put them back").click()
    assert window.page.input_value("#summary") == "Written while signed out."


def test_words_sent_while_offline_are_kept(window: Window, pivot: Topic) -> None:
    window.open(f"{T}/write/")
    window.page.context.set_offline(True)
    window.page.fill("#headline", "Sent into the void")
    with window.page.expect_event("requestfailed"):
        window.page.get_by_role("button", name="Save", exact=True).first.click()
    window.page.context.set_offline(False)
    window.open(f"{T}/write/")
    window.page.get_by_role("button", name="Put them back").click()
    assert window.page.input_value("#headline") == "Sent into the void"


def test_a_form_that_came_back_with_mistakes_is_still_unsaved(window: Window, pivot: Topic) -> None:
    window.open(f"{T}/write/")
    window.page.fill("#headline", "No summary yet")
    window.page.get_by_role("button", name="Save", exact=True).first.click()
    window.page.get_by_text("1 part needs mending").wait_for()
    window.open(f"{T}/write/")
    assert window.page.get_by_text(OFFER).count() == 1


def test_what_comes_back_joined_with_a_colleague_s_words_is_not_offered_once_more(
    window: Window, pivot: Topic
) -> None:
    one = newsroom.briefing(pivot)
    window.open(f"{T}/briefings/{one.slug}/")
    store.keep(one.data.model_copy(update={"tag": "Labour"}), pivot, "edda@example.org")
    typed(window, "#summary", "Mine, typed meanwhile.")
    window.page.get_by_role("button", name="Save", exact=True).first.click()
    window.page.get_by_text("has changed it since you opened it").wait_for()
    assert window.page.input_value("#summary") == "Mine, typed meanwhile."
    assert window.page.input_value("#tag") == "Labour"
    assert window.page.get_by_text(OFFER).count() == 0
    window.open(f"{T}/briefings/")
    assert len(kept(window)) == 1  # until it is saved


def test_somebody_else_is_offered_nothing_and_no_secret_is_kept(
    window: Window, pivot: Topic, edda: User
) -> None:
    window.open(f"{T}/write/")
    typed(window, "#headline", "Half a headline")
    (text,) = kept(window).values()
    assert "csrf" not in text
    client = Client()
    client.force_login(edda)
    session = client.cookies["sessionid"].value
    site = window.page.evaluate("location.origin")
    window.page.context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
    window.page.reload()
    assert window.page.locator("body").get_attribute("data-who") == str(edda.pk)
    assert kept(window)
    assert window.page.get_by_text(OFFER).count() == 0


def test_a_topics_settings_are_kept_until_they_are_saved(window: Window, pivot: Topic) -> None:
    window.open(f"{T}/settings/")
    typed(window, "[name=description]", "Half a description")
    window.page.reload()
    window.page.get_by_role("button", name="Put them back").click()
    assert window.page.input_value("[name=description]") == "Half a description"
    window.page.get_by_role("button", name="Save", exact=True).first.click()
    window.page.get_by_text("Saved", exact=False).first.wait_for()
    window.page.wait_for_load_state()
    assert not kept(window)


def test_a_topic_that_is_being_made_is_kept_until_it_is_there(window: Window) -> None:
    window.open("/desk/new/")
    typed(window, "[name=name]", "Harbour Watch")
    put_back_and_sent(window, "Make the topic", "Made.")
    assert not kept(window)


def test_words_to_a_colleague_are_kept_until_they_are_sent(
    window: Window, pivot: Topic, draft: Update
) -> None:
    Topic.objects.update(two_people=True)
    window.open(f"{T}/draft/review/")
    typed(window, "#note", "Look at the second story.")
    put_back_and_sent(window, "Ask for approval", "Asked. A publisher")
    assert not kept(window)


def test_the_reason_for_approving_despite_a_check_is_kept(
    window: Window, pivot: Topic, draft: Update
) -> None:
    Update.objects.filter(pk=draft.pk).update(note="See https://")
    window.open(f"{T}/draft/review/")
    typed(window, "#despite", "The link comes tonight.")
    Update.objects.filter(pk=draft.pk).update(note="See https:// and wait")  # seen no more
    window.page.get_by_role("button", name="Approve despite that").click()
    window.page.get_by_role("button", name="Put them back").click()
    assert window.page.input_value("#despite") == "The link comes tonight."


def test_a_partners_words_are_kept_until_they_are_saved(
    window: Window, pivot: Topic, draft: Update
) -> None:
    window.open(f"{T}/draft/")
    window.page.get_by_text("Add one: words that somebody paid for").click()
    typed(window, "#partner-text", "Half a text")
    window.page.reload()
    window.page.get_by_text("Add one: words that somebody paid for").click()
    window.page.get_by_role("button", name="Put them back").click()
    assert window.page.input_value("#partner-text") == "Half a text"
    window.page.fill("#partner-name", "Lantern Works")
    window.page.fill("#partner-url", "https://lantern.example.com/")
    window.page.get_by_role("button", name="Save the partner block").click()
    window.page.get_by_text("The partner block is saved.").wait_for()
    window.page.wait_for_function("!Object.keys(localStorage).some(key => key.startsWith('keep/'))")
