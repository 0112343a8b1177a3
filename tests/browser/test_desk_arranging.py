"""The draft arranged in a real browser: by mouse, by touch, by keys and without a script."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from digest import arranging
from digest.briefings import Briefing
from digest.models import Topic, Update
from tests.browser.windows import Window

DRAFT = "/desk/medias-ai-pivot/draft/"


def order(draft: Update) -> list[str]:
    return [item.briefing.slug for item in draft.items.select_related("briefing")]


def shown(page: Page) -> list[str]:
    said: list[str] = page.eval_on_selector_all(
        "#items > .item", "items => items.map(one => one.dataset.slug)"
    )
    return said


def middle(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_an_item_is_dragged_by_its_handle(window: Window, draft: Update) -> None:
    window.open(DRAFT)
    page = window.page
    page.locator("#items-title").scroll_into_view_if_needed()
    page.locator("#item-third-story").scroll_into_view_if_needed()
    _, top = middle(page, "#item-first-story .item-head")
    x, y = middle(page, "#grip-third-story")
    with page.expect_response("**/items/third-story/"):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y - 30, steps=4)
        page.mouse.move(x, top - 8, steps=12)
        page.mouse.up()
    page.get_by_text("Moved “Third story”.").wait_for()
    assert shown(page) == order(draft) == ["third-story", "first-story", "second-story"]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#items > .item").first).to_have_id("item-first-story")
    assert order(draft) == ["first-story", "second-story", "third-story"]
    assert not window.seen.errors


@pytest.mark.parametrize("window", [{"has_touch": True}], ids=["touch"], indirect=True)
def test_an_item_is_dragged_by_a_finger(window: Window, draft: Update) -> None:
    window.open(DRAFT, 768)
    page = window.page
    page.locator("#item-third-story").scroll_into_view_if_needed()
    _, top = middle(page, "#item-first-story .item-head")
    x, y = middle(page, "#grip-third-story")
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, *points: float) -> None:
        at = [{"x": x, "y": point} for point in points]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    with page.expect_response("**/items/third-story/"):
        touch("touchStart", y)
        steps = 14
        for step in range(1, steps + 1):
            touch("touchMove", y + (top - 8 - y) * step / steps)
        touch("touchEnd")
    page.get_by_text("Moved “Third story”.").wait_for()
    assert order(draft) == ["third-story", "first-story", "second-story"]


def test_an_item_is_moved_by_keys_which_say_where_it_is(window: Window, draft: Update) -> None:
    window.open(DRAFT)
    page = window.page
    spoken = page.locator("#spoken")
    page.focus("#grip-third-story")
    page.keyboard.press("Space")
    expect(spoken).to_contain_text("Picked up. Third story: place 3 of 3.")
    page.keyboard.press("ArrowUp")
    expect(spoken).to_have_text("Third story: place 2 of 3")
    page.keyboard.press("Escape")
    expect(spoken).to_contain_text("Put back. Third story: place 3 of 3.")
    assert shown(page) == order(draft) == ["first-story", "second-story", "third-story"]
    page.keyboard.press("Space")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    with page.expect_response("**/items/third-story/"):
        page.keyboard.press("Space")
    page.get_by_text("Moved “Third story”.").wait_for()
    assert order(draft) == ["third-story", "first-story", "second-story"]
    expect(page.locator("#grip-third-story")).to_be_focused()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#items > .item").nth(1)).to_have_id("item-third-story")
    expect(page.locator("#grip-third-story")).to_be_focused()


def test_an_item_is_moved_under_another_heading_by_keys(window: Window, draft: Update) -> None:
    window.open(DRAFT)
    page = window.page
    page.locator("#under-third-story > summary").click()
    page.locator("#under-third-story input[name=section]").fill("Harbours")
    page.locator("#under-third-story button").click()
    page.get_by_role("heading", name="Harbours").wait_for()
    page.focus("#grip-second-story")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#spoken")).to_contain_text("under Harbours")
    page.keyboard.press("Space")
    page.get_by_text("Moved “Second story”.").wait_for()
    sections = dict(draft.items.values_list("briefing__slug", "section"))
    assert sections == {"first-story": "", "second-story": "Harbours", "third-story": "Harbours"}


@pytest.mark.parametrize("window", [{"java_script_enabled": False}], ids=["plain"], indirect=True)
def test_without_a_script_each_act_is_a_form(window: Window, draft: Update) -> None:
    window.open(DRAFT)
    page = window.page
    assert not page.locator("#grip-third-story").is_visible()
    page.click("#up-third-story")
    assert order(draft) == ["first-story", "third-story", "second-story"]
    page.click("#drop-third-story")
    page.get_by_role("button", name="Undo").click()
    assert order(draft) == ["first-story", "third-story", "second-story"]
    page.fill("#subject", "Said by hand")
    page.get_by_role("button", name="Save the words").click()
    draft.refresh_from_db()
    assert draft.subject == "Said by hand"


def test_what_is_typed_is_in_the_preview_while_caret_and_scroll_stay(
    window: Window, draft: Update
) -> None:
    Briefing.objects.update(body="A long body of a story about harbours.\n\n" * 60)
    window.open(DRAFT)
    page = window.page
    frame = page.frame_locator("#live-preview")
    frame.get_by_text("Third story").last.scroll_into_view_if_needed()
    page.click("#note")
    page.keyboard.type("A note")
    frame.get_by_text("A note", exact=True).wait_for(state="attached")
    page.keyboard.press("Home")
    page.keyboard.type("Wanted: ")
    frame.get_by_text("Wanted: A note", exact=True).wait_for(state="attached")
    assert page.input_value("#note") == "Wanted: A note"
    assert page.evaluate("document.activeElement.selectionStart") == len("Wanted: ")
    expect(page.locator("#live-preview")).to_have_count(1)
    inside = page.locator("#live-preview").element_handle().content_frame()
    assert inside
    assert inside.evaluate("scrollY") > 500
    draft.refresh_from_db()
    assert draft.note == "Wanted: A note"


def test_single_keys_act_on_the_item_in_focus_but_never_while_typing(
    window: Window, draft: Update
) -> None:
    window.open(DRAFT)
    page = window.page
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#grip-second-story")).to_be_focused()
    page.keyboard.press("3")
    expect(page.locator("#brief-second-story")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("x")
    page.get_by_text("Left out “Second story”.").wait_for()
    page.keyboard.press("u")
    page.locator("#item-second-story").wait_for()
    page.click("#subject")
    page.keyboard.press("End")
    page.keyboard.type("x?")
    assert page.input_value("#subject").endswith("x?")
    assert len(order(draft)) == 3
    assert not page.locator("#shortcuts").is_visible()
    page.locator("#subject").blur()
    page.keyboard.press("?")
    page.locator("#shortcuts").wait_for()
    assert Axe().run(page).response["violations"] == []
    page.locator("#shortcuts-on").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.className") != "grip scripted"
    assert not window.seen.errors


def test_what_is_not_in_is_found_while_one_types(
    window: Window, pivot: Topic, draft: Update
) -> None:
    for slug in ("second-story", "third-story"):
        arranging.drop(draft, slug, "edda@example.org")
    window.open(DRAFT)
    page = window.page
    page.keyboard.press("/")
    expect(page.locator("#out-q")).to_be_focused()
    page.keyboard.type("THIRD")
    expect(page.locator("#out-count")).to_have_text("1 with “THIRD”")
    assert page.locator(".left-out li:visible").count() == 1
    page.get_by_role("button", name="Include: Third story").click()
    page.locator("#item-third-story").wait_for()
    assert order(draft) == ["first-story", "third-story"]


def test_a_finding_leads_to_its_field(window: Window, draft: Update) -> None:
    arranging.reword(draft, "edda@example.org", subject="READ THIS NOW PLEASE")
    window.open(DRAFT)
    window.page.get_by_role("link", name="Go to the subject").first.click()
    expect(window.page.locator("#subject")).to_be_focused()
