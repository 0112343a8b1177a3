"""The colours in which a mail's texts are shown, in light and in dark.

Read from the finished HTML as a mail program that honours style sheets would show it: inlined
styles, then the sheets' rules for every screen, then those for dark ones.  Of the rules only
what is ``!important`` counts, since nothing else wins over an inlined style.  What depends on a
screen's width changes no colours and is passed over, and so is a selector of other kinds than
ours: types, classes, descendants and children.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lxml.html import HtmlElement, document_fromstring  # type: ignore[import-untyped]

LOOKS = ("light", "dark")

_SHEET = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_DARK = re.compile(r"@media\s*\(prefers-color-scheme:\s*dark\)\s*\{((?:[^{}]*\{[^{}]*\})*)\s*\}")
_OTHER_MEDIA = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_OURS = re.compile(r"[\w.-]+(?:\s*>\s*|\s+|$)")
_COLOUR = re.compile(r"#[0-9a-f]{6}\b|#[0-9a-f]{3}\b|\b(?:white|black|transparent)\b")
_NAMED = {"white": "#ffffff", "black": "#000000", "transparent": ""}
_BLANK = "\u00a0 \n\t"


class Shown(NamedTuple):
    """The colour of a text and that of what lies behind it, as #rrggbb."""

    text: str
    behind: str


@dataclass(frozen=True, slots=True)
class _Style:
    """What is said of an element's colours; None: nothing, so that it inherits."""

    text: str | None = None
    behind: str | None = None
    hidden: bool = False


_NOTHING = _Style()


class _Node(NamedTuple):
    tag: str
    classes: frozenset[str]
    within: frozenset[str]  # the classes of all that it stands in, and its own


class _Step(NamedTuple):
    """A part of a selector; ``child``: the next part up must be its parent."""

    tag: str
    classes: frozenset[str]
    child: bool


class _Rule(NamedTuple):
    rank: tuple[int, int, int]  # classes, types, and the place among the rules: the last wins
    steps: tuple[_Step, ...]  # the innermost first
    asks: frozenset[str]  # every class that a part asks for
    style: _Style


_Rules = dict[str, list[_Rule]]
"""Rules by a class (``.name``) or the tag that their innermost part asks for."""


