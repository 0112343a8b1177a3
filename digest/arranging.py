"""What an editor does to a draft by hand.  Each change is one transaction, audited.

(ordering.py: where an item stands.)
"""

from typing import Any

from django.db.models import F

from digest import fitting, folding, holding, sections
from digest.assembly import LeftOut
from digest.briefings import Briefing, Ruling
from digest.depths import Depth
from digest.drafting import (
    ALSO_TOLD_BY,
    PAST_CUTOFF,
    WORDED,
    also_told_by,
    change_since_carried,
)
from digest.editing import editing
from digest.errors import NotFound, Refused
from digest.models import Item, Kind, Update

LONGEST_LINE = 500
"""Characters of a headline, title, subject or preheader, as their columns hold them."""
LONGEST_TEXT = 10_000
"""Characters of a note, or of an item's own summary: an article, where a paragraph is wanted."""
LONGEST_WORD = 300
"""Characters of why something is taken in past the cut-off."""


def pin(update: Update, slug: str, pinned: bool, by: str) -> None:
    """Keep an item in whatever the budget says, or stop doing so."""
    with editing(update, by, "pinned" if pinned else "unpinned", slug):
        item = _item(update, slug)
        item.pinned = pinned
        item.save(update_fields=["pinned"])


_OF_AN_ITEM = (
    "position", "kind", "depth", "depth_by_hand", "pinned", "why", "changed_since_id", "change",
    "headline", "summary", "section", "anyway",
)  # fmt: skip


def drop(update: Update, slug: str, by: str) -> dict[str, Any]:
    """Take a briefing out of this draft; the desk still lists it, to be included after all.

    What comes back is plain data: ``take_back`` makes the item again from it.
    """
    with editing(update, by, "dropped", slug):
        item = _item(update, slug)
        update.dropped = [*update.dropped, slug]
        _forget(update, slug)
        _leave_out(update, item.briefing, LeftOut.DROPPED, "Taken out by an editor.")
        # What it told too is told by nothing here any more.
        folds = update.folds.filter(into=item.briefing)
        was = {name: getattr(item, name) for name in _OF_AN_ITEM}
        was["folds"] = list(folds.values("briefing_id", "why"))
        folds.delete()
        item.delete()
    return was


def take_back(update: Update, slug: str, was: dict[str, Any], by: str) -> None:
    """Put a dropped item back as it was, with whatever it told too."""
    with editing(update, by, "took back", slug):
        briefing = _briefing(update, slug)
        is_in = update.items.filter(briefing=briefing) or update.folds.filter(briefing=briefing)
        if is_in or briefing.withdrawn_at:
            raise Refused(f"{briefing.headline!r} can't be put back; nothing was changed.")
        update.dropped = [one for one in update.dropped if one != slug]
        _forget(update, slug)
        here = was["position"]
        update.items.filter(position__gte=here).update(position=F("position") + 1)
        update.items.create(briefing=briefing, **{name: was[name] for name in _OF_AN_ITEM})
        taken = set(update.items.values_list("briefing_id", flat=True))
        for fold in was["folds"]:
            if fold["briefing_id"] not in taken:
                update.folds.get_or_create(
                    briefing_id=fold["briefing_id"], defaults={"into": briefing, "why": fold["why"]}
                )
        sections.settle(update)


def include(update: Update, slug: str, by: str, anyway: str = "") -> None:
    """Put a briefing that was left out into the draft, pinned, at its end.

    ``anyway``: why one of after the cut-off is taken in all the same; such a one needs a word.
    """
    word_for_it = " ".join(anyway.split())
    fitting.refuse_line("The reason", word_for_it, LONGEST_WORD)
    verb = f"included past the cut-off (“{word_for_it}”)" if word_for_it else "included"
    with editing(update, by, verb, slug):
        briefing = update.topic.briefings.filter(slug=slug, withdrawn_at=None).first()
        if briefing is None:
            raise NotFound(f"There is no briefing {slug!r} to include; nothing was changed.")
        if update.items.filter(briefing=briefing).exists():
            raise Refused(f"{briefing.headline!r} is in the draft already.")
        _refuse_late_without_a_word(update, briefing, word_for_it)
        update.dropped = [one for one in update.dropped if one != slug]
        for fold in update.folds.filter(briefing=briefing).select_related("into"):
            folding.rule(briefing, fold.into, Ruling.APART, by)
            fold.delete()
        _forget(update, slug)
        holding.release(briefing, by)  # whoever puts it in has looked at it
        why = "Included by an editor."
        _add(update, briefing, _end(update), why, pinned=True, anyway=word_for_it)


def is_past_cutoff(update: Update, briefing: Briefing) -> bool:
    """Whether it is news of after the draft's cut-off."""
    if briefing.carried_in_id is None:
        return briefing.published_at > update.until
    return briefing.moved_on and (briefing.updated_at or briefing.changed_at) > update.until


