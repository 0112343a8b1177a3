"""Two people at one draft, each in a browser of their own: seen, told, asked, approved, undone."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import APIResponse, Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from digest.models import Stage, Topic, Update
from tests.browser.windows import Window

T = "/desk/medias-ai-pivot"
SOON = 15_000
"""Milliseconds: a page asks every eight seconds."""


@pytest.fixture
def two(
    in_one_thread: None,
    live_server: LiveServer,
    chromium: Browser,
    edda: User,
    pia: User,
    draft: Update,
) -> Iterator[tuple[Page, Page]]:
    """Edda's window and Pia's, each on its own way in."""
    contexts = []
    for person in (edda, pia):
        client = Client()
        client.force_login(person)
        context = chromium.new_context(base_url=live_server.url)
        context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value,
              "url": live_server.url}]
        )  # fmt: skip
        contexts.append(context)
    edda_s, pia_s = (context.new_page() for context in contexts)
    yield edda_s, pia_s
    for context in contexts:
        context.close()


def asks(page: Page) -> None:
    """The page asks who is here, as it does every eight seconds."""
    with page.expect_response("**/draft/presence/"):
        page.evaluate("htmx.trigger('#presence', 'look')")


def pia_has_changed_the_subject(pia: Page) -> None:
    pia.goto(f"{T}/draft/")
    with pia.expect_response("**/draft/words/"):
        pia.locator("#subject").fill("Ferries stop on Monday")


def asked_by_the_page(route: Route) -> None:
    """Lost: what changes then, the page changes by itself."""
    route.abort() if "hx-request" in route.request.headers else route.fallback()


def now(draft: Update) -> Update:
    return Update.objects.get(pk=draft.pk)


def test_two_see_each_other_and_take_in_changes_while_they_type(
    two: tuple[Page, Page], draft: Update
) -> None:
    edda, pia = two
    edda.goto(f"{T}/draft/")
    pia.goto(f"{T}/draft/")
    expect(pia.locator("#presence")).to_contain_text("Edda is here too")
    edda.locator("#subject").focus()
    expect(pia.locator("#presence")).to_contain_text("editing the subject", timeout=SOON)
    pia.route("**/draft/words/", lambda route: route.abort())  # its answer brought all the rest
    pia.locator("#note").fill("Half a sentence that I am")
    pia.locator("#grip-first-story").focus()
    edda.locator("#up-third-story").click()
    expect(edda.locator("#items > .item").nth(1)).to_have_attribute("data-slug", "third-story")
    asks(pia)
    expect(pia.locator("#presence")).to_contain_text("Edda moved “Third story”")
    expect(pia.locator("#items > .item").nth(1)).to_have_attribute("data-slug", "third-story")
    expect(pia.locator("#note")).to_have_value("Half a sentence that I am")


def test_two_at_one_text_are_shown_both_and_the_second_chooses(
    two: tuple[Page, Page], draft: Update
) -> None:
    edda, pia = two
    edda.goto(f"{T}/draft/")
    pia_has_changed_the_subject(pia)
    with edda.expect_response("**/draft/words/"):
        edda.locator("#subject").fill("Ferries stop on Tuesday")
    expect(edda.locator("#conflicts")).to_contain_text("Pia has changed the subject too")
    expect(edda.locator("#conflicts")).to_contain_text("Ferries stop on Monday")
    assert now(draft).subject == "Ferries stop on Monday"
    edda.get_by_role("button", name="Use yours").click()
    expect(edda.locator("#conflicts section")).to_have_count(0)
    expect(edda.locator("#subject")).to_have_value("Ferries stop on Tuesday")
    assert now(draft).subject == "Ferries stop on Tuesday"


def test_what_was_asked_for_before_a_conflict_does_not_hide_it(
    two: tuple[Page, Page], draft: Update
) -> None:
    edda, pia = two
    edda.goto(f"{T}/draft/")
    pia_has_changed_the_subject(pia)
    held: list[tuple[Route, APIResponse]] = []
    edda.route("**/draft/", lambda route: held.append((route, route.fetch())), times=1)
    with edda.expect_request("**/draft/"):
        asks(edda)  # and takes in what Pia has changed, while Edda types
    edda.locator("#subject").fill("Ferries stop on Tuesday")
    expect(edda.locator("#conflicts")).to_contain_text("Ferries stop on Monday")
    with edda.expect_request("**/draft/"):  # asked for anew
        route, answer = held.pop()
        route.fulfill(response=answer)
    edda.get_by_role("button", name="Use yours").click()
    expect(edda.locator("#subject")).to_have_value("Ferries stop on Tuesday")
    expect(edda.locator("#conflicts section")).to_have_count(0)
    assert now(draft).subject == "Ferries stop on Tuesday"


def test_one_asks_another_approves_and_an_edit_voids(two: tuple[Page, Page], draft: Update) -> None:
    Topic.objects.update(two_people=True)
    edda, pia = two
    edda.goto(f"{T}/draft/review/")
    edda.get_by_label("A word to whoever approves").fill("The ferry story is checked.")
    edda.get_by_role("button", name="Ask for approval").click()
    expect(edda.locator("#asked")).to_contain_text("You asked for its approval")
    pia.goto(f"{T}/draft/review/")
    expect(pia.locator("#asked")).to_contain_text("The ferry story is checked.")
    expect(pia.locator("#reach")).to_contain_text("in all")
    edda.goto(f"{T}/draft/")
    with edda.expect_response("**/draft/words/"):
        edda.locator("#subject").fill("Another subject")
    pia.get_by_role("button", name="Approve Update #1").click()
    expect(pia.locator(".notices")).to_contain_text("Nobody has asked for it yet")
    assert now(draft).stage == Stage.DRAFT
    edda.goto(f"{T}/draft/review/")
    edda.get_by_role("button", name="Ask for approval").click()
    pia.goto(f"{T}/draft/review/")
    pia.get_by_role("button", name="Approve Update #1").click()
    expect(pia.locator("#standing")).to_contain_text("Goes out")
    assert now(draft).stage == Stage.APPROVED


def test_an_approval_is_undone_in_its_time_and_who_looks_on_is_told(
    two: tuple[Page, Page], draft: Update
) -> None:
    edda, pia = two
    edda.goto(f"{T}/draft/")
    pia.goto(f"{T}/draft/review/")
    pia.get_by_role("button", name="Approve Update #1").click()
    counted = pia.locator("[data-until]")
    expect(counted).to_contain_text("in ")
    expect(pia.locator(".mailing-of")).to_contain_text("No mailing yet")
    pia.route(f"**{T}/1/", asked_by_the_page)
    first = counted.inner_text()
    expect(counted).not_to_have_text(first)
    asks(edda)
    expect(edda.locator("#presence")).to_contain_text("Pia approved it")
    with edda.expect_response("**/draft/came-in/"):
        edda.evaluate("htmx.trigger('#came-in', 'look')")
    expect(edda.locator(".notices")).not_to_contain_text("not done")
    edda.goto(f"{T}/1/")
    pia.get_by_role("button", name="Undo").click()
    expect(pia.locator(".notices")).to_contain_text("Taken back: nothing was sent")
    edda.wait_for_url("**/draft/", timeout=SOON)
    expect(edda.locator("#voided")).to_contain_text("Pia took the approval back")
    assert now(draft).stage == Stage.DRAFT


@pytest.mark.parametrize(
    ("width", "look"), [(1280, "light"), (768, "dark"), (375, "light"), (375, "dark")]
)
def test_the_pages_of_an_approval_are_for_anybody(
    window: Window, draft: Update, look: str, width: int
) -> None:
    for place in ("draft/review/", "draft/history/"):
        window.open(f"{T}/{place}", width, look)
        wide = window.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{place} is {wide} pixels wider than the window"
        found = Axe().run(window.page, options={"iframes": False}).response["violations"]
        assert not [(one["id"], one["nodes"][0]["target"]) for one in found], place
    assert not window.seen.errors
    assert not window.seen.elsewhere
