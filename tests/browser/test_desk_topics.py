"""A topic's pages in a real browser: its settings follow what is typed, and all can use them."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from digest import drafting
from digest.briefings import Briefing
from digest.feeds import Feed
from digest.models import Topic, Update
from tests import newsroom
from tests.browser.windows import Window
from tests.ledgering import mailing
from workers import schedule
from workers.models import Mailing, MailingState
from workers.rules import Rule

T = "/desk/medias-ai-pivot"
PAGES = [
    "/desk/",
    "/desk/new/",
    f"{T}/settings/",
    f"{T}/updates/",
    f"{T}/sources/",
    f"{T}/schedule/",
    f"{T}/1/",
    f"{T}/1/correct/",
]


@pytest.fixture
def sent(pivot: Topic, stories: list[Briefing]) -> Mailing:
    """An update out, with its mailing; a draft, a source, a schedule; and another topic."""
    update = newsroom.update(pivot, 1, newsroom.briefing(pivot, "Sent story"))
    Topic.objects.create(slug="harbour", name="Harbour News")
    Feed.objects.create(topic=pivot, url="https://wire.example.org/feed", failures=3, trouble="It.")
    schedule.set_schedule(pivot, Rule("0 7 * * *", "Europe/London"), auto=False, by="test")
    drafting.draft(pivot)
    Update.objects.filter(stage="draft").update(planned_at=timezone.now())
    return mailing(
        pivot, update=update, state=MailingState.DONE, candidates=9, accepted=7, uncertain=2
    )


@pytest.mark.parametrize(("width", "look"), [(320, "light"), (768, "dark")])
def test_each_page_fits_and_has_no_finding_of_axe(
    window: Window, sent: Mailing, look: str, width: int
) -> None:
    for path in PAGES:
        window.open(path, width, look)
        window.page.wait_for_load_state("networkidle")
        assert window.page.evaluate("document.documentElement.scrollWidth") <= width, path
        found = Axe().run(window.page).response["violations"]
        assert not [(one["id"], one["nodes"][0]["target"]) for one in found], path
    assert not window.seen.errors
    assert not window.seen.elsewhere


def test_the_mail_takes_on_what_is_typed_and_an_accent_nobody_could_read_is_refused(
    window: Window, sent: Mailing
) -> None:
    window.open(f"{T}/settings/")
    page = window.page
    light, dark = (page.frame_locator(f"iframe[title='Preview in {one}']") for one in
                   ("light", "dark"))  # fmt: skip
    page.get_by_label("Name", exact=True).fill("The Pivot, renamed")
    light.get_by_text("The Pivot, renamed").first.wait_for()
    dark.get_by_text("The Pivot, renamed").first.wait_for()
    page.get_by_label("Accent", exact=True).fill("#1d4f8f")
    page.locator("iframe[src*='1d4f8f']").first.wait_for()
    link = light.locator("a").first
    assert link.evaluate("a => document.documentElement.outerHTML.includes('#1d4f8f')")
    page.get_by_label("Accent", exact=True).fill("#ffcc00")
    page.get_by_text("Choose a darker one").wait_for()
    page.get_by_label("Pick the accent").fill("#2e6b3f")
    page.get_by_text(re.compile(r"6\.\d : 1 on white")).wait_for()
    assert page.get_by_label("Accent", exact=True).input_value() == "#2e6b3f"
    page.get_by_role("button", name="Save").first.click()
    page.get_by_text("Saved: name, accent").wait_for()
    assert Topic.objects.get(slug="medias-ai-pivot").accent == "#2e6b3f"
    assert not window.seen.errors


def test_the_password_is_asked_for_only_once_the_sender_changes(
    window: Window, sent: Mailing
) -> None:
    window.open(f"{T}/settings/")
    page = window.page
    password = page.get_by_label("Your password, once more")
    assert not password.is_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("From", exact=True).fill("Pivot <news@example.org>")
    assert password.is_visible()
    password.fill("a secret")
    password.blur()
    page.get_by_role("button", name="Save").first.click()
    page.get_by_text("That isn't your password").wait_for()
    assert any("/settings/look/" in url for url in asked)
    assert not any("secret" in url for url in asked)
    assert page.get_by_label("From", exact=True).input_value() == "Pivot <news@example.org>"


def test_another_topic_is_reached_by_keys_at_the_same_page(window: Window, sent: Mailing) -> None:
    window.open(f"{T}/updates/")
    page = window.page
    page.keyboard.press("o")
    page.get_by_role("link", name="Harbour News").wait_for()
    page.keyboard.press("Escape")
    assert not page.get_by_role("link", name="Harbour News").is_visible()
    page.keyboard.press("o")
    page.get_by_role("link", name="Harbour News").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/harbour/updates/")
    page.get_by_text("No updates yet").wait_for()
    assert not window.seen.errors


def test_a_schedule_is_made_of_days_and_a_time(window: Window, pivot: Topic) -> None:
    window.open(f"{T}/schedule/")
    page = window.page
    rule = page.get_by_role("textbox", name="Rule")
    assert page.get_by_role("checkbox", name="Fri").is_checked()
    for day in ("Tue", "Thu"):
        page.get_by_text(day, exact=True).click()
    page.get_by_label("At", exact=True).fill("18:30")
    assert rule.input_value() == "30 18 * * 1,3,5"
    page.get_by_text(re.compile("At 18:30 on Monday, Wednesday")).wait_for()
    rule.fill("0 9 1 * *")
    assert not page.get_by_role("checkbox", name="Fri").is_checked()
    assert not window.seen.errors


def test_a_fresh_desk_leads_to_a_first_topic(window: Window) -> None:
    window.open("/desk/")
    page = window.page
    page.get_by_role("link", name="Make a topic").click()
    page.get_by_label("Name", exact=True).fill("Harbour News")
    page.get_by_role("button", name="Make the topic").click()
    page.wait_for_url("**/desk/harbour-news/settings/")
    page.frame_locator("iframe[title='Preview in light']").get_by_text("The pier").first.wait_for()
    assert not window.seen.errors
