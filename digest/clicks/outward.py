"""The links of a finished mail that lead to other people's pages, and where each stands."""

import html
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from django.utils.encoding import iri_to_uri

from digest.clicks.models import LONGEST

_STEP = re.compile(
    r'(?P<row><td\b[^<>]*\sclass="row")'
    r'|<a\b[^<>]*?\sid="(?P<anchor>[^"]*)"'
    r'|<a\b[^<>]*?\shref="(?P<href>[^"]*)"[^<>]*>(?P<words>.*?)</a>',
    re.DOTALL,
)
"""What tells where one is: a block of the mail begins, a story begins; and a link."""

_TAG = re.compile(r"<[^<>]*>")
_AN_ADDRESS = re.compile(r"\s*(?:https?://|www\.)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x20\x7f\\]")


class Outward(NamedTuple):
    """A link to somewhere else: from where to where its address stands in the HTML.

    ``slug``: the story it is in. ``opens``: it stands before the first block, where a note does.
    """

    begins: int
    ends: int
    target: str
    words: str
    slug: str
    opens: bool


def outward(content: str, ours: str, stories: Mapping[str, str]) -> Iterator[Outward]:
    """Those of the HTML of a mail, in its order.

    ``ours``: BASE_URL, whose pages are no others'. ``stories``: slugs by their anchors. A link
    whose words are an address stays out: programs warn where such a one leads elsewhere.
    """
    slug, opens = "", True
    for step in _STEP.finditer(content):
        if step["row"]:
            slug, opens = "", False
        elif step["anchor"] is not None:
            slug = stories.get(step["anchor"], slug)
        elif not _AN_ADDRESS.match(words := _said(step["words"])) and (
            target := web_address(html.unescape(step["href"]), ours)
        ):
            yield Outward(step.start("href"), step.end("href"), target, words, slug, opens)


def web_address(url: str, ours: str = "") -> str:
    """The address in ASCII where it is one of the web, complete, and not ours; else ""."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        named = host.encode("idna").decode()  # refuses what no name can be
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        return ""
    if _CONTROL.search(url) or (ours and parts.netloc == urlsplit(ours).netloc):
        return ""
    if not host.isascii():
        parts = parts._replace(netloc=f"{named}:{port}" if port else named)
    target = str(iri_to_uri(parts.geturl()))
    return target if len(target) <= LONGEST else ""


def _said(words: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", words)).split())
