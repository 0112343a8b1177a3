"""What an attacker would send if a sanitiser slept: files that are two things at once, a mail that
wants out of its frame, names made of markup."""

import io
import zlib
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from digest import pictures
from digest.desk import preview
from digest.feeds import Feed
from digest.models import Topic, Update
from digest.pictures import Picture
from tests.browser.looks import LOGO
from tests.browser.windows import Window

T = "/desk/medias-ai-pivot"
MARKUP = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
NAME = "<img src=x onerror=alert(1)>"
PAGE = b"<!DOCTYPE html><html><body><script>alert(document.domain)</script></body></html>"


def unharmed(window: Window) -> None:
    assert not window.seen.dialogs
    assert not window.seen.errors
    assert not window.seen.elsewhere
    assert len(window.page.context.pages) == 1


def photograph() -> bytes:
    """A picture with a page behind its end."""
    out = io.BytesIO()
    Image.effect_noise((320, 200), 60).convert("RGB").save(out, "JPEG")
    return out.getvalue() + PAGE


def logo() -> bytes:
    """A whole PNG with a page in one of its chunks, right behind its header."""
    whole, said = LOGO.read_bytes(), b"tEXt" + b"Comment\0" + PAGE
    length, sum_ = len(said) - 4, zlib.crc32(said)
    return whole[:33] + length.to_bytes(4, "big") + said + sum_.to_bytes(4, "big") + whole[33:]


def test_a_file_named_and_made_of_markup_stays_a_name(window: Window, pivot: Topic) -> None:
    window.open(f"{T}/write/")
    for content in (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', PAGE):
        file = {"name": f"{NAME}.svg", "mimeType": "image/svg+xml", "buffer": content}
        window.page.set_input_files("#picture-file", file)  # type: ignore[arg-type]
        window.page.get_by_text("is no JPEG, PNG or WebP picture").wait_for()
        assert NAME in window.page.locator(".error").first.inner_text()
    assert not Picture.objects.exists()
    unharmed(window)


@pytest.mark.parametrize("taken", ["photograph", "logo"])
def test_a_picture_that_is_a_page_too_is_shown_as_a_picture_alone(
    window: Window, pivot: Topic, taken: str
) -> None:
    if taken == "logo":
        kept = pictures.kept(logo(), "logo")
    else:
        window.open(f"{T}/write/")
        file = {"name": "a.jpg", "mimeType": "text/html", "buffer": photograph()}
        window.page.set_input_files("#picture-file", file)  # type: ignore[arg-type]
        window.page.locator(".thumbnail").wait_for()
        kept = Picture.objects.get()
        assert b"<script" not in bytes(kept.content)
    answer = window.page.goto(window.site + kept.get_absolute_url())  # as in a tab of its own
    assert answer
    assert answer.headers["content-type"] == kept.get_format_display()
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert window.page.evaluate("document.contentType") == kept.get_format_display()
    assert window.page.evaluate("document.scripts.length") == 0
    unharmed(window)


WANTS_OUT = """
<script>alert(1); top.location = "/logout/"; window.open("/desk/");
fetch("/desk/"); parent.document.title = "mine"; document.cookie = "a=b"</script>
<img src="x" onerror="alert(2); top.location = '/logout/'">
<form id="form" action="/logout/" method="post" target="_top"><button id="send">Go</button></form>
<iframe src="https://elsewhere.example.com/frame"></iframe>
<object data="https://elsewhere.example.com/object"></object>
<link rel="stylesheet" href="https://elsewhere.example.com/style.css">
<a id="top" href="/logout/" target="_top">Up</a> <a id="run" href="javascript:alert(3)">Run</a>
"""


@pytest.mark.parametrize("place", ["draft/", "draft/compare/"], ids=["live", "still"])
def test_nothing_in_the_preview_gets_out_of_its_frame(
    window: Window, draft: Update, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a mail that no sanitiser has seen: the frame alone holds it."""
    rendered = preview.editions.rendered

    def hostile(view: Any) -> Any:
        email = rendered(view)
        return replace(email, html=email.html.replace("</body>", f"{''.join(leaves)}</body>"))

    page, leaves = window.page, [WANTS_OUT]
    monkeypatch.setattr(preview.editions, "remembered", lambda seen: None)
    monkeypatch.setattr(preview.editions, "rendered", hostile)
    window.open(T + "/" + place)
    title = page.title()
    for one in ("#top", "#send"):
        page.frame_locator("iframe").last.locator(one).click()
    leaves.append('<meta http-equiv="refresh" content="0;url=https://elsewhere.example.com/">')
    page.reload()
    page.wait_for_load_state("networkidle")
    assert page.url == f"{window.site}{T}/{place}", "and the session stands"
    assert page.title() == title
    unharmed(window)


def test_a_feed_that_calls_itself_by_markup_is_called_so(window: Window, pivot: Topic) -> None:
    Feed.objects.create(
        topic=pivot, url="https://feeds.example.com/a", name=MARKUP, trouble=MARKUP, came=MARKUP
    )
    window.open(f"{T}/sources/")
    assert MARKUP in window.page.locator("main").inner_text()
    window.open("/desk/")
    window.open(f"{T}/")
    unharmed(window)
