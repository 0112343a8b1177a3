"""Whether every picture says in words what it shows."""

import re
from collections.abc import Iterator

from digest.checks.findings import Context, Finding, Level, stories
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

NAME = "alt texts"
FINE = "Every picture says what it shows, or there is none."
_SILENT = re.compile(r"<img(?![^>]*\balt=)[^>]*>")


def check(view: EmailView, email: RenderedEmail, _context: Context) -> Iterator[Finding]:
    """Warns of a picture without words; blocks where even the attribute is missing."""
    for story in stories(view):
        if story.image and not story.image.alt.strip():
            yield Finding(
                NAME,
                Level.WARN,
                "The picture says nothing to readers who don't see it.",
                "Say in the briefing's alt text what it shows.",
            ).at(story.slug, "image_alt")
    if view.partner and view.partner.picture and not view.partner.alt.strip():
        yield Finding(
            NAME,
            Level.WARN,
            "The partner’s picture says nothing to readers who don’t see it.",
            "Say in the partner block what it shows.",
        ).at("", "partner block")
    if _SILENT.search(email.html):
        yield Finding(NAME, Level.BLOCK, "An image has no alt attribute.", "Mend the template.")
