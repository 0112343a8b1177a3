"""From the form to the first mail, in a real browser and without a script."""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.journeys.system import DIGEST, System, until
from workers.mailbox.store import Mailbox


def mail(page: Page, site: str, box: Mailbox, subject: str) -> None:
    """Open the newest mail with this subject in the built-in mailbox, once it is there."""
    until(lambda: any(subject in one.subject for one in box.newest()), 30)
    page.goto(f"{site}/mailbox/")
    page.get_by_role("link", name=subject).first.click()


def test_from_the_form_to_the_welcome(chromium: Browser, tmp_path: Path) -> None:
    system = System(tmp_path / "var")
    system.run("topic", "add", "harbour", "--name", "Harbour towns")
    with system.process(str(DIGEST), "up", "--port", "0", "--workers", "1"):
        up = system.data_dir / "base-url"
        box = Mailbox(system.data_dir / "mailbox")
        until(lambda: up.exists() and "http" in up.read_text(), 60, what=system.log)
        site = up.read_text().strip()
        context = chromium.new_context(java_script_enabled=False)
        context.set_default_timeout(30_000)
        page = context.new_page()
        until(lambda: system.log() is not None and _answers(page, site), 60, what=system.log)

        page.get_by_label("Your e-mail address").fill("bea@example.org")
        page.get_by_label("Your name, if you like").fill("Bea Lind")
        page.get_by_role("button", name="Subscribe").click()
        expect(page.get_by_role("heading", name="Look into your inbox")).to_be_visible()

        mail(page, site, box, "Confirm: Harbour towns")
        with context.expect_page() as opened:
            page.frame_locator("iframe").get_by_role("link", name="Confirm").click()
        confirm = opened.value
        expect(confirm.get_by_label("Your name, if you like")).to_have_value("Bea Lind")
        confirm.get_by_role("button", name="Yes, subscribe me").click()
        expect(confirm.get_by_role("heading", name="You are subscribed")).to_be_visible()

        mail(page, site, box, "Welcome to Harbour towns")
        (greeted,) = [one for one in box.newest() if "Welcome" in one.subject]
        assert greeted.recipients == ("bea@example.org",)
        context.close()


def _answers(page: Page, site: str) -> bool:
    """Whether the form is served by now."""
    try:
        page.goto(f"{site}/subscribe/")
    except Exception as refused:
        if "ERR_CONNECTION_REFUSED" not in str(refused):
            raise
        return False
    return True
