"""The preview in a real browser: each way can be seen, nothing in it acts, nothing leaves."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Frame

from digest import approval, drafting, partnering
from digest.briefings import Briefing
from digest.depths import Depths
from digest.desk.look import Way
from digest.models import Stage, Topic, Update
from digest.partnering import Partner
from subscribers.models import Subscriber
from tests import newsroom
from tests.browser.test_pages import SHORT_LIST, nasty
from tests.browser.windows import Window

T = "/desk/medias-ai-pivot"
WAYS = [way.key for way in Way]


@pytest.fixture
def draft(pivot: Topic, stories: list[Briefing]) -> Update:
    """One update sent, and the next one as a draft with a partner block."""
    first = approval.approve(drafting.draft(pivot), by="pia@example.org", despite="a test")
    Update.objects.filter(pk=first.pk).update(stage=Stage.SENT)
    newsroom.whole(pivot, published_at=timezone.now())
    made = drafting.draft(pivot)
    said = Partner("Partner", "Harbour Films", "We rent.", "https://films.example.org/")
    partnering.set_partner(made, said, "edda@example.org")
    return made


def inside(window: Window, at: int = 0) -> Frame:
    """What the frame shows, once it is there."""
    frames = window.page.locator("iframe[data-preview]")
    frames.nth(at).wait_for()
    handle = frames.nth(at).element_handle()
    shown = handle.content_frame() if handle else None
    assert shown is not None
    shown.wait_for_load_state()
    shown.wait_for_selector("text=Lantern", state="attached")
    return shown


def ground(frame: Frame) -> str:
    """The colour behind the mail's stories, as the browser has it."""
    return str(
        frame.locator(".card").first.evaluate("card => getComputedStyle(card).backgroundColor")
    )


@pytest.mark.parametrize(("width", "look"), [(1280, "light"), (375, "dark")])
def test_each_way_is_shown_and_anybody_can_use_it(
    window: Window, draft: Update, look: str, width: int
) -> None:
    for way in Way:
        window.open(f"{T}/draft/?show={way.key}", width, look)
        frame = inside(window)
        assert "Lantern Studio" in frame.locator("body").inner_text()
        assert window.page.locator(".tabs [aria-current]").first.inner_text() == way.label
        assert way.words in window.page.locator(".looking").inner_text()
        wide = window.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{way.key} is {wide} pixels wider than the window"
        found = Axe().run(window.page, options={"iframes": False}).response["violations"]
        about = [one for one in found if ".beside" in str(one["nodes"]) or "looking" in str(one)]
        assert not [(one["id"], one["nodes"][0]["target"]) for one in about], way.key
    assert not window.seen.errors
    assert not window.seen.elsewhere


def test_the_frame_has_a_device_s_width_and_its_masthead_wraps(
    window: Window, draft: Update
) -> None:
    for way, width in (("phone", 375), ("dark", 375), ("desktop", 680)):
        window.open(f"{T}/draft/?show={way}", 1280)
        frame = inside(window)
        assert abs(frame.evaluate("innerWidth") - width) <= 2
        assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    window.open(f"{T}/draft/?show=phone", 1280)
    name, facts = inside(window).locator(".masthead td").all()
    one, other = name.bounding_box(), facts.bounding_box()
    assert one
    assert other
    assert other["y"] >= one["y"] + one["height"], "one stands below the other"


def test_the_dark_look_is_dark_and_the_light_one_light_whatever_the_editor_s_own(
    window: Window, draft: Update
) -> None:
    for system in ("light", "dark"):
        window.open(f"{T}/draft/?show=phone", 1280, system)
        assert ground(inside(window)) == "rgb(255, 255, 255)"
        window.open(f"{T}/draft/?show=dark", 1280, system)
        assert ground(inside(window)) == "rgb(30, 28, 25)"


def test_a_variant_and_a_reader_are_chosen_on_the_page(
    window: Window, draft: Update, ann: Subscriber
) -> None:
    window.open(f"{T}/draft/", 1280)
    page = window.page
    inside(window)
    page.get_by_role("link", name="All short").click()
    page.locator("iframe[src*='variant=short']").wait_for()
    page.get_by_text("Nobody gets it so now").wait_for()
    page.get_by_role("link", name="As a reader…").click()
    page.fill("#q", "ann@")
    page.get_by_role("button", name="ann@example.org").click()
    page.get_by_text("In no segment").wait_for()
    assert "Sent to ann@example.org" in inside(window).locator("body").inner_text()
    page.get_by_role("link", name="Not as this reader").click()
    page.locator(f"iframe[src^='{T}/draft/preview/']").wait_for()
    assert not window.seen.errors


