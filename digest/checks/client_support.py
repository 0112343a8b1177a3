"""Whether mail programs show what the mail is made of, by caniemail's data and an allow-list.

``caniemail.json`` holds, for each feature on the list, the mail programs that lack it
(``scripts/caniemail.py`` makes it from a copy of caniemail.com's data).  A feature that is not
on the list is a finding, and so is one that some program lacks without a line in ``DISPENSABLE``
that says why the mail does without.
"""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from digest.checks import features
from digest.checks.findings import Context, Finding, Level
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

NAME = "client support"

DISPENSABLE = {
    "css-at-media": "the mail is fluid without",
    "css-at-media-prefers-color-scheme": "light, or the program's own dark",
    "css-border-spacing": "cellspacing says the same",
    "css-border-radius": "corners are square",
    "css-color-scheme": "light, or the program's own dark",
    "css-comments": "there are none in what is inlined",
    "css-display-none": "the preheader shows in small, as a first line",
    "css-hyphens": "words break anywhere, or not",
    "css-important": "for the rules of media queries alone",
    "css-max-height": "for the hidden preheader, beside display: none",
    "css-min-height": "the text gives the height",
    "css-outline": "a reset",
    "css-overflow": "for the hidden preheader, beside display: none",
    "css-overflow-wrap": "word-break says the same to others",
    "css-selector-attribute": "for Outlook.com's dark look alone",
    "css-selector-chaining": "the light look is inlined",
    "css-selector-child": "the light look is inlined",
    "css-selector-class": "the light look is inlined",
    "css-selector-descendant": "the light look is inlined",
    "css-selector-grouping": "the light look is inlined",
    "css-selector-id": "a reset for one Outlook",
    "css-selector-type": "the light look is inlined",
    "css-selector-universal": "the light look is inlined",
    "css-sytem-ui": "the next font is taken",
    "css-table-layout": "columns fit their content",
    "css-text-decoration": "links are underlined in their own colour",
    "css-text-decoration-color": "links are underlined in their own colour",
    "css-text-decoration-thickness": "links are underlined as the program does",
    "css-text-underline-offset": "links are underlined as the program does",
    "css-height": "the content gives the height",
    "css-white-space": "short lines may wrap",
    "css-word-break": "a long word may widen the mail",
    "css-word-spacing": "a reset",
    "css-word-wrap": "word-break says the same to others",
    "html-anchor-links": "the contents don't jump; the stories follow at once",
    "html-aria-hidden": "a word more is read out",
    "html-aria-label": "the title is read out",
    "html-aria-labelledby": "the title is read out",
    "html-body": "its background is on a div inside too",
    "html-dir": "direction and align say the same",
    "html-doctype": "tables look alike without",
    "html-lang": "the program guesses the language",
    "html-meta-color-scheme": "light, or the program's own dark",
    "html-role": "a screen reader tells of a table",
    "html-style": "the light look is inlined",
    "html-target": "links open as the program likes",
    "image-webp": "the alt text shows",
}
"""Features that some mail program lacks, and what its readers get instead."""


class Feature(NamedTuple):
    """What caniemail calls it, and the programs that lack it, as "Outlook (Windows)"."""

    title: str
    lacking: tuple[str, ...]


class Data(NamedTuple):
    """Where the data is from, and each feature on the list by caniemail's name."""

    version: str
    features: dict[str, Feature]


@functools.cache
def data() -> Data:
    """The copy of caniemail's data that came with the program."""
    plain = json.loads(Path(__file__).with_name("caniemail.json").read_text("utf-8"))
    listed = {
        slug: Feature(one["title"], tuple(one["lacking"]))
        for slug, one in plain["features"].items()
    }
    return Data(plain["version"], listed)


def check(_view: EmailView, email: RenderedEmail, _context: Context) -> Iterator[Finding]:
    """Warns of each feature that is not on the list, or that some program can't do without."""
    known = data()
    made_of = features.used(email.html)
    wrong = [slug for slug in sorted(made_of) if not _allowed(known.features.get(slug), slug)]
    for slug in wrong:
        if feature := known.features.get(slug):
            yield _warn(f"The mail uses {feature.title}, unknown to {', '.join(feature.lacking)}.")
        else:
            yield _warn(f"The mail uses {slug}, which is not on the list of what programs show.")
    if not wrong:
        without = sum(bool(known.features[slug].lacking) for slug in made_of)
        yield Finding(
            NAME,
            Level.OK,
            f"{len(made_of)} features, {without} of them dispensable where a mail program lacks "
            f"them (caniemail, {known.version}).",
        )


def _allowed(feature: Feature | None, slug: str) -> bool:
    return feature is not None and (not feature.lacking or slug in DISPENSABLE)


def _warn(message: str) -> Finding:
    mend = "Take it out of the template, or say in DISPENSABLE what readers get instead."
    return Finding(NAME, Level.WARN, message, mend)
