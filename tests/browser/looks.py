"""The ways in which mail programs show a mail: as it is, by its dark sheet, or recoloured.

What inverts colours by itself can't be had here, so the last three are approximations: none of
them is what a certain program does, each is a kind of what such programs are known to do.
"""

from enum import Enum
from pathlib import Path

from playwright.sync_api import Page, Route, expect

expect.set_options(timeout=30_000)  # as for acts: a busy machine is not a wrong page

CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""What the system's Chromium may be called."""

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Without a window; what it would fetch in its background is off."""

LOGO = Path(__file__).parents[1] / "data" / "logo.png"
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" width="536" height="268">
<rect width="536" height="268" fill="#c9d4dc"/><circle cx="410" cy="90" r="44" fill="#f0c987"/>
<path d="M0 268 140 120 250 220 340 150 536 268z" fill="#5c7285"/></svg>"""

WIDTHS = (320, 375, 600, 1280)
"""A small phone, a phone, the mail's own width, a desktop; in pixels."""


class Look(Enum):
    """How the mail is shown; what is approximated says so."""

    LIGHT = "light"  # as it is
    DARK = "dark"  # the program asks for our dark sheet: Apple Mail, Thunderbird
    OUTLOOK = "outlook-approximation"  # Outlook.com marks what it darkens; our marked rules win
    INVERTED = "inverted-approximation"  # every colour but pictures turned: Gmail on iOS
    RECOLOURED = "recoloured-approximation"  # light grounds, dark letters turned: Gmail on Android


INVERT = """() => {
  document.documentElement.style.cssText +=
    "background: #fff; filter: invert(1) hue-rotate(180deg)";
  for (const image of document.images) image.style.filter = "invert(1) hue-rotate(180deg)";
}"""

# Turns the lightness (CIELAB) of light grounds and edges and of dark letters; keeps the hue.
RECOLOUR = """() => {
  const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const known = {};
  const painted = colour => {
    if (!known[colour]) {
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
      known[colour] = [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    }
    return known[colour];
  };
  const light = colour => {
    const [red, green, blue] = painted(colour).map(c => (c / 255) ** 2.2);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.184;  // L* = 50
  };
  const turned = (colour, isTurned) => colour === "rgba(0, 0, 0, 0)" || !isTurned(colour) ? colour
    : `rgb(${painted(`lab(from ${colour} calc(100 - l) a b)`).join(", ")})`;
  const changes = [];
  for (const node of document.querySelectorAll("body, body *")) {
    const now = getComputedStyle(node);
    const color = turned(now.color, colour => !light(colour));
    const edge = colour => colour === now.color ? color : turned(colour, light);
    changes.push([node, {
      color,
      "background-color": turned(now.backgroundColor, light),
      "border-top-color": edge(now.borderTopColor),
      "border-right-color": edge(now.borderRightColor),
      "border-bottom-color": edge(now.borderBottomColor),
      "border-left-color": edge(now.borderLeftColor),
    }]);
  }
  for (const [node, colours] of changes) {
    for (const [name, colour] of Object.entries(colours)) {
      node.style.setProperty(name, colour, "important");
    }
  }
}"""

# As Outlook.com marks what it has darkened, for style sheets to have the last word.
MARK = "() => document.documentElement.setAttribute('data-ogsc', '')"

_CHANGES = {Look.OUTLOOK: MARK, Look.INVERTED: INVERT, Look.RECOLOURED: RECOLOUR}


def show(page: Page, html: str, look: Look) -> None:
    """Load the mail anew into the page, in this look."""
    page.emulate_media(color_scheme="dark" if look is Look.DARK else "light")
    page.set_content(html)
    if look in _CHANGES:
        page.evaluate(_CHANGES[look])


class Pictures:
    """What a page asks the network for: answered with pictures, or not at all when ``off``.

    ``asked`` are the addresses.  Nothing leaves the machine.
    """

    def __init__(self, page: Page, *, off: bool = False) -> None:
        self.off = off
        self.asked: list[str] = []
        page.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        self.asked.append(route.request.url)
        if self.off or route.request.resource_type != "image":
            route.abort()
        elif route.request.url.endswith("/logo.png"):
            route.fulfill(path=LOGO)
        else:
            route.fulfill(body=PICTURE, content_type="image/svg+xml")
