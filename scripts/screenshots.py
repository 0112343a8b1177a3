"""Take pictures of the mails, to look at, and the README's; a mail wider than its screen fails.

``var/screenshots`` (or the folder named): each sample and the demo's latest mail, at each width
and in each look, with an ``index.html`` to see them side by side.  ``docs/images``: the four of
the mail and the three of the desk that the README and docs/editors.md show.  ``--samples``:
without the demo, and so without these.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from os import environ
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from digest.rendering import pipeline
from digest.rendering.tokens import Field, fill_html
from digest.rendering.view import View
from tests.browser.looks import ARGUMENTS, CHROMIUM, WIDTHS, Look, Pictures, show
from tests.browser.mails import MAILS

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
TOPIC = "medias-ai-pivot"
READER = {Field.ADDRESS: "robin@example.org", Field.NAME: "Robin Reader"}


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", nargs="?", type=Path, default=ROOT / "var" / "screenshots")
    asked.add_argument("--samples", action="store_true")
    options = asked.parse_args()
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        sys.stderr.write("screenshots: Chromium is missing: apt-get install chromium\n")
        return 3
    options.folder.mkdir(parents=True, exist_ok=True)
    mails = {name: _filled(view) for name, view in MAILS.items()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        if not options.samples:
            mails["demo"] = readme(browser, mails["arabic"])
        wide = look_book(browser, mails, options.folder)
        browser.close()
    for one in wide:
        sys.stderr.write(f"screenshots: wider than its screen: {one}\n")
    sys.stdout.write(f"{options.folder / 'index.html'}\n")
    return 1 if wide else 0


# ---- each mail, in every way ---------------------------------------------------------


def look_book(browser: Browser, mails: dict[str, str], folder: Path) -> list[str]:
    """A picture of each mail for each width and look; the names of those that overflow."""
    page, without = browser.new_page(), browser.new_page()
    Pictures(page)
    Pictures(without, off=True)
    taken, wide = [], []
    for name, html in mails.items():
        for look in Look:
            for width in WIDTHS:
                taken.append(f"{name}-{width}-{look.value}.png")
                if not _taken(page, html, look, width, folder / taken[-1]):
                    wide.append(taken[-1])
        taken.append(f"{name}-375-light-without-pictures.png")
        if not _taken(without, html, Look.LIGHT, 375, folder / taken[-1]):
            wide.append(taken[-1])
    (folder / "index.html").write_text(_index(taken), "utf-8")
    return wide


def _taken(page: Page, html: str, look: Look, width: int, path: Path) -> bool:
    page.set_viewport_size({"width": width, "height": 800})
    show(page, html, look)
    page.screenshot(path=path, full_page=True)
    return bool(page.evaluate("document.documentElement.scrollWidth") <= width)


def _filled(view: View) -> str:
    mail = pipeline.render(view)
    return fill_html(mail.html, mail.nonce, READER)


def _index(names: list[str]) -> str:
    figures = "".join(
        f'<figure><a href="{escape(name)}"><img src="{escape(name)}" alt="" width="240"></a>'
        f"<figcaption>{escape(name.removesuffix('.png'))}</figcaption></figure>\n"
        for name in names
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><title>The mails</title>\n'
        "<style>body { font: 13px sans-serif; display: flex; flex-wrap: wrap }</style>\n"
        f"{figures}</html>\n"
    )


# ---- the README's --------------------------------------------------------------------


def readme(browser: Browser, arabic: str) -> str:
    """The pictures of docs/images; the demo's latest mail, which most of them show."""
    IMAGES.mkdir(exist_ok=True)
    with demo() as link:
        html = _latest_mail(browser, link.partition("/login/")[0])
        desk(browser, link)
    _picture(browser, html, Look.LIGHT, (680, 1000), "email.png")
    _picture(browser, html, Look.LIGHT, (375, 812), "email-phone.png", "#s1")
    _picture(browser, html, Look.DARK, (375, 812), "email-dark.png", ".continuing")
    _picture(browser, arabic, Look.LIGHT, (375, 812), "email-arabic.png")
    return html


@contextmanager
def demo() -> Iterator[str]:
    """A demo that runs; its one-time link to the desk."""
    with tempfile.TemporaryDirectory() as data_dir:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("digest"), "demo"],
            env={**environ, "DATA_DIR": data_dir},
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


def desk(browser: Browser, link: str) -> None:
    """The draft with its first items and their reasons, its review, and two of its versions."""
    page = browser.new_page(viewport={"width": 1280, "height": 1270})
    page.goto(link)
    page.get_by_role("main").get_by_role("button").click()
    draft = f"{link.partition('/login/')[0]}/desk/{TOPIC}/draft/"
    _screen(page, draft, "desk.png")
    page.locator("li.item [name=do][value=drop]").last.click()
    page.locator("#undo").get_by_role("button").wait_for()
    page.fill("#note", "Two deals this week price what an archive can teach.")
    page.get_by_role("button", name="Save the words").click()
    page.wait_for_load_state("networkidle")
    _screen(page, f"{draft}review/", "desk-review.png")
    page.goto(f"{draft}history/")
    page.locator("[name=old]").last.check()
    page.get_by_role("button", name="Compare the two").click()
    _screen(page, page.url, "desk-history.png")
    page.close()


def _screen(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / name)


def _latest_mail(browser: Browser, base: str) -> str:
    """The HTML of the last update that the demo's mailbox holds."""
    page = browser.new_page()
    page.goto(f"{base}/mailbox/")
    page.locator("a[href*='/mailbox/']", has_text=";").first.click()
    frame = page.locator("iframe").first.get_attribute("src")
    html = page.request.get(f"{base}{frame}").text()
    page.close()
    return html


def _picture(
    browser: Browser, html: str, look: Look, size: tuple[int, int], name: str, begin: str = "body"
) -> None:
    """A screenful, from a little above what ``begin`` selects."""
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=1.5)
    Pictures(page)
    show(page, html, look)
    page.eval_on_selector(begin, "node => scrollTo(0, node.getBoundingClientRect().top - 24)")
    page.screenshot(path=IMAGES / name)
    page.close()


if __name__ == "__main__":
    sys.exit(main())
