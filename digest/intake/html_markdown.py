"""HTML of feeds and pages as Markdown, or as plain text; nothing of it can do anything.

What comes out is text, emphasis, headings, lists, quotations, code, and links to http(s)
addresses: everything else of a page is dropped here, whatever it is.  markdownify makes the
same of it, by way of a tree of its own, in ten times the time; a feed may have a thousand
entries.
"""

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from lxml import etree, html  # type: ignore[import-untyped]  # it brings no types

DEEPEST = 60  # elements within elements, past which only their text is taken

_DROPPED = {
    "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "form",
    "select", "textarea", "button", "head", "title", "audio", "video", "canvas", "map", "img",
}  # fmt: skip
_INLINE = {
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em",
    "font", "i", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "br", "nobr", "blink", "center",
}  # fmt: skip
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_MARKED = {"a", "b", "strong", "i", "em", "cite"}
_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "cite": "*"}

_SPACE = re.compile(r"\s+")
_UNEVEN = re.compile(r"[^\S ]|  ")
_SPECIAL = {ord(mark): f"\\{mark}" for mark in "\\`*_[]<>~|"}
_ENTITY = re.compile(r"&(?=#?\w+;)")
_ODD = re.compile(r"[\s\x00-\x20\x7f-\x9f<>\"\\]")
_BREAKS = re.compile(r"\v\s*\v[\v\s]*")
_AT_START = re.compile(r"^([#+=-]+|\d{1,9}(?=[.)]))(?=[\s.)]|$)")


def plain(fragment: str) -> str:
    """The text of some HTML on one line, tags and all that is no text left out."""
    if "<" not in fragment and "&" not in fragment:
        return _SPACE.sub(" ", fragment).strip()
    root = _parsed(fragment)
    return _SPACE.sub(" ", "".join(_texts(root))).strip() if root is not None else ""


def markdown(fragment: str, base: str = "") -> str:
    """Some HTML as Markdown; ``base`` is what its relative links are relative to."""
    root = _parsed(fragment)
    return "\n\n".join(_Writer(base).blocks(root, 0)) if root is not None else ""


def escaped(text: str) -> str:
    """Plain text as Markdown that says just that; blank lines part paragraphs."""
    paragraphs = re.split(r"\n\s*\n", text)
    return "\n\n".join(filter(None, (_paragraph(_escaped(one)) for one in paragraphs)))


class _Writer:
    """Writes one fragment."""

    def __init__(self, base: str) -> None:
        self.base = base

    def blocks(self, element: html.HtmlElement, depth: int) -> list[str]:
        """The paragraphs, lists and so on within an element."""
        if depth > DEEPEST:
            return _several(_escaped("".join(_texts(element))))
        found: list[str] = []
        run = [_escaped(element.text)]
        for child in element:
            if not isinstance(child.tag, str) or child.tag in _DROPPED:
                pass
            elif child.tag in _INLINE:
                run.append(self.inline(child, depth + 1))
            else:
                found += _several("".join(run))
                found += self.block(child, depth + 1)
                run.clear()
            run.append(_escaped(child.tail))
        return found + _several("".join(run))

    def block(self, element: html.HtmlElement, depth: int) -> list[str]:
        """One block, as the blocks that it becomes."""
        tag = element.tag
        if tag == "pre":
            return [f"```\n{_unfenced(element.text_content())}\n```"]
        if tag == "hr":
            return ["---"]
        if tag in {"ul", "ol", "dir", "menu"}:
            items = list(self.items(element, depth, numbered=tag == "ol"))
            return ["\n".join(items)] if items else []
        inner = self.blocks(element, depth)
        if tag == "tr":
            return [" · ".join(one.replace("\n", " ") for one in inner)] if inner else []
        if tag in _HEADINGS:
            level = "#" * max(2, int(tag[1]))
            return [f"{level} {one.replace(chr(10), ' ')}" for one in inner]
        if tag == "blockquote":
            quoted = "\n\n".join(inner).replace("\n", "\n> ")
            return [f"> {quoted}"] if inner else []
        return inner

    def items(self, of: html.HtmlElement, depth: int, *, numbered: bool) -> Iterator[str]:
        """A list's items, what they hold indented under their marks."""
        number = 0
        for child in of:
            inner = self.blocks(child, depth + 1) if isinstance(child.tag, str) else []
            if inner:
                number += 1
                mark = f"{number}. " if numbered else "- "
                yield mark + "\n\n".join(inner).replace("\n", "\n" + " " * len(mark))

    def inline(self, element: html.HtmlElement, depth: int) -> str:
        """A piece of a paragraph; blocks within it count as its text."""
        if element.tag == "br":
            return "\v"
        if element.tag in {"code", "tt", "kbd", "samp"}:
            text = _SPACE.sub(" ", element.text_content()).replace("`", "'").strip()
            return f"`{text}`" if text else ""
        if depth > DEEPEST:
            return _escaped("".join(_texts(element)))
        pieces = [_escaped(element.text)]
        for child in element:
            if isinstance(child.tag, str) and child.tag not in _DROPPED:
                pieces.append(self.inline(child, depth + 1))
            pieces.append(_escaped(child.tail))
        return self.marked(element, "".join(pieces))

    def marked(self, element: html.HtmlElement, text: str) -> str:
        """The text with what its element makes of it; space stays outside of marks."""
        inner = text.strip(" \v")
        if not inner or element.tag not in _MARKED:
            return text
        before = text[: len(text) - len(text.lstrip(" \v"))]
        after = text[len(text.rstrip(" \v")) :]
        if element.tag == "a" and (address := self.address(element.get("href") or "")):
            return f"{before}[{inner}](<{address}>){after}"
        mark = _MARKS.get(element.tag, "")
        return f"{before}{mark}{inner}{mark}{after}" if "*" not in inner else text

    def address(self, href: str) -> str:
        """A link's absolute address, if it is one that a reader's click may open."""
        return absolute(href, self.base)


