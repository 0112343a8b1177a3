"""Take the README's pictures, from a demo of its own: docs/images/email.png and desk.png."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
TOPIC = "medias-ai-pivot"


def main() -> int:
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        sys.stderr.write("screenshots: Chromium is missing: apt-get install chromium\n")
        return 3
    IMAGES.mkdir(exist_ok=True)
    with demo() as link, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        email(browser, link.partition("/login/")[0])
        desk(browser, link)
        browser.close()
    return 0


@contextmanager
def demo() -> Iterator[str]:
    """A demo that runs; its one-time link to the desk."""
    with tempfile.TemporaryDirectory() as data_dir:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("digest"), "demo"],
            env={**os.environ, "DATA_DIR": data_dir},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout
            said = ""
            for line in process.stdout:
                said += line
                if found := re.search(r"https?://\S+/login/link/\S+", line):
                    break
            else:
                raise SystemExit(f"screenshots: the demo did not run:\n{said}")
            yield found.group()
        finally:
            process.terminate()
            process.communicate()


def email(browser: Browser, base: str) -> None:
    """The latest mail, as wide as a mail is, down into its lead."""
    page = browser.new_page(viewport={"width": 680, "height": 900}, device_scale_factor=1.5)
    page.goto(f"{base}/mailbox/")
    page.locator("a[href*='/mailbox/']", has_text=";").first.click()
    frame = page.locator("iframe").first.get_attribute("src")
    page.goto(f"{base}{frame}")
    page.screenshot(path=IMAGES / "email.png")


def desk(browser: Browser, link: str) -> None:
    """The draft, with its first items and their reasons."""
    page = browser.new_page(viewport={"width": 1280, "height": 1270})
    page.goto(link)
    page.get_by_role("main").get_by_role("button").click()
    page.goto(f"{link.partition('/login/')[0]}/desk/{TOPIC}/draft/")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / "desk.png")


if __name__ == "__main__":
    sys.exit(main())
