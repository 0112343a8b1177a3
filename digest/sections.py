"""The sections of an update: which one each item stands in, by the topic's rule or by hand.

An editor's hold for one update.  Then each item names its own, those of one section stand together,
and those of none before the first heading.
"""

from collections.abc import Sequence
from itertools import groupby

from digest.models import Item, Update


def by_tag(tags: Sequence[str]) -> list[str]:
    """The section of each item by the topic's rule: below the lead, the items of one tag.

    Only where that helps: every item has a tag, those of one tag stand together, and at least two
    sections hold more than one.
    """
    runs = [(tag, len(list(run))) for tag, run in groupby(tags[1:])]
    names = [tag for tag, _ in runs]
    if not all(names) or len(set(names)) < len(names) or sum(n > 1 for _, n in runs) < 2:
        return [""] * len(tags)
    return ["", *tags[1:]]


def standing(update: Update, items: Sequence[Item]) -> list[str]:
    """The section that each item of a draft stands in; "" is none."""
    if update.sectioned:
        return [item.section for item in items]
    if update.topic.sections:
        return by_tag([item.briefing.tag for item in items])
    return [""] * len(items)


def together(items: Sequence[Item]) -> list[Item]:
    """In the order of the sections' first items; those of no section before all."""
    names = list(dict.fromkeys(["", *(item.section for item in items)]))
    return sorted(items, key=lambda item: names.index(item.section))


def settle(update: Update) -> None:
    """Find each newcomer a section: its tag's where there is one, else the one it stands below."""
    if not update.sectioned:
        return
    items = list(update.items.select_related("briefing").order_by("position"))
    names = {item.section for item in items}
    above = ""
    for item in items:
        if not item.section:
            item.section = item.briefing.tag if item.briefing.tag in names else above
        above = item.section
    keep(update, items)


def keep(update: Update, items: Sequence[Item]) -> None:
    """Write down the items' order and, where they are an editor's, their sections."""
    for position, item in enumerate(together(items) if update.sectioned else items, 1):
        item.position = position
    Item.objects.bulk_update(items, ["position", *(["section"] if update.sectioned else [])])
