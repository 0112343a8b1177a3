"""A test from the desk reaches the built-in mailbox in seconds, and is what was looked at."""

import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.utils import timezone
from playwright.sync_api import Browser, Page

from digest.desk import preview
from digest.desk.look import Way
from tests.journeys.system import DIGEST, System, until
from tests.test_preview import without_tokens
from workers.mailbox.store import Mailbox

STORY = {
    "slug": "a-pier-reopens",
    "headline": "A pier reopens",
    "summary": "The pier at Port Aldwyn is open again. The ferry calls from Friday.",
    "key_takeaway": "Day trips are back.",
}


def signed_in(page: Page, link: str) -> None:
    page.goto(link)
    page.fill("#password", "harbour quay lantern")
    page.fill("#again", "harbour quay lantern")
    page.get_by_role("button", name="Set it and go in").click()
    page.wait_for_url("**/desk/")


def html_of(content: bytes) -> str:
    mail = message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    part = mail.get_body(("html",))
    assert part
    return part.get_content().replace("\r\n", "\n")


def test_a_test_reaches_the_inbox_in_seconds_and_is_what_was_looked_at(
    chromium: Browser, tmp_path: Path
) -> None:
    system = System(tmp_path / "var")
    system.run("topic", "add", "harbour", "--name", "Harbour towns")
    story = STORY | {"published_at": timezone.now().isoformat()}
    system.run("load", "-", "--topic", "harbour", stdin=json.dumps(story))
    system.run("assemble", "harbour")
    with system.process(str(DIGEST), "up", "--port", "0", "--workers", "1"):
        up = system.data_dir / "base-url"
        box = Mailbox(system.data_dir / "mailbox")
        until(lambda: up.exists() and "http" in up.read_text(), 60, what=system.log)
        site = up.read_text().strip()
        link = system.run("user", "add", "edda@example.org", "--role", "editor").split()[-1]
        context = chromium.new_context()
        context.set_default_timeout(60_000)  # seconds are needed, but for a busy machine
        page = context.new_page()
        until(lambda: _answers(page, site), 60, what=system.log)
        signed_in(page, f"{site}{link[link.index('/login/') :]}")

        page.goto(f"{site}/desk/harbour/draft/?show=dark")
        page.get_by_role("button", name="Test to me").click()
        page.get_by_text("In the inbox of 1 of 1").wait_for()
        (mail,) = box.newest()
        assert mail.subject == "[Test #1] A pier reopens"
        assert mail.recipients == ("edda@example.org",)
        content = box.content(mail.number)
        assert content is not None
        arrived = preview.looked_at(Way.DARK, html_of(content))
        looked_at = page.request.get(f"{site}/desk/harbour/draft/preview/?show=dark").text()
        assert (
            without_tokens(arrived, "edda@example.org").strip()
            == without_tokens(looked_at, "robin@example.org").strip()
        )
        context.close()


def _answers(page: Page, site: str) -> bool:
    try:
        return bool(page.goto(f"{site}/login/"))
    except Exception as refused:
        if "ERR_CONNECTION_REFUSED" not in str(refused):
            raise
        return False
