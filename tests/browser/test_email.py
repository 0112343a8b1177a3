"""The email as Chromium shows it: every width, light and dark."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from digest.rendering import markup, pipeline
from digest.rendering.view import UpdateLink
from tests import emails

WIDTHS = (320, 375, 600, 1280)
LOOKS = ("light", "dark")
ODD = "A" * 40 + " https://a.example.org/" + "x" * 120

# Every text's colour against what lies behind it, by WCAG 2.2; the worst of them.
CONTRAST = """() => {
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const read = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const colour = read(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  let worst = [21, ""];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), node = walker.currentNode.parentElement;
    if (!text || !node.getClientRects().length) continue;
    const pair = [light(read(getComputedStyle(node).color)), light(behind(node))].sort();
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < worst[0]) worst = [ratio, text];
  }
  return worst;
}"""

BORDERS = """() => ["pill", "button"].flatMap(name => [...document.querySelectorAll("." + name)])
  .map(node => getComputedStyle(node).borderTopColor)"""

MAILS = {
    "usual": emails.update(),
    "everything": emails.update(
        emails.lead(1, body=markup.render(f"- {ODD}\n\n> quoted\n\n```\n{ODD}\n```", "s1")),
        emails.carried(2, headline=ODD),
        emails.brief(3),
        corrections=(emails.brief(9, anchor="c9", kind="correction"),),
        missed=(UpdateLink(number=1, title=ODD, url="https://a.example.org/t/x/1/"),),
        kind="test",
        topic=emails.update().topic.model_copy(update={"accent": "#006b4f", "name": ODD}),
        title=ODD,
    ),
    "right to left": emails.update(lang="ar", dir="rtl", title="استوديو جديد؛ معيار مفتوح"),
    "confirmation": emails.confirmation(),
}


@pytest.fixture(params=MAILS, scope="module")
def mail(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[tuple[Page, list[str]]]:
    """A page with the mail in it, and what it asked the network for."""
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda asking: asked.append(asking.url))
    page.set_content(pipeline.render(MAILS[request.param]).html)
    yield page, asked
    page.close()


@pytest.fixture
def page(mail: tuple[Page, list[str]]) -> Page:
    """The mail on a phone, in light."""
    page = mail[0]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 375, "height": 800})
    return page


def test_nothing_is_wider_than_the_screen(page: Page) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_every_text_stands_out_in_light_and_dark(page: Page) -> None:
    for look in LOOKS:
        page.emulate_media(color_scheme=look)
        ratio, text = page.evaluate(CONTRAST)
        assert ratio >= 4.5, (look, text)


def test_the_dark_look_is_dark_and_pills_keep_their_edges(page: Page) -> None:
    light = page.evaluate(BORDERS)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 19, 17)"
    card = "getComputedStyle(document.querySelector('.card > table')).backgroundColor"
    assert page.evaluate(card) == "rgb(30, 28, 25)"
    for before, after in zip(light, page.evaluate(BORDERS), strict=True):
        assert before != after


def test_what_is_pressed_is_large_enough_for_a_thumb(page: Page) -> None:
    for selector in (".toc a", ".button", ".more", ".foot a"):
        for link in page.query_selector_all(selector):
            box = link.bounding_box()
            assert box
            assert box["height"] >= 44, link.inner_text()


def test_axe_finds_nothing_serious(page: Page) -> None:
    for look in LOOKS:
        page.emulate_media(color_scheme=look)
        violations = Axe().run(page).response["violations"]
        assert not [one["id"] for one in violations if one["impact"] in {"serious", "critical"}], (
            look
        )


def test_nothing_is_fetched(mail: tuple[Page, list[str]]) -> None:
    assert not mail[1]
