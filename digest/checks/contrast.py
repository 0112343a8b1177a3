"""Whether every text stands out from what lies behind it, in light and in dark (WCAG 2.2).

Read from the finished HTML as a mail program that honours style sheets would show it: inlined
styles, then the sheets' rules for every screen, then those for dark ones.  What depends on a
screen's width changes no colours and is passed over.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from lxml.cssselect import CSSSelector  # type: ignore[import-untyped]  # lxml has no types
from lxml.html import HtmlElement, document_fromstring  # type: ignore[import-untyped]

from digest.checks.findings import Context, Finding, Level
from digest.rendering.colour import TEXT, contrast
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

NAME = "contrast"

UNREADABLE = 3.0
"""Below this hardly anybody reads on; between it and ``TEXT`` some readers don't."""

_LOOKS = ("light", "dark")
_SHEET = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_DARK = re.compile(r"@media\s*\(prefers-color-scheme:\s*dark\)\s*\{((?:[^{}]*\{[^{}]*\})*)\s*\}")
_OTHER_MEDIA = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_COLOUR = re.compile(r"#[0-9a-f]{6}\b|#[0-9a-f]{3}\b|\b(?:white|black|transparent)\b")
_BLANK = "\u00a0 \n\t"
_NAMED = {"white": "#ffffff", "black": "#000000", "transparent": ""}
_ONE_CLIENTS_OWN = "[data-og"  # selectors that only Outlook.com matches, after its own rewriting


@dataclass(frozen=True, slots=True)
class _Style:
    """What an element says of its colours; None: nothing, so that it inherits."""

    text: str | None = None
    behind: str | None = None
    hidden: bool = False


class _Shown(NamedTuple):
    """The colour of a text and that of what lies behind it, as #rrggbb."""

    text: str
    behind: str


_NOTHING = _Style()
_Rank = tuple[int, int, int, int]
"""Ids, classes, types, and the place among the rules: what comes later wins."""

_Said = dict[HtmlElement, _Style]
"""What style sheets say of each element that they mean."""


def check(_view: EmailView, email: RenderedEmail, _context: Context) -> Iterator[Finding]:
    """Blocks on text that can't be read, warns below 4.5 : 1; else says what the least is."""
    least = dict.fromkeys(_LOOKS, 21.0)
    for look, ratio, colours, text in worst(email.html):
        least[look] = min(least[look], ratio)
        if ratio < TEXT:
            yield Finding(
                NAME,
                Level.BLOCK if ratio < UNREADABLE else Level.WARN,
                f"“{text}” has a contrast of {ratio:.1f} : 1 in {look} ({colours}); "
                f"text needs {TEXT} : 1.",
                "Choose another accent for the topic, or mend the colours in the template.",
            )
    if min(least.values()) >= TEXT:
        said = ", ".join(f"{ratio:.1f} : 1 in {look}" for look, ratio in least.items())
        yield Finding(NAME, Level.OK, f"The least contrast of text is {said}.")


def worst(content: str) -> Iterator[tuple[str, float, str, str]]:
    """For each look and pair of colours: the look, the contrast, the pair, some of the text."""
    root = document_fromstring(content)
    sheet = "".join(_SHEET.findall(content))
    plain = _OTHER_MEDIA.sub("", sheet)
    light, dark = _sheets(root, plain), _sheets(root, plain + "".join(_DARK.findall(sheet)))
    found: dict[tuple[_Shown, _Shown], str] = {}
    start = _Shown("#000000", "#ffffff")
    _walk(root.body, (start, start), (light, dark), found)
    told: set[tuple[str, _Shown]] = set()
    for shown, words in found.items():
        for pair in zip(_LOOKS, shown, strict=True):
            if pair not in told:
                told.add(pair)
                look, (text, behind) = pair
                yield look, contrast(text, behind), f"{text} on {behind}", words


def _walk(
    node: HtmlElement,
    around: tuple[_Shown, _Shown],
    said: tuple[_Said, _Said],
    found: dict[tuple[_Shown, _Shown], str],
) -> None:
    """Collect each pair of colours, light and dark, with the first words that have it."""
    own = _inline(node.get("style", ""), node.get("bgcolor", ""))
    light, dark = said[0].get(node, _NOTHING), said[1].get(node, _NOTHING)
    if own.hidden or light.hidden:
        return
    shown = (_within(around[0], own, light), _within(around[1], own, dark))
    if words := (node.text or "").strip(_BLANK):
        found.setdefault(shown, words[:40])
    for child in node:
        if isinstance(child.tag, str):
            _walk(child, shown, said, found)
        if words := (child.tail or "").strip(_BLANK):
            found.setdefault(shown, words[:40])


def _within(around: _Shown, own: _Style, sheet: _Style) -> _Shown:
    return _Shown(
        sheet.text or own.text or around.text, sheet.behind or own.behind or around.behind
    )


def _sheets(root: HtmlElement, rules: str) -> _Said:
    """What the sheets say of elements, by specificity and order; only what is ``!important``
    wins over an inlined style, and all that sets colours in a mail is."""
    weighed: dict[HtmlElement, list[tuple[_Rank, _Style]]] = {}
    for order, (selectors, declarations) in enumerate(_RULE.findall(rules)):
        style = _inline(";".join(_important(declarations)))
        if style == _NOTHING:
            continue
        for selector in selectors.split(","):
            if _ONE_CLIENTS_OWN not in selector:
                find, weight = _selector(selector.strip())
                for node in find(root):
                    weighed.setdefault(node, []).append(((*weight, order), style))
    return {node: _merged(all_of) for node, all_of in weighed.items()}


def _merged(weighed: list[tuple[_Rank, _Style]]) -> _Style:
    text = behind = None
    hidden = False
    for _, style in sorted(weighed, key=lambda pair: pair[0]):
        text, behind = style.text or text, style.behind or behind
        hidden = hidden or style.hidden
    return _Style(text, behind, hidden)


def _important(declarations: str) -> Iterator[str]:
    for one in declarations.split(";"):
        if "!important" in one:
            yield one.replace("!important", "")


@functools.lru_cache(maxsize=128)
def _selector(selector: str) -> tuple[CSSSelector, tuple[int, int, int]]:
    return CSSSelector(selector), _specificity(selector)


def _specificity(selector: str) -> tuple[int, int, int]:
    """Ids, classes and attributes, types (CSS Selectors 3, 9)."""
    return (
        selector.count("#"),
        len(re.findall(r"\.|\[|(?<!:):(?!:)", selector)),
        len(re.findall(r"(?:^|[\s>+~])[a-z]", selector)),
    )


@functools.lru_cache(maxsize=512)
def _inline(style: str, bgcolor: str = "") -> _Style:
    text, behind, hidden = None, _colour(bgcolor), False
    for one in style.split(";"):
        name, _, value = one.partition(":")
        name, value = name.strip().lower(), value.strip().lower()
        if name == "color":
            text = _colour(value) or text
        elif name in {"background", "background-color"}:
            behind = _colour(value) or behind
        elif name == "display":
            hidden = value == "none"
    return _Style(text, behind, hidden)


def _colour(value: str) -> str | None:
    """As #rrggbb; None where the value names none that hides what is behind it."""
    found = _COLOUR.search(value.lower())
    if found is None:
        return None
    written = _NAMED.get(found[0], found[0])
    if len(written) == 4:
        written = "#" + "".join(2 * digit for digit in written[1:])
    return written or None