def absolute(href: str, base: str) -> str:
    """An address made absolute, or nothing where that makes no http(s) address."""
    if not href.strip():
        return ""
    try:
        address = urljoin(base, href.strip())
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.netloc or len(address) > 2000:
        return ""
    return _ODD.sub(lambda odd: _percent(odd[0]), address)


def _percent(mark: str) -> str:
    return "".join(f"%{byte:02X}" for byte in mark.encode("utf-8", "replace"))


def _parsed(fragment: str) -> html.HtmlElement | None:
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, recover=True)
    # A lone half of a character can't be encoded; it becomes a question mark.
    content = f"<div>{fragment}</div>".replace("\0", "").encode("utf-8", "replace")
    try:
        return html.document_fromstring(content, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None


def _texts(root: html.HtmlElement) -> Iterator[str]:
    """All text in its order, a space for each end of a block; not recursive."""
    waiting: list[tuple[html.HtmlElement, bool]] = [(root, False)]
    while waiting:
        element, is_done = waiting.pop()
        is_text = isinstance(element.tag, str) and element.tag not in _DROPPED
        if not is_done and is_text:
            yield element.text or ""
            waiting.append((element, True))
            waiting += [(child, False) for child in element.iterchildren(reversed=True)]
        else:
            if is_done and (element.tag not in _INLINE or element.tag == "br"):
                yield " "
            if element is not root:
                yield element.tail or ""


def _escaped(text: str | None) -> str:
    """Text in which nothing means anything to Markdown."""
    if not text:
        return ""
    if "&" in text:
        text = _ENTITY.sub(r"\\&", text.translate(_SPECIAL))
    else:
        text = text.translate(_SPECIAL)
    return _SPACE.sub(" ", text) if _UNEVEN.search(text) else text


def _several(run: str) -> list[str]:
    """The paragraphs of a run of text: two line breaks in a row part them."""
    if "\v" not in run:
        return [one] if (one := _line(run)) else []
    return [one for piece in _BREAKS.split(run) if (one := _paragraph(piece))]


def _paragraph(run: str) -> str:
    return "\\\n".join(one for line in run.split("\v") if (one := _line(line)))


def _line(text: str) -> str:
    text = text.strip()
    if "  " in text:
        text = _SPACE.sub(" ", text)
    return _AT_START.sub(_disarmed, text) if text and text[0] in "#+=-0123456789" else text


def _disarmed(found: re.Match[str]) -> str:
    """A line's beginning that would open a list or heading, so that it doesn't."""
    return f"{found[1]}\\" if found[1].isdigit() else f"\\{found[1]}"


def _unfenced(text: str) -> str:
    return text.strip("\n").replace("```", "'''")
