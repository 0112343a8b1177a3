"""Where each finding leads on the desk, and what mends it at one click."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from digest.checks import Finding, Level, Place
from digest.depths import Depth
from digest.models import Item, Update

_FIELDS = {
    Place.SUBJECT: ("#subject", "Go to the subject"),
    Place.PREHEADER: ("#preheader", "Go to the preheader"),
    Place.TITLE: ("#title", "Go to the title"),
    Place.NOTE: ("#note", "Go to the note"),
    Place.ITEMS: ("#items-title", "Go to the items"),
    Place.PARTNER: ("#partner", "Go to the partner block"),
}
_ROWS = ("sources", "next", "perspectives")
"""Parts of a briefing that are lists in its form."""

_OWN = ("headline", "summary")
"""Parts that an item may say otherwise in this update."""

_LESS = {Depth.LEAD: Depth.STANDARD, Depth.STANDARD: Depth.BRIEF}


@dataclass(frozen=True, slots=True)
class Act:
    """A button that mends: its words, where it posts (below the draft) and what."""

    label: str
    to: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Mending:
    """A finding, its place (a link; "" has none) and the acts that mend it."""

    finding: Finding
    href: str
    label: str
    acts: Sequence[Act]


def of(
    update: Update, items: Sequence[Item], findings: Sequence[Finding], draft: str = ""
) -> list[Mending]:
    """How each finding that is amiss is mended. ``draft``: the draft's address, on another page."""
    by_slug = {item.briefing.slug: item for item in items}
    amiss = [one for one in findings if one.level != Level.OK]
    return [
        Mending(one, *_place(update, by_slug, one, draft), list(_acts(update, items, by_slug, one)))
        for one in amiss
    ]


def _place(update: Update, items: Mapping[str, Item], one: Finding, draft: str) -> tuple[str, str]:
    if one.place in _FIELDS:
        anchor, label = _FIELDS[one.place]
        return draft + anchor, label
    if one.place == Place.TOPIC:
        return f"/desk/{update.topic.slug}/settings/#{one.part}", "Go to the topic’s settings"
    if not one.where:
        return "", ""
    item = items.get(one.where)
    if item and one.part in _OWN and getattr(item, one.part):
        return f"{draft}#{one.part}-{one.where}", "Go to its words"
    part = f"rows-{one.part}" if one.part in _ROWS else one.part
    return f"/desk/{update.topic.slug}/briefings/{one.where}/#{part}", "Go to it"


def _acts(
    update: Update, items: Sequence[Item], by_slug: Mapping[str, Item], one: Finding
) -> Iterator[Act]:
    if one.place in {Place.SUBJECT, Place.PREHEADER, Place.TITLE}:
        if one.place in update.worded_by_hand:
            yield Act("Take the one made from the items", "words/", {one.place: ""})
    elif one.name == "items":
        if one.where in by_slug:
            yield _leave_out(by_slug[one.where])
        yield Act("Assemble again", "assemble/", {})
    elif one.name in {"weight", "budget"}:
        yield from _less(by_slug.get(one.where) or _longest(items))
        if not one.where and len(items) > 1:
            yield _leave_out(items[-1])


def _longest(items: Sequence[Item]) -> Item | None:
    """Of those below the first, the last that is shown at more depth than brief."""
    return next((item for item in reversed(items[1:]) if item.depth in _LESS), None)


def _less(item: Item | None) -> Iterator[Act]:
    if item is not None and item.depth in _LESS:
        depth = _LESS[Depth(item.depth)]
        words = "as standard" if depth == Depth.STANDARD else "briefly"
        yield Act(
            f"Show “{item.said_headline}” {words}", _to(item), {"do": "depth", "depth": depth}
        )


def _leave_out(item: Item) -> Act:
    return Act(f"Leave out “{item.said_headline}”", _to(item), {"do": "drop"})


def _to(item: Item) -> str:
    return f"items/{item.briefing.slug}/"