@pytest.mark.parametrize("width", [1440, 768, 375])
def test_the_last_update_stands_beside_the_next_or_above_it(
    window: Window, draft: Update, width: int
) -> None:
    window.open(f"{T}/draft/compare/?show=phone", width)
    frames = window.page.locator("iframe[data-preview]")
    last, now = frames.nth(0).bounding_box(), frames.nth(1).bounding_box()
    assert last
    assert now
    assert "Update #1" in window.page.locator("#last-title").inner_text()
    assert (now["x"] > last["x"]) == (width > 700)
    assert (now["y"] > last["y"]) == (width < 700)
    found = Axe().run(window.page, options={"iframes": False}).response["violations"]
    assert not [(one["id"], one["nodes"][0]["target"]) for one in found]


@pytest.mark.parametrize("variant", Depths.values)
def test_the_source_can_be_copied_and_taken_along(
    window: Window, draft: Update, variant: str
) -> None:
    window.open(f"{T}/draft/source/?variant={variant}", 375)
    page = window.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as .eml").click()
    assert download.value.suggested_filename == "medias-ai-pivot-draft.eml"
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Copy").click()
    page.locator("[data-copied]:not(:empty)").wait_for()
    assert not window.seen.errors


@pytest.mark.parametrize("way", WAYS)
def test_no_content_acts_in_any_way_of_looking(window: Window, draft: Update, way: str) -> None:
    hostile = " ".join(SHORT_LIST)
    Topic.objects.update(pictures=True, description=hostile)
    known = "\n\n".join(nasty()[:500])
    Briefing.objects.update(summary=hostile, key_takeaway=hostile, body=known, tag=hostile[:400])
    Update.objects.filter(pk=draft.pk).update(title=hostile[:480], note=hostile)
    said = Partner("Partner", hostile[:180], hostile[:1900], "https://films.example.org/")
    partnering.set_partner(draft, said, "edda@example.org")
    window.open(f"{T}/draft/?show={way}", 1280)
    inside(window)
    window.open(f"{T}/draft/compare/?show={way}", 1280)
    inside(window, 1)
    window.open(f"{T}/draft/preview/?show={way}", 1280)  # in a tab of its own, without a frame
    window.page.wait_for_load_state()
    assert not window.seen.dialogs
    assert not window.seen.elsewhere
    assert not window.seen.errors


def test_loading_and_failing_are_told_in_words(window: Window, draft: Update) -> None:
    window.open(f"{T}/draft/", 1280)
    inside(window)
    words = window.page.locator(".frame-words")
    window.page.wait_for_function("document.querySelector('.frame-words').textContent === ''")
    window.page.route("**/preview/**", lambda route: route.abort())
    window.page.reload()
    words.filter(has_text="The preview can’t be shown: the server can’t be reached").wait_for()
    assert window.page.locator("iframe[data-preview]").is_hidden()
    window.page.unroute("**/preview/**")
    window.page.context.clear_cookies()
    window.page.evaluate("document.querySelector('iframe[data-preview]').src += '&again'")
    words.filter(has_text="you are signed out").wait_for()


def test_the_rows_of_inboxes_change_while_one_types(window: Window, draft: Update) -> None:
    window.open(f"{T}/draft/", 1280)
    page = window.page
    page.locator("#subject").press("End")
    page.locator("#subject").press_sequentially(" and then some more, until a phone cuts it")
    page.locator(".mails.is-phone.is-light .subject", has_text="…").wait_for()
    page.get_by_text("In the dark, and on a desktop").click()
    page.locator(".mails.is-wide.is-dark .subject", has_text="until a phone cuts it").wait_for()
    page.locator(".measures .warn", has_text="of about 41 a phone shows").wait_for()
    page.locator("#subject").press("End")
    page.locator("#subject").press_sequentially(" off")
    page.locator(".mails.is-wide.is-dark .subject", has_text="a phone cuts it off").wait_for()
    assert page.input_value("#subject").endswith("until a phone cuts it off")
    assert not window.seen.errors


@pytest.mark.parametrize(("width", "look"), [(1280, "light"), (375, "dark")])
def test_anybody_can_use_the_forms_beside_it(
    window: Window, draft: Update, look: str, width: int
) -> None:
    Topic.objects.update(testers=["cara@example.org"])
    window.open(f"{T}/draft/", width, look)
    inside(window)
    for opened in window.page.locator("#partner summary").all():
        opened.click()
    window.page.get_by_role("button", name="Test to me").click()
    window.page.locator("#tests-told .pill").wait_for()
    found = Axe().run(window.page, options={"iframes": False}).response["violations"]
    assert not [(one["id"], one["nodes"][0]["target"]) for one in found]
    assert window.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not window.seen.errors
