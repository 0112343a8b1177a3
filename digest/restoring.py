"""A draft as it was in one of its versions: brought back, which is a change like any other."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Model

from digest import folding
from digest.arranging import left_out
from digest.assembly import LeftOut
from digest.briefings import Briefing, Ruling
from digest.editing import editing
from digest.errors import Refused
from digest.models import Fold, Item, Update
from digest.partners import PartnerBlock
from digest.teamwork import Version

NOT_THERE = "It was not in the version that was brought back."


def restore(update: Update, version: Version, by: str) -> list[str]:
    """Make the draft what it was then; what could not be brought back, in words.

    A briefing that was withdrawn meanwhile stays out. What came in since is left out, and can be
    included again. Refused where nothing of the version's items can be brought back.
    """
    state = version.state
    at = version.at.astimezone(ZoneInfo(update.topic.zone))
    with editing(update, by, "restored", f"the version of {at.day} {at:%B, %H:%M}"):
        usable = _usable(state)
        placed = [one for one in state["items"] if one["briefing_id"] in usable]
        if state["items"] and not placed:
            raise Refused(
                "Every briefing of that version is withdrawn; nothing was changed. Put one of them "
                "back first."
            )
        placed_ids = {one["briefing_id"] for one in placed}
        folds = [one for one in state["folds"] if {one["briefing_id"], one["into_id"]} <= usable]
        _rule(update, folds, placed_ids, by)
        _leave_out(update, placed_ids)
        _set(update, state["update"])
        update.items.all().delete()
        for position, one in enumerate(placed, 1):
            Item.objects.create(update=update, **_known(Item, one) | {"position": position})
        update.folds.all().delete()
        for one in folds:
            Fold.objects.create(update=update, **_known(Fold, one))
        PartnerBlock.objects.filter(update=update).delete()
        for one in state["partner"]:
            PartnerBlock.objects.create(update=update, **_known(PartnerBlock, one))
    return _lost(state, usable)


def _usable(state: dict[str, Any]) -> set[int]:
    """Of the version's briefings those that may go into an update."""
    named = [one["briefing_id"] for one in [*state["items"], *state["folds"]]]
    named += [one["into_id"] for one in state["folds"]]
    there = Briefing.objects.filter(pk__in=named, withdrawn_at=None)
    return set(there.values_list("pk", flat=True))


def _lost(state: dict[str, Any], usable: set[int]) -> list[str]:
    """What is not as it was then, a sentence each."""
    gone = [one["briefing_id"] for one in state["items"] if one["briefing_id"] not in usable]
    names = dict(Briefing.objects.filter(pk__in=gone).values_list("pk", "headline"))
    return [
        f"“{names[pk]}” was withdrawn since and stays out."
        if pk in names
        else "A briefing that is no more stays out."
        for pk in gone
    ]


def _leave_out(update: Update, placed: set[int]) -> None:
    """List what drops out as left out, and what comes in as left out no more."""
    out = update.items.exclude(briefing__in=placed).values_list("briefing", flat=True)
    told = set(update.folds.values_list("briefing", flat=True))
    inside = set(Briefing.objects.filter(pk__in=placed).values_list("slug", flat=True))
    update.left_out = [one for one in update.left_out if one["slug"] not in inside]
    update.left_out += [
        left_out(update, one, LeftOut.DROPPED, NOT_THERE)
        for one in Briefing.objects.filter(pk__in={*out, *told} - placed)
        if one.slug not in {left["slug"] for left in update.left_out}
    ]
    update.likely = [
        one for one in update.likely if one["slug"] in inside and one["into"] in inside
    ]


def _set(update: Update, columns: dict[str, Any]) -> None:
    for name, value in _known(Update, columns).items():
        setattr(update, name, value)
    update.save()


def _rule(update: Update, folds: Iterable[dict[str, Any]], placed: set[int], by: str) -> None:
    """Of pairs that are folded or split otherwise now: what holds again, in later drafts too."""
    now = {(fold.briefing_id, fold.into_id) for fold in update.folds.all()}
    then = {(one["briefing_id"], one["into_id"]) for one in folds}
    apart = {pair for pair in now - then if pair[0] in placed}
    named = Briefing.objects.in_bulk({pk for pair in (then - now) | apart for pk in pair})
    for one, into in sorted((then - now) | apart):
        ruling = Ruling.APART if (one, into) in apart else Ruling.SAME
        folding.rule(named[one], named[into], ruling, by)


def _known(model: type[Model], columns: dict[str, Any]) -> dict[str, Any]:
    """Those columns that there still are: a version may be older than the database's shape."""
    names = {field.attname for field in model._meta.concrete_fields}  # noqa: SLF001
    return {name: value for name, value in columns.items() if name in names}