def shown(content: str) -> Iterator[tuple[str, Shown, str]]:
    """For each look and each pair of colours in it: the look, the pair, some of the text."""
    sheet = "".join(_SHEET.findall(content))
    plain = _OTHER_MEDIA.sub("", sheet)
    places = _Places(_rules(plain), _rules(plain + "".join(_DARK.findall(sheet))))
    found: dict[tuple[Shown, Shown], str] = {}
    start = Shown("#000000", "#ffffff")
    _walk(document_fromstring(content).body, None, (start, start), places, found)
    told: set[tuple[str, Shown]] = set()
    for pairs, words in found.items():
        for look in zip(LOOKS, pairs, strict=True):
            if look not in told:
                told.add(look)
                yield *look, words


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Where elements of one tag and classes stand within others, and what the rules say there."""

    path: tuple[_Node, ...]
    light: _Style
    dark: _Style


class _Places:
    """Every place in a mail, each worked out once: stories are built alike."""

    def __init__(self, light: _Rules, dark: _Rules) -> None:
        self._light, self._dark = light, dark
        self._known: dict[tuple[_Place | None, str, str], _Place] = {}

    def of(self, element: HtmlElement, above: _Place | None) -> _Place:
        key = (above, element.tag, element.get("class", ""))
        if key not in self._known:
            path = above.path if above else ()
            classes = frozenset(key[2].split())
            within = classes | path[-1].within if path else classes
            path = (*path, _Node(element.tag, classes, within))
            self._known[key] = _Place(path, _ruled(path, self._light), _ruled(path, self._dark))
        return self._known[key]


def _walk(
    element: HtmlElement,
    above: _Place | None,
    around: tuple[Shown, Shown],
    places: _Places,
    found: dict[tuple[Shown, Shown], str],
) -> None:
    """Collect each pair of colours, light and dark, with the first words that have it."""
    own = _style(element.get("style", ""), element.get("bgcolor", ""))
    place = places.of(element, above)
    if own.hidden or place.light.hidden:
        return
    pairs = (_within(around[0], own, place.light), _within(around[1], own, place.dark))
    _note(element.text, pairs, found)
    for child in element:
        if isinstance(child.tag, str):
            _walk(child, place, pairs, places, found)
        _note(child.tail, pairs, found)


def _note(
    text: str | None, pairs: tuple[Shown, Shown], found: dict[tuple[Shown, Shown], str]
) -> None:
    if pairs not in found and text and (words := text.strip(_BLANK)):
        found[pairs] = words[:40]


def _within(around: Shown, own: _Style, ruled: _Style) -> Shown:
    return Shown(ruled.text or own.text or around.text, ruled.behind or own.behind or around.behind)


# ---- rules -------------------------------------------------------------------------------


@functools.lru_cache(maxsize=16)
def _rules(sheet: str) -> _Rules:
    found: _Rules = {}
    for place, (selectors, declarations) in enumerate(_RULE.findall(sheet)):
        style = _style(_important(declarations))
        for selector in selectors.split(",") if style != _NOTHING else ():
            if steps := _steps(selector.strip()):
                weight = sum(len(step.classes) for step in steps)
                rank = (weight, sum(bool(step.tag) for step in steps), place)
                asked = [f".{name}" for name in steps[0].classes] or [steps[0].tag]
                asks = frozenset().union(*(step.classes for step in steps))
                found.setdefault(asked[0], []).append(_Rule(rank, steps, asks, style))
    return found


def _important(declarations: str) -> str:
    wanted = (one for one in declarations.split(";") if "!important" in one)
    return ";".join(wanted).replace("!important", "")


def _steps(selector: str) -> tuple[_Step, ...]:
    """The parts of a selector, the innermost first; none where it is of another kind than ours."""
    parts = _OURS.findall(selector)
    if "".join(parts) != selector:
        return ()
    steps, child = [], False
    for part in parts:
        tag, *classes = part.rstrip("> \n\t").split(".")
        steps.append(_Step(tag, frozenset(classes), child))
        child = ">" in part
    return tuple(reversed(steps))


def _ruled(path: Sequence[_Node], rules: _Rules) -> _Style:
    """What the rules say of the element at the path's end."""
    tag, classes, within = path[-1]
    asked = [rules[key] for key in (tag, *(f".{name}" for name in classes)) if key in rules]
    hits = [
        rule
        for each in asked
        for rule in each
        if rule.asks <= within and _matches(path, rule.steps)
    ]
    if not hits:
        return _NOTHING
    return functools.reduce(_over, (rule.style for rule in sorted(hits, key=_rank)), _NOTHING)


def _rank(rule: _Rule) -> tuple[int, int, int]:
    return rule.rank


def _over(below: _Style, style: _Style) -> _Style:
    return _Style(
        style.text or below.text, style.behind or below.behind, style.hidden or below.hidden
    )


def _matches(path: Sequence[_Node], steps: Sequence[_Step], end: int = -1, at: int = 0) -> bool:
    """Whether ``path[end]`` is what the step asks for, and the steps after it are above it."""
    step, node = steps[at], path[end]
    if (step.tag and step.tag != node.tag) or not step.classes <= node.classes:
        return False
    if at + 1 == len(steps):
        return True
    outermost = -len(path)
    last = max(outermost, end - 1) if step.child else outermost
    return any(_matches(path, steps, up, at + 1) for up in range(end - 1, last - 1, -1))


# ---- values ------------------------------------------------------------------------------


@functools.lru_cache(maxsize=512)
def _style(declarations: str, bgcolor: str = "") -> _Style:
    text, behind, hidden = None, _colour(bgcolor), False
    for one in declarations.split(";"):
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
