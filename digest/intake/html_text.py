"""The text of an HTML page as a person would copy it: a line for each block.

Footnote links come out as Markdown marks, bullets as bullets, and the link to the
original with its address; scripts, navigation and hidden parts not at all.
"""

import re
from dataclasses import dataclass

from lxml import etree, html  # type: ignore[import-untyped]  # it brings no types

from digest.intake.outcomes import Unfit

MOST_TAGS = 100_000  # a heavy page has 5,000

_SKIPPED = {
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "nav",
    "footer",
    "form",
    "iframe",
    "head",
    "object",
    "select",
    "textarea",
}
_INLINE = {
    "a",
    "abbr",
    "b",
    "bdi",
    "bdo",
    "cite",
    "code",
    "data",
    "em",
    "font",
    "i",
    "img",
    "ins",
    "kbd",
    "mark",
    "q",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "time",
    "u",
    "wbr",
}
_ORIGINAL = re.compile(r"\s*read (?:the )?original", re.IGNORECASE)
_HTTP = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of a page, and its canonical address where it names one."""

    text: str
    url: str


def text_of(page: str) -> PageText:
    """The page's text.  Nothing is fetched; what is nested past libxml2's depth is left out."""
    if page.count("<") > MOST_TAGS:
        raise Unfit(f"an HTML page of more than {MOST_TAGS:,} tags")
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, recover=True)
    # A lone half of a character can't be encoded; it becomes a question mark.
    try:
        root = html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:
        raise Unfit("an empty HTML page") from None
    address = root.xpath("string(//link[@rel='canonical']/@href)")
    walk = _Walk()
    walk.over(root)
    return PageText("".join(walk.pieces), address if _HTTP.fullmatch(address) else "")


class _Walk:
    """Collects text in the order of the page.  Not recursive: pages may be nested deeply."""

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def over(self, root: html.HtmlElement) -> None:
        waiting = [(root, False)]
        while waiting:
            element, is_done = waiting.pop()
            if is_done:
                self._leave(element)
            elif not isinstance(element.tag, str) or _is_hidden(element):
                self._say(element.tail)  # a comment, say: what follows it still counts
            elif number := _footnote(element):
                self.pieces.append(f"[^{number}]")
                self._say(element.tail)
            else:
                self._enter(element)
                waiting.append((element, True))
                waiting += [(child, False) for child in element.iterchildren(reversed=True)]

    def _enter(self, element: html.HtmlElement) -> None:
        if element.tag not in _INLINE:
            self.pieces.append("\n• " if element.tag == "li" else "\n")
        self._say(element.text)

    def _leave(self, element: html.HtmlElement) -> None:
        if element.tag == "a" and _ORIGINAL.match(element.text_content()):
            address = (element.get("href") or "").strip()
            self.pieces.append(f" {address}" if _HTTP.fullmatch(address) else "")
        if element.tag not in _INLINE:
            self.pieces.append("\n")
        self._say(element.tail)

    def _say(self, text: str | None) -> None:
        if text:
            self.pieces.append(re.sub(r"\s+", " ", text))


def _footnote(element: html.HtmlElement) -> int:
    """The number of a footnote mark, or 0: a raised number of one or two digits."""
    if element.tag != "sup":
        return 0
    mark = element.text_content().strip(" []()")
    return int(mark) if re.fullmatch(r"[1-9]\d?", mark, re.ASCII) else 0


def _is_hidden(element: html.HtmlElement) -> bool:
    return (
        element.tag in _SKIPPED
        or element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
    )
