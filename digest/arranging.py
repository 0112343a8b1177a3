"""What an editor does to a draft by hand.  Each change is one transaction, audited."""

import contextlib
from collections.abc import Iterator

from django.db import transaction

from digest import holding
from digest.assembly import LeftOut
from digest.drafting import WORDED, change_since_carried, word
from digest.errors import NotFound, Refused
from digest.models import Depth, Item, Kind, Stage, Update, audit

LONGEST_LINE = 500
"""Characters of a headline, title, subject or preheader, as their columns hold them."""


def move(update: Update, slug: str, places: int, by: str) -> None:
    """Move an item up (negative) or down by so many places."""
    with _editing(update, by, "moved", slug):
        items = list(update.items.order_by("position"))
        item = _item(update, slug)
        order = [one.pk for one in items]
        here = order.index(item.pk)
        order.insert(max(0, min(len(order) - 1, here + places)), order.pop(here))
        _set_order(update, order)


def _set_order(update: Update, order: list[int]) -> None:
    """Give the items (by id) the places they have in the list."""
    by_id = {item.pk: item for item in update.items.all()}
    for position, pk in enumerate(order, 1):
        by_id[pk].position = position
    Item.objects.bulk_update(by_id.values(), ["position"])
    update.arranged = True
    update.save(update_fields=["arranged"])


def pin(update: Update, slug: str, pinned: bool, by: str) -> None:
    """Keep an item in whatever the budget says, or stop doing so."""
    with _editing(update, by, "pinned" if pinned else "unpinned", slug):
        item = _item(update, slug)
        item.pinned = pinned
        item.save(update_fields=["pinned"])


def drop(update: Update, slug: str, by: str) -> None:
    """Take a briefing out of this draft; it is a candidate again for the next."""
    with _editing(update, by, "dropped", slug):
        item = _item(update, slug)
        update.dropped = [*update.dropped, slug]
        update.left_out = [
            *update.left_out,
            {
                "slug": slug,
                "headline": item.briefing.headline,
                "code": LeftOut.DROPPED,
                "why": "Taken out by an editor.",
            },
        ]
        update.save(update_fields=["dropped", "left_out"])
        item.delete()


def include(update: Update, slug: str, by: str) -> None:
    """Put a briefing that was left out into the draft, pinned, at its end."""
    with _editing(update, by, "included", slug):
        briefing = update.topic.briefings.filter(slug=slug, withdrawn_at=None).first()
        if briefing is None:
            raise NotFound(f"There is no briefing {slug!r} to include; nothing was changed.")
        if update.items.filter(briefing=briefing).exists():
            raise Refused(f"{briefing.headline!r} is in the draft already.")
        update.dropped = [one for one in update.dropped if one != slug]
        update.left_out = [one for one in update.left_out if one["slug"] != slug]
        update.save(update_fields=["dropped", "left_out"])
        holding.release(briefing, by)  # whoever puts it in has looked at it
        carried = briefing.carried_in
        Item.objects.create(
            update=update,
            briefing=briefing,
            position=update.items.count() + 1,
            pinned=True,
            kind=Kind.CONTINUING if carried else Kind.NEW,
            depth=Depth.STANDARD,
            why="Included by an editor.",
            changed_since=carried,
            change=change_since_carried(briefing) if carried else "",
        )


def set_depth(update: Update, slug: str, depth: str, by: str) -> None:
    """Show one item at this depth, whatever its place."""
    with _editing(update, by, f"set the depth to {depth} of", slug):
        item = _item(update, slug)
        item.depth, item.depth_by_hand = Depth(depth), True
        item.save(update_fields=["depth", "depth_by_hand"])


def override(update: Update, slug: str, headline: str, summary: str, by: str) -> None:
    """Say it otherwise in this update only; empty text returns to the briefing's own."""
    _refuse_too_long(headline=headline)
    with _editing(update, by, "reworded", slug):
        item = _item(update, slug)
        item.headline, item.summary = headline.strip(), summary.strip()
        item.save(update_fields=["headline", "summary"])


def reword(update: Update, by: str, **texts: str) -> None:
    """Set title, subject, preheader or note; empty ones of the first three are made by rule."""
    _refuse_too_long(**{name: text for name, text in texts.items() if name in WORDED})
    with _editing(update, by, "worded", "the update"):
        for name, text in texts.items():
            setattr(update, name, text.strip())
            if name in WORDED:
                others = [one for one in update.worded_by_hand if one != name]
                update.worded_by_hand = [*others, name] if text.strip() else others
        update.save(update_fields=[*texts, "worded_by_hand"])


def _refuse_too_long(**lines: str) -> None:
    for name, text in lines.items():
        if len(text.strip()) > LONGEST_LINE:
            raise Refused(
                f"The {name} has {len(text.strip()):,} characters, and {LONGEST_LINE} are the "
                "most; nothing was changed. Shorten it."
            )


@contextlib.contextmanager
def _editing(update: Update, by: str, verb: str, slug: str) -> Iterator[None]:
    """One change of a draft: refused unless it is one; worded anew and audited after."""
    with transaction.atomic():
        Update.objects.select_for_update().get(pk=update.pk)
        update.refresh_from_db()
        if update.stage != Stage.DRAFT:
            raise Refused(f"{update.label} is approved; unapprove it to change it.")
        yield
        word(update)
        audit(by, "edited update", update.ref, did=f"{verb} {slug}")


def _item(update: Update, slug: str) -> Item:
    item = update.items.select_related("briefing").filter(briefing__slug=slug).first()
    if item is None:
        raise NotFound(f"{slug!r} is not in the draft; nothing was changed.")
    return item
