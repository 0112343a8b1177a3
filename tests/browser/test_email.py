"""The email as Chromium shows it: at every width and in every look (see ``looks.py``)."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from digest.rendering import pipeline
from tests.browser.looks import WIDTHS, Look, Pictures, show
from tests.browser.mails import MAILS

PHONE = 375
OURS = [Look.LIGHT, Look.DARK]
DARK = [Look.DARK, Look.OUTLOOK]

# Every text's colour, and every edge's of what carries meaning, against what lies behind it, by
# WCAG 2.2; the worst of each.  What the page's filter does is reckoned in: invert, then turn the
# hue by half a circle (Filter Effects 1, in sRGB).
CONTRAST = """() => {
  const read = text => text.match(/[\\d.]+/g).map(Number);
  const bound = c => Math.min(255, Math.max(0, c));
  const turned = colour => {
    const [r, g, b] = colour.map(c => 255 - c);
    return [-0.574 * r + 1.43 * g + 0.144 * b, 0.426 * r + 0.43 * g + 0.144 * b,
            0.426 * r + 1.43 * g - 0.856 * b].map(bound);
  };
  const seen = getComputedStyle(document.documentElement).filter === "none" ? c => c : turned;
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const colour = read(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const ratio = (one, other) => {
    const pair = [one, other].map(colour => light(seen(colour.slice(0, 3))));
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  };
  const worst = {text: [21, ""], edge: [21, ""], hairline: [21, ""]};
  const note = (what, found, name) => { if (found < worst[what][0]) worst[what] = [found, name]; };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), node = walker.currentNode.parentElement;
    if (!text || !node.getClientRects().length) continue;
    note("text", ratio(read(getComputedStyle(node).color), behind(node)), text);
  }
  for (const [what, selector] of [["edge", ".pill, .button"], ["hairline", ".row, .toc td"]]) {
    for (const node of document.querySelectorAll(selector)) {
      const edge = read(getComputedStyle(node).borderTopColor);
      note(what, ratio(edge, behind(node.parentElement)), node.className);
    }
  }
  return worst;
}"""

# Of the rows of the contents: how far each cell's line is from the next one's.
GAPS = """() => [...document.querySelectorAll(".toc tr")].flatMap(row => {
  const cells = [...row.cells].map(cell => cell.getBoundingClientRect())
    .sort((one, other) => one.left - other.left);
  return cells.slice(1).map((cell, at) => Math.abs(cell.left - cells[at].right));
})"""

# What is pressed by itself: its words, its height, and whether it is a button or underlined.
PRESSED = """() => [...document.querySelectorAll(".toc a, .missed, .button, .more, .foot a")]
  .map(link => [link.innerText, link.getBoundingClientRect().height,
    link.className.includes("button") || getComputedStyle(link).textDecorationLine === "underline"])
"""


class Shown:
    """A mail in a window of its own."""

    def __init__(self, page: Page, html: str) -> None:
        self.page, self.html = page, html
        self.pictures = Pictures(page)
        self.look: Look | None = None

    def at(self, width: int = PHONE, look: Look = Look.LIGHT) -> Page:
        self.page.set_viewport_size({"width": width, "height": 800})
        if look != self.look:
            show(self.page, self.html, look)
            self.look = look
        return self.page


# The full one has all that the usual one has.
@pytest.fixture(params=[name for name in MAILS if name != "usual"], scope="module")
def mail(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Shown]:
    page = chromium.new_page()
    yield Shown(page, pipeline.render(MAILS[request.param]).html)
    page.close()


@pytest.mark.parametrize("look", OURS)
def test_nothing_is_wider_than_the_screen(mail: Shown, look: Look) -> None:
    for width in WIDTHS:
        page = mail.at(width, look)
        assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("look", Look)
def test_texts_edges_and_in_the_dark_hairlines_stand_out(mail: Shown, look: Look) -> None:
    worst = mail.at(look=look).evaluate(CONTRAST)
    assert worst["text"][0] >= 4.5, worst
    assert worst["edge"][0] >= 3, worst
    if look in DARK:
        assert worst["hairline"][0] >= 3, worst


def test_hairlines_are_whole(mail: Shown) -> None:
    for width in WIDTHS:
        assert max(mail.at(width).evaluate(GAPS), default=0) < 0.5


@pytest.mark.parametrize("look", DARK)
def test_the_dark_look_is_dark(mail: Shown, look: Look) -> None:
    page = mail.at(look=look)
    card = "getComputedStyle(document.querySelector('.card > table')).backgroundColor"
    assert page.evaluate(card) == "rgb(30, 28, 25)"


def test_what_is_pressed_is_large_enough_for_a_thumb_and_looks_like_it(mail: Shown) -> None:
    for width in (320, 600):
        for name, height, is_marked in mail.at(width).evaluate(PRESSED):
            assert height >= 44, name
            assert is_marked, name


@pytest.mark.parametrize("look", OURS)
def test_axe_finds_nothing_serious(mail: Shown, look: Look) -> None:
    violations = Axe().run(mail.at(look=look)).response["violations"]
    assert not [one["id"] for one in violations if one["impact"] in {"serious", "critical"}]


def test_nothing_is_fetched_but_the_pictures_that_it_names(mail: Shown) -> None:
    page = mail.at()
    named = page.evaluate("[...document.images].map(image => image.src)")
    assert set(mail.pictures.asked) == set(named)


def test_a_mark_leads_to_its_note_and_the_note_back(chromium: Browser) -> None:
    shown = Shown(chromium.new_page(), pipeline.render(MAILS["usual"]).html)
    page = shown.at()
    page.click("sup a >> nth=0")
    assert "The careers page" in page.locator("p:has(:target)").inner_text()
    page.click(":target")
    assert "became public" in page.locator("p:has(:target)").inner_text()
    page.close()


def test_without_its_pictures_a_mail_says_what_they_showed(chromium: Browser) -> None:
    page = chromium.new_page(viewport={"width": PHONE, "height": 800})
    Pictures(page, off=True)
    show(page, pipeline.render(MAILS["full"]).html, Look.LIGHT)
    assert page.evaluate("[...document.images].map(image => image.naturalWidth)") == [0, 0, 0]
    for said in ("Media's AI Pivot", "A crane over the harbour, at dawn", "A quay at night"):
        box = page.get_by_alt_text(said).bounding_box()
        assert box
        assert 15 <= box["height"] <= 44  # room for the words, and no empty frame
    page.close()
