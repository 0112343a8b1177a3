"""What an editor does to a draft by hand.  Each change is one transaction, audited."""

import contextlib
from collections.abc import Iterator

from django.db import transaction
from django.db.models import F

from digest import folding, holding
from digest.assembly import LeftOut
from digest.drafting import ALSO_TOLD_BY, WORDED, also_told_by, change_since_carried, word
from digest.errors import NotFound, Refused
from digest.models import Briefing, Depth, Item, Kind, Ruling, Stage, Update, audit

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
    """Take a briefing out of this draft; the desk still lists it, to be included after all."""
    with _editing(update, by, "dropped", slug):
        item = _item(update, slug)
        update.dropped = [*update.dropped, slug]
        _forget(update, slug)
        _leave_out(update, item.briefing, LeftOut.DROPPED, "Taken out by an editor.")
        # What it told too is told by nothing here any more.
        update.folds.filter(into=item.briefing).delete()
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
        for fold in update.folds.filter(briefing=briefing).select_related("into"):
            folding.rule(briefing, fold.into, Ruling.APART, by)
            fold.delete()
        _forget(update, slug)
        holding.release(briefing, by)  # whoever puts it in has looked at it
        _add(update, briefing, update.items.count() + 1, "Included by an editor.", pinned=True)


def _add(update: Update, briefing: Briefing, at: int, why: str, pinned: bool = False) -> None:
    carried = briefing.carried_in
    update.items.create(
        briefing=briefing,
        position=at,
        pinned=pinned,
        kind=Kind.CONTINUING if carried else Kind.NEW,
        depth=Depth.STANDARD,
        why=why,
        changed_since=carried,
        change=change_since_carried(briefing) if carried else "",
    )


def _leave_out(update: Update, briefing: Briefing, code: LeftOut, why: str) -> None:
    said = {"slug": briefing.slug, "headline": briefing.headline, "code": code, "why": why}
    update.left_out = [*update.left_out, said]
    update.save(update_fields=["dropped", "left_out"])


def _forget(update: Update, slug: str) -> None:
    """It is left out no more, and nobody need be asked about it."""
    update.left_out = [one for one in update.left_out if one["slug"] != slug]
    update.likely = [one for one in update.likely if slug not in (one["slug"], one["into"])]
    update.save(update_fields=["dropped", "left_out", "likely"])


def fold(update: Update, slug: str, into: str, by: str) -> None:
    """Let one item tell the story of another briefing too; it stays so in later drafts.

    ``into`` is an item of the draft, or a briefing that readers had: then the story was told.
    """
    with _editing(update, by, f"folded into {into}:", slug):
        one, other = _briefing(update, slug), _briefing(update, into)
        item = update.items.filter(briefing=other).first()
        _refuse_fold(one, other, item)
        holding.release(one, by)  # whoever folds it has looked at it
        folding.rule(one, other, Ruling.SAME, by)
        update.items.filter(briefing=one).delete()
        # Those that it told itself go along; none is told by two.
        update.folds.filter(into=one).update(into=other)
        update.folds.filter(briefing=one).delete()
        update.folds.create(briefing=one, into=other, why=folding.BY_HAND)
        _forget(update, slug)
        if item is None:
            _leave_out(update, one, LeftOut.TOLD, f"{folding.BY_HAND} “{other}” told it before.")
        else:
            _say_who_else(item)


def _say_who_else(item: Item) -> None:
    """Name in the item's reason who else tells its story by now."""
    names: list[str] = []
    for other in item.update.folds.filter(into=item.briefing).select_related("briefing"):
        told = [source["name"] for source in other.briefing.sources]
        names += told or [other.briefing.headline]
    own = [source["name"] for source in item.briefing.sources]
    why = item.why.partition(f" {ALSO_TOLD_BY}")[0]
    item.why = f"{why} {also_told_by(names, own)}".strip()
    item.save(update_fields=["why"])


def _refuse_fold(one: Briefing, other: Briefing, item: Item | None) -> None:
    if one == other:
        raise Refused("A briefing can't be folded into itself; nothing was changed.")
    if item is None and other.carried_in is None:
        raise NotFound(
            f"{other.slug!r} is neither in the draft nor was it in an update; nothing was "
            "changed. Include it first."
        )
    if one.carried_in and item is None:
        raise Refused(f"Readers had {one.headline!r} as a story of its own; nothing was changed.")


def split(update: Update, slug: str, by: str) -> None:
    """Make an item of what was folded, below the one it was in; the two stay apart from now on."""
    with _editing(update, by, "split off", slug):
        found = update.folds.select_related("briefing__topic", "into").filter(briefing__slug=slug)
        one = found.first()
        if one is None:
            raise NotFound(f"{slug!r} is folded into nothing in the draft; nothing was changed.")
        folding.rule(one.briefing, one.into, Ruling.APART, by)
        one.delete()
        _forget(update, slug)
        head = update.items.filter(briefing=one.into).first()
        if head:
            _say_who_else(head)
        at = head.position if head else update.items.count()
        update.items.filter(position__gt=at).update(position=F("position") + 1)
        _add(update, one.briefing, at + 1, f"Split off “{one.into.headline}” by an editor.")


def keep_apart(update: Update, slug: str, other: str, by: str) -> None:
    """Answer that two which may be one story are two; nobody is asked about them again."""
    with _editing(update, by, f"kept apart from {other}:", slug):
        folding.rule(_briefing(update, slug), _briefing(update, other), Ruling.APART, by)
        update.likely = [
            one for one in update.likely if {one["slug"], one["into"]} != {slug, other}
        ]
        update.save(update_fields=["likely"])


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
        audit(by, "edited update", update, did=f"{verb} {slug}")


def _item(update: Update, slug: str) -> Item:
    item = update.items.select_related("briefing").filter(briefing__slug=slug).first()
    if item is None:
        raise NotFound(f"{slug!r} is not in the draft; nothing was changed.")
    return item


def _briefing(update: Update, slug: str) -> Briefing:
    found = update.topic.briefings.filter(slug=slug).select_related("topic").first()
    if found is None:
        raise NotFound(f"There is no briefing {slug!r}; nothing was changed.")
    return found
