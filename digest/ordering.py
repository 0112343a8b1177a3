"""Where an item stands in a draft: moved by steps or to a place, under a section.

Like all that an editor does by hand (arranging.py): one transaction each, audited.
"""

import hashlib
from collections.abc import Sequence

from digest import fitting, sections
from digest.editing import editing
from digest.errors import NotFound, Refused
from digest.models import Item, Update

LONGEST_SECTION = 120
"""Characters of a section's name, as its column holds them."""


def seen_now(update: Update) -> str:
    """What stands for the order and the sections as they are."""
    return seen(update, list(update.items.select_related("briefing").order_by("position")))


def seen(update: Update, items: Sequence[Item]) -> str:
    """What stands for the order and the sections that somebody looked at."""
    standing = sections.standing(update, items)
    said = [f"{item.briefing.slug}/{name}" for item, name in zip(items, standing, strict=True)]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def move(update: Update, slug: str, places: int, by: str) -> None:
    """Move an item up (negative) or down by so many steps; passing a heading is a step too."""
    with editing(update, by, "moved", slug):
        items = _ordered(update)
        item = _item(items, slug)
        for _ in range(abs(places)):
            _step(items, item, 1 if places > 0 else -1)
        _keep(update, items)


def place_at(
    update: Update, slug: str, index: int, by: str, *, section: str | None = None, looked_at: str
) -> tuple[int, str]:
    """Put an item at a place (0 is the first), under ``section`` (None: the one it is in).

    ``looked_at``: the order that was ``seen``; where it is another by now nothing is moved.
    Returns the place and the section that it had.
    """
    with editing(update, by, "placed", slug):
        items = _ordered(update)
        item = _item(items, slug)
        if looked_at != seen(update, items):
            raise Refused(
                f"Somebody else has changed the order meanwhile; “{item.said_headline}” was not "
                "moved. Here is the order as it is now: move it again."
            )
        was = items.index(item), item.section
        items.remove(item)
        items.insert(max(0, min(len(items), index)), item)
        item.section = item.section if section is None else _named(section)
        _keep(update, items)
    return was


def to_section(update: Update, slug: str, name: str, by: str) -> None:
    """Put an item at the end of a section; one of a new name begins below the item's own."""
    name = _named(name)
    with editing(update, by, f"put under “{name}”:" if name else "put under no section:", slug):
        items = _ordered(update)
        item = _item(items, slug)
        others = [one for one in items if one is not item]
        above = [one for one in others if one.section == name] or (
            [one for one in others if one.section == item.section] if name else []
        )
        at = others.index(above[-1]) + 1 if above else 0
        if name and not above:  # the only one of its section: that is called otherwise
            at = items.index(item)
        item.section = name
        _keep(update, [*others[:at], item, *others[at:]])


def rename_section(update: Update, name: str, to: str, by: str) -> None:
    """Call a section otherwise; without a name its items join the one above."""
    to = _named(to)
    with editing(update, by, f"renamed the section “{name}” to", f"“{to}”"):
        items = _ordered(update)
        standing = [item.section for item in items]
        if not name or name not in standing:
            raise NotFound(f"There is no section “{name}” any more; nothing was changed.")
        at = standing.index(name)
        for item in items:
            if item.section == name:
                item.section = to or (standing[at - 1] if at else "")
        _keep(update, items)


def _step(items: list[Item], item: Item, way: int) -> None:
    """One step up or down: past the neighbour or, where a heading stands between, past that."""
    here = items.index(item)
    there = here + way
    inside = 0 <= there < len(items)
    if not inside and way > 0:
        return
    beside = items[there].section if inside else ""
    if beside != item.section:
        item.section = beside
    elif inside:
        items.insert(there, items.pop(here))


def _ordered(update: Update) -> list[Item]:
    """The items in their order, each with the section that it stands in."""
    items = list(update.items.select_related("briefing").order_by("position"))
    for item, section in zip(items, sections.standing(update, items), strict=True):
        item.section = section
    return items


def _keep(update: Update, items: list[Item]) -> None:
    """Write it down; from the first change of a section on, the sections are the editor's."""
    before = {item.pk: item.section for item in _ordered(update)}
    update.sectioned |= any(item.section != before[item.pk] for item in items)
    update.arranged = True
    update.save(update_fields=["arranged", "sectioned"])
    sections.keep(update, items)


def _item(items: Sequence[Item], slug: str) -> Item:
    item = next((one for one in items if one.briefing.slug == slug), None)
    if item is None:
        raise NotFound(f"{slug!r} is not in the draft; nothing was changed.")
    return item


def _named(name: str) -> str:
    name = " ".join(name.split())
    fitting.refuse_line("The section’s name", name, LONGEST_SECTION)
    return name
