"""A new publisher's first hour, by clicking alone: from an empty desk to a mail in an inbox."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import chromium
from tests.journeys.system import DIGEST, System, until
from tests.journeys.test_desk import person

__all__ = ["chromium"]  # a fixture

NAME, STORY = "The Harbour Rebuilt", "The last crane comes down on Monday"


def step(page: Page, name: str) -> Locator:
    return page.locator(f"#step-{name}")


def goes(page: Page, name: str, link: str, title: str) -> None:
    """From the steps to where one is done, whose page leads back."""
    expect(step(page, name)).to_contain_text("next")
    step(page, name).get_by_role("link", name=link).click()
    expect(page.locator(".first-strip")).to_contain_text(f"next: {title}")


def comes_back(page: Page, name: str, told: str, state: str = "done") -> None:
    """Back to the steps by the line above the page, until one stands like this."""
    page.locator(".first-strip").get_by_role("link").click()
    expect(page.locator("h1")).to_have_text("First steps")

    def stands() -> bool:
        words = step(page, name).inner_text()
        if told in words and state in words:
            return True
        page.reload()
        return False

    until(stands, 30, what=lambda: page.locator("main").inner_text())


def is_usable(page: Page) -> None:
    """On a phone and for everybody, with steps in every state."""
    page.set_viewport_size({"width": 320, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    found = Axe().run(page).response["violations"]
    assert not [(one["id"], one["nodes"][0]["target"]) for one in found]
    page.set_viewport_size({"width": 1280, "height": 900})


def makes_a_topic(page: Page) -> None:
    goes(page, "topic", "Make a topic", "A topic")
    page.get_by_label("Name", exact=True).fill(NAME)
    page.get_by_role("button", name="Make the topic").click()
    page.wait_for_url("**/settings/")
    comes_back(page, "topic", f"“{NAME}”")


def gives_it_a_look(page: Page) -> None:
    goes(page, "look", "Give it its look", "Its look")
    page.get_by_label("Accent", exact=True).fill("#1d4f8f")
    page.get_by_label("Seconds in which an approval can be undone").fill("0")
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator(".notices")).to_contain_text("accent")
    comes_back(page, "look", "Has the colour #1d4f8f")


def writes(page: Page) -> None:
    goes(page, "briefing", "Write a briefing", "The first briefing")
    page.locator("#headline").fill(STORY)
    page.locator("#summary").fill("The harbour company takes it apart, a month early.")
    page.get_by_role("button", name="Save").last.click()
    page.wait_for_url("**/briefings/**")
    comes_back(page, "briefing", "1 briefing")


def assembles(page: Page) -> None:
    goes(page, "draft", "Assemble it", "The draft")
    page.get_by_role("button", name="Assemble a draft").click()
    expect(page.locator("li.item")).to_have_count(1)
    comes_back(page, "draft", "1 item")


def signs_up(page: Page) -> None:
    """By the readers' own page, which leads nowhere but to their inbox; so does the step then."""
    step(page, "readers").get_by_role("link", name="Sign up yourself").click()
    page.locator("#address").fill("pia@example.org")
    page.get_by_role("button", name="Subscribe").click()
    page.goto("/desk/first-steps/")
    until(lambda: was_asked(page), 30, what=page.locator("main").inner_text)
    step(page, "readers").get_by_role("link", name="Open the mailbox").click()
    until(lambda: has_come(page), 30, what=page.locator("main").inner_text)
    page.locator(".lines a").first.click()
    mail = page.frame_locator("iframe")
    page.goto(str(mail.locator("a[href*='/confirm/']").first.get_attribute("href")))
    page.get_by_role("button", name="Yes, subscribe me").click()
    page.goto("/people/")
    comes_back(page, "readers", "1 reader")


def has_come(page: Page) -> bool:
    page.reload()
    return "to pia@example.org" in page.locator("main").inner_text()


def was_asked(page: Page) -> bool:
    page.reload()
    return "Asked by mail" in step(page, "readers").inner_text()


def tries_it_out(page: Page) -> None:
    goes(page, "test", "Send a test", "A test mail to yourself")
    page.get_by_role("button", name="Test to me").click()
    expect(page.locator("#test")).to_contain_text("In the inbox of 1 of 1", timeout=30_000)
    comes_back(page, "test", "To pia@example.org")


def sets_a_schedule(page: Page) -> None:
    goes(page, "schedule", "Set a schedule", "A schedule")
    # Once a year: no slot comes due while the test walks on.
    page.get_by_role("textbox", name="Rule").fill("0 7 1 1 *")
    page.get_by_role("button", name="Set the schedule").click()
    comes_back(page, "schedule", "At 07:00")


def approves(page: Page) -> None:
    goes(page, "mailing", "Look at it and approve", "The first mailing")
    page.get_by_label("Now", exact=False).check()
    page.get_by_role("button", name="Approve Update #1").click()
    expect(page.locator(".mailing-of")).to_contain_text("1 accepted", timeout=60_000)


def test_a_first_hour_is_walked_by_clicking_from_an_empty_desk_to_a_mail_in_an_inbox(
    tmp_path: Path, chromium: Browser
) -> None:
    system = System(tmp_path / "var")
    with system.process(str(DIGEST), "up", "--port", "0", "--workers", "1"):
        until(lambda: "Digest is at" in system.log(), 60, what=system.log)
        with person(system, chromium, "pia@example.org", "publisher") as page:
            expect(page.locator(".first-steps")).to_contain_text("0 of 9 done")
            makes_a_topic(page)
            gives_it_a_look(page)
            writes(page)
            assembles(page)
            signs_up(page)
            tries_it_out(page)
            is_usable(page)
            sets_a_schedule(page)
            approves(page)
            page.goto("/desk/")
            expect(page.locator("h1")).to_have_text("Desk")
            expect(page.locator(".first-steps, .first-strip")).to_have_count(0)
            page.goto("/mailbox/?to=pia@example.org")
            expect(page.locator("main")).to_contain_text(STORY)
            page.goto("/desk/first-steps/")
            expect(page.locator(".first-steps")).to_contain_text("8 of 9 done")
