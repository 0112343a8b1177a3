"""A briefing written in a real browser: the preview follows, rows move, nothing is lost."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page

from digest.briefings import Briefing
from digest.models import Topic
from digest.pictures import Picture
from digest.unsaved import UnsavedBriefing
from tests import newsroom
from tests.browser.windows import Window

T = "/desk/medias-ai-pivot"


@pytest.fixture
def lantern(pivot: Topic) -> Briefing:
    """A briefing with every part."""
    return newsroom.whole(pivot)


def shown(page: Page, words: str) -> None:
    """Wait until the preview says this."""
    page.frame_locator("iframe[name=story-preview]:not(.coming)").get_by_text(
        words
    ).first.wait_for()


def names(page: Page) -> list[str]:
    """The sources, as they stand in the form."""
    fields = page.locator("#rows-sources input[name='sources.name']")
    return [field.input_value() for field in fields.all()]


def test_the_preview_and_what_saving_does_follow_the_words(
    window: Window, lantern: Briefing
) -> None:
    window.open(f"{T}/briefings/{lantern.slug}/")
    page = window.page
    page.fill("#summary", "Nine roles are open at the harbour.")
    shown(page, "Nine roles are open at the harbour.")
    page.get_by_text("Changed: Summary.").wait_for()
    assert re.match(r"Kept \d\d:\d\d, not saved yet", page.inner_text("#kept-said"))
    page.get_by_role("link", name="Brief", exact=True).click()
    page.frame_locator("iframe:not(.coming)").get_by_text("Why it matters").wait_for(
        state="detached"
    )
    assert Briefing.objects.get().summary == lantern.summary
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_text("Saved. What it said before is in its history.").wait_for()
    assert not UnsavedBriefing.objects.exists()
    assert not window.seen.errors


def test_a_new_briefing_is_found_again_after_a_reload(window: Window, pivot: Topic) -> None:
    window.open(f"{T}/write/")
    page = window.page
    page.fill("#headline", "A lido opens in Quayside")
    page.wait_for_url("**/write/?unsaved=*")
    shown(page, "A lido opens in Quayside")
    page.reload()
    page.get_by_text("This is your unsaved work of").wait_for()
    assert page.input_value("#headline") == "A lido opens in Quayside"
    assert page.get_by_text("Unsaved words from").count() == 0  # the browser's are the same


def test_a_lost_session_is_told_and_signing_in_elsewhere_goes_on(
    window: Window, lantern: Briefing
) -> None:
    window.open(f"{T}/briefings/{lantern.slug}/")
    page = window.page
    window.client.logout()
    page.fill("#summary", "Typed while signed out.")
    page.get_by_text("Not kept by the server; your browser keeps it").wait_for()
    window.client.force_login(window.user)
    session = window.client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": window.site}])
    page.fill("#key_takeaway", "And on it goes.")
    page.get_by_text("not saved yet").wait_for()
    typed = UnsavedBriefing.objects.get().typed["texts"]
    assert typed["summary"] == "Typed while signed out."
    assert typed["key_takeaway"] == "And on it goes."


def test_rows_are_added_moved_and_removed_by_keyboard(window: Window, lantern: Briefing) -> None:
    window.open(f"{T}/briefings/{lantern.slug}/")
    page = window.page
    assert names(page) == ["Example Wire", "Paper of Record", ""]
    page.get_by_role("button", name="Move down: source 1").press("Enter")
    assert names(page) == ["Paper of Record", "Example Wire", ""]
    assert page.inner_text("#row-said") == "Now 2 of 3."
    page.keyboard.press("Enter")  # the focus has gone along
    assert names(page) == ["Paper of Record", "", "Example Wire"]
    page.get_by_role("button", name="Remove: source 1").press("Enter")
    assert names(page) == ["", "Example Wire"]
    page.get_by_role("button", name="Add a source").press("Enter")
    page.keyboard.type("Quay Post")
    assert names(page) == ["", "Example Wire", "Quay Post"]
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_text("Saved.").wait_for()
    assert [one.name for one in Briefing.objects.get().data.sources] == [
        "Example Wire",
        "Quay Post",
    ]


def test_rows_that_the_browser_kept_are_all_put_back(window: Window, lantern: Briefing) -> None:
    window.open(f"{T}/briefings/{lantern.slug}/")
    page = window.page
    page.route("**/typed/", lambda route: route.abort())  # the server can't be reached
    for name in ("Third", "Fourth"):
        page.get_by_role("button", name="Add a source").click()
        page.keyboard.type(name)
    page.wait_for_function("() => Object.values(localStorage).some(one => one.includes('Fourth'))")
    window.open(f"{T}/briefings/{lantern.slug}/")
    page.get_by_role("button", name="Put them back").click()
    assert names(page) == ["Example Wire", "Paper of Record", "", "Third", "Fourth"]


def test_a_footnote_numbers_itself_and_waits_for_its_text(
    window: Window, lantern: Briefing
) -> None:
    window.open(f"{T}/briefings/{lantern.slug}/")
    page = window.page
    page.evaluate("() => { body = document.getElementById('body'); body.setSelectionRange(8, 8); }")
    page.get_by_role("button", name="Insert a footnote").click()
    page.get_by_text("The note [^3] has no text yet.").wait_for()
    page.keyboard.type("The harbour office.")
    text = page.input_value("#body")
    assert text.startswith("The unit[^3] surfaced")
    assert text.endswith("[^2]: A spokesman, by telephone.\n[^3]: The harbour office.")
    page.get_by_text("The note [^3] has no text yet.").wait_for(state="detached")
    shown(page, "The harbour office.")


def test_a_picture_is_uploaded_in_its_place_and_a_wrong_file_is_told(
    window: Window, lantern: Briefing
) -> None:
    window.open(f"{T}/briefings/{lantern.slug}/")
    page = window.page
    svg = {"name": "a.svg", "mimeType": "image/svg+xml", "buffer": b"<svg onload=alert(1)>"}
    page.set_input_files("#picture-file", svg)  # type: ignore[arg-type]
    page.get_by_text("“a.svg” is no JPEG, PNG or WebP picture").wait_for()
    out = io.BytesIO()
    Image.new("RGB", (600, 300), "sienna").save(out, "PNG")
    png = {"name": "a.png", "mimeType": "image/png", "buffer": out.getvalue()}
    page.set_input_files("#picture-file", png)  # type: ignore[arg-type]
    page.locator(".thumbnail").wait_for()
    assert page.input_value("#image_url").endswith(Picture.objects.get().get_absolute_url())
    page.get_by_text("Changed: Picture.").wait_for()
    assert not window.seen.dialogs