def _refuse_late_without_a_word(update: Update, briefing: Briefing, said: str) -> None:
    if is_past_cutoff(update, briefing) and not said:
        raise Refused(
            f"{briefing.headline!r} came after the cut-off; nothing was changed. To take it in "
            "anyway, say in a word why: it is kept."
        )


def _end(update: Update) -> int:
    """The place after the last item; those that were dropped leave gaps."""
    last = update.items.order_by("position").last()
    return last.position + 1 if last else 1


def _add(
    update: Update, briefing: Briefing, at: int, why: str, pinned: bool = False, anyway: str = ""
) -> None:
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
        anyway=anyway,
    )
    sections.settle(update)


def _leave_out(update: Update, briefing: Briefing, code: LeftOut, why: str) -> None:
    update.left_out = [*update.left_out, left_out(update, briefing, code, why)]
    update.save(update_fields=["dropped", "left_out"])


def left_out(update: Update, briefing: Briefing, code: LeftOut, why: str) -> dict[str, str]:
    """How the draft lists a briefing that is not in it."""
    said = {"slug": briefing.slug, "headline": briefing.headline, "code": code, "why": why}
    return said | (PAST_CUTOFF if is_past_cutoff(update, briefing) else {})


def _forget(update: Update, slug: str) -> None:
    """It is left out no more, and nobody need be asked about it."""
    update.left_out = [one for one in update.left_out if one["slug"] != slug]
    update.likely = [one for one in update.likely if slug not in (one["slug"], one["into"])]
    update.save(update_fields=["dropped", "left_out", "likely"])


def fold(update: Update, slug: str, into: str, by: str) -> None:
    """Let one item tell the story of another briefing too; it stays so in later drafts.

    ``into`` is an item of the draft, or a briefing that readers had: then the story was told.
    """
    with editing(update, by, "folded", slug, "into", into):
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
        update.dropped = [name for name in update.dropped if name != slug]
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
    gone = next((briefing for briefing in (one, other) if briefing.withdrawn_at), None)
    if gone:
        raise Refused(f"“{gone.headline}” is withdrawn; nothing was changed. Put it back first.")
    if item is None and other.carried_in is None:
        raise NotFound(
            f"{other.slug!r} is neither in the draft nor was it in an update; nothing was "
            "changed. Include it first."
        )
    if one.carried_in and item is None:
        raise Refused(f"Readers had {one.headline!r} as a story of its own; nothing was changed.")


def split(update: Update, slug: str, by: str) -> None:
    """Make an item of what was folded, below the one it was in; the two stay apart from now on."""
    with editing(update, by, "split off", slug):
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
        at = head.position + 1 if head else _end(update)
        update.items.filter(position__gte=at).update(position=F("position") + 1)
        _add(update, one.briefing, at, f"Split off “{one.into.headline}” by an editor.")


def keep_apart(update: Update, slug: str, other: str, by: str) -> None:
    """Answer that two which may be one story are two; nobody is asked about them again."""
    with editing(update, by, "kept", slug, "apart from", other):
        folding.rule(_briefing(update, slug), _briefing(update, other), Ruling.APART, by)
        update.likely = [
            one for one in update.likely if {one["slug"], one["into"]} != {slug, other}
        ]
        update.save(update_fields=["likely"])


def set_depth(update: Update, slug: str, depth: str, by: str) -> None:
    """Show one item at this depth, whatever its place."""
    with editing(update, by, f"set the depth to {depth} of", slug):
        item = _item(update, slug)
        item.depth, item.depth_by_hand = Depth(depth), True
        item.save(update_fields=["depth", "depth_by_hand"])


def override(update: Update, slug: str, headline: str, summary: str, by: str) -> None:
    """Say it otherwise in this update only; empty text returns to the briefing's own."""
    _refuse_unfit(headline=headline, summary=summary)
    with editing(update, by, "reworded", slug):
        item = _item(update, slug)
        item.headline, item.summary = headline.strip(), summary.strip()
        item.save(update_fields=["headline", "summary"])


def reword(update: Update, by: str, **texts: str) -> None:
    """Set title, subject, preheader or note; empty ones of the first three are made by rule."""
    _refuse_unfit(**texts)
    with editing(update, by, "worded", "the update"):
        for name, text in texts.items():
            setattr(update, name, text.strip())
            if name in WORDED:
                others = [one for one in update.worded_by_hand if one != name]
                update.worded_by_hand = [*others, name] if text.strip() else others
        update.save(update_fields=[*texts, "worded_by_hand"])


_TEXTS = ("note", "summary")


def _refuse_unfit(**texts: str) -> None:
    for name, text in texts.items():
        if name in _TEXTS:
            fitting.refuse_text(f"The {name}", text.strip(), LONGEST_TEXT)
        else:
            fitting.refuse_line(f"The {name}", text.strip(), LONGEST_LINE)


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
