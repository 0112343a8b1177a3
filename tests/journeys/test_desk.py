"""From a draft to its sheet, at the desk, by two people in two browsers: real processes."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from digest.desk.look import Way
from tests.browser.conftest import chromium
from tests.faults.installation import TOPIC, audited, drafted
from tests.journeys.system import DIGEST, System, until

__all__ = ["chromium"]  # a fixture

DRAFT = f"/desk/{TOPIC}/draft/"
WAYS = [way.label for way in Way]
READERS = 12


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """An installation as ``digest up`` makes one, with a draft of a week's news."""
    made = System(tmp_path / "var", POSTAL_ADDRESS="Harbour Press, 1 Quay Street, Harbour")
    with made.process(str(DIGEST), "up", "--port", "0", "--workers", "1"):
        until(lambda: "Digest is at" in made.log(), 60, what=made.log)
        yield drafted(made, READERS)


@contextmanager
def person(system: System, browser: Browser, address: str, role: str) -> Iterator[Page]:
    """A member of staff at a browser, in for the first time."""
    link = system.run("user", "add", address, "--role", role).split()[-1]
    context = browser.new_context(base_url=base(system), viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(link)
    for field in ("password", "again"):
        page.fill(f"#{field}", f"{role} lanterns over the quay")
    page.get_by_role("button", name="Set it and go in").click()
    yield page
    context.close()


def base(system: System) -> str:
    return (system.data_dir / "base-url").read_text().strip()


def order(page: Page) -> list[str]:
    """The items of the draft as they stand, by slug."""
    slugs: list[str] = page.locator("li.item").evaluate_all("all => all.map(o => o.dataset.slug)")
    return slugs


def arranges_by_mouse(page: Page) -> None:
    """Drags the second item by its handle above the first."""
    before = order(page)
    upper = page.locator(f"#item-{before[0]}")
    upper.scroll_into_view_if_needed()
    page.locator(f"#grip-{before[1]}").hover()
    page.mouse.down()
    there = upper.bounding_box()
    assert there
    page.mouse.move(there["x"] + 30, there["y"] + 30, steps=12)
    page.mouse.move(there["x"] + 30, there["y"] + 4, steps=4)
    with answered(page):
        page.mouse.up()
    kept(page, [before[1], before[0], *before[2:]])


def arranges_by_keys(page: Page) -> None:
    """Picks the first item up by its handle, moves it down one place and puts it down."""
    before = order(page)
    page.locator(f"#grip-{before[0]}").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    with answered(page):
        page.keyboard.press("Space")
    kept(page, [before[1], before[0], *before[2:]])


def answered(page: Page) -> AbstractContextManager[object]:
    """What is done in it is at the server, and answered, when it is left."""
    return page.expect_response(lambda answer: answer.request.method == "POST")


def kept(page: Page, wanted: list[str]) -> None:
    """The order is on the page, and still there when it is loaded again."""
    assert order(page) == wanted
    page.reload()
    assert order(page) == wanted


def looks_every_way(page: Page) -> None:
    for way in WAYS:
        page.locator("#beside").get_by_role("link", name=way, exact=True).click()
        frame = page.frame_locator("iframe[data-preview]:not(.coming)")
        expect(frame.locator("body")).to_contain_text("Media's AI Pivot")
    page.locator("#beside").get_by_role("link", name="Source").click()
    expect(page.get_by_role("region", name="Headers")).to_contain_text("List-Unsubscribe-Post")
    page.goto(DRAFT)


def mends(page: Page) -> None:
    """Leaves a link unfinished in the note, and is led to it."""
    page.fill("#note", "Read on at https://")
    blocked = page.locator("#checks li.bad")
    expect(blocked).to_contain_text("unfinished")
    expect(page.locator("#draft-actions")).to_contain_text("1 to mend first")
    blocked.get_by_role("link").click()
    expect(page.locator("#note")).to_be_focused()
    page.fill("#note", "Read on in the archive.")
    expect(blocked).to_have_count(0)


def tries_it_out(page: Page) -> None:
    """Sends a test to herself, and finds it in the built-in mailbox."""
    page.get_by_role("button", name="Test to me").click()
    expect(page.locator("#test")).to_contain_text("In the inbox of 1 of 1", timeout=30_000)
    page.goto("/mailbox/")
    expect(page.locator("main")).to_contain_text("[Test #1]")


def asks(page: Page) -> None:
    page.goto(f"{DRAFT}review/")
    page.get_by_role("button", name="Ask for approval").click()
    expect(page.locator("#asked")).to_contain_text("You asked for its approval")


def approves(page: Page) -> None:
    page.goto(f"{DRAFT}review/")
    expect(page.locator("#reach")).to_contain_text(str(READERS))
    page.get_by_role("button", name="Approve Update #1").click()
    expect(page.locator("#standing")).to_contain_text("Goes out")


def changes_its_mind(page: Page) -> None:
    """Rewords what is approved, and so voids the approval."""
    page.goto(f"/desk/{TOPIC}/1/")
    page.get_by_text("Change its words…").click()
    page.get_by_label("Subject").fill("Who pays for an answer")
    page.get_by_role("button", name="Change it and void the approval").click()
    expect(page).to_have_url(re.compile("/draft/"))


def test_an_update_goes_from_draft_to_sheet_by_two_people(
    system: System, chromium: Browser
) -> None:
    system.run("topic", "set", TOPIC, "--two-people", "--undo-seconds", "120")
    with (
        person(system, chromium, "edda@example.org", "editor") as edda,
        person(system, chromium, "pia@example.org", "publisher") as pia,
    ):
        edda.goto(DRAFT)
        arranges_by_mouse(edda)
        arranges_by_keys(edda)
        looks_every_way(edda)
        mends(edda)
        tries_it_out(edda)

        asks(edda)
        approves(pia)
        changes_its_mind(edda)
        pia.reload()
        expect(pia).to_have_url(re.compile("/draft/"))
        assert audited(system) == {}, "nothing was sent"

        system.run("topic", "set", TOPIC, "--undo-seconds", "1")
        asks(edda)
        approves(pia)
        expect(pia.locator(".mailing-of")).to_contain_text("balances", timeout=60_000)
        expect(pia.locator(".mailing-of")).to_contain_text(f"{READERS} accepted")
    sheet = audited(system)
    assert (sheet["accepted"], sheet["candidates"]) == (READERS, READERS)
