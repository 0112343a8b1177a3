"""What an update was after each change: kept as plain data, with what readers would have got.

Somebody who goes on typing at one text makes one version, not one for each pause; the oldest
of very many go.
"""

import datetime as dt
import zlib
from typing import Any

from django.db.models import Model
from django.utils import timezone

from digest import editions
from digest.models import Fold, Item, Update
from digest.partners import PartnerBlock
from digest.rendering.view import EmailView, canonical, content_hash
from digest.teamwork import Version

PAUSE = dt.timedelta(minutes=2)
"""Who does the same again within this time goes on with what they were doing…"""
LONGEST = dt.timedelta(minutes=10)
"""…but not for longer than this: what stood there in between is worth a version."""

MOST = 200
"""Versions that are kept of an update."""

_OF_UPDATE = {
    "id", "topic", "number", "stage", "since", "until", "assembled_at", "left_out", "likely",
    "approved_at", "approved_by", "content_hash", "due_at", "planned_at", "segments", "rate",
    "despite", "unattended",
}  # fmt: skip
_OF_ITEM = {"id", "update", "frozen", "closed"}
_OF_FOLD = {"id", "update", "frozen"}
_OF_PARTNER = {"id", "update"}
"""Columns that a version doesn't bring back: which one it is, and what becomes of it."""


def keep(update: Update, by: str, did: str, *, anew: bool = False) -> Version:
    """The update as it stands, as a version; in the caller's transaction.

    ``anew``: also where nothing has changed, and never as a part of the last one: an approval.
    """
    last = update.versions.first()
    made = _made(update, by, did)
    if last and not anew:
        if (last.state, last.hash) == (made.state, made.hash):
            return last
        if _goes_on(last, made):
            made.begun_at = last.begun_at
            last.delete()  # and added anew, so that a later change always has a greater key
    made.save()
    for old in update.versions.values_list("pk", flat=True)[MOST : MOST + 1]:
        update.versions.filter(pk__lte=old).delete()
    return made


def latest(update: Update) -> int:
    """The key of the last change; 0 before the first."""
    return update.versions.values_list("pk", flat=True).first() or 0


def view(version: Version) -> EmailView:
    """What readers would have got."""
    return EmailView.model_validate_json(zlib.decompress(version.view))


def _made(update: Update, by: str, did: str) -> Version:
    now = timezone.now()
    view = editions.view_of(update)
    return Version(
        update=update,
        by=by,
        did=did[:1100],
        begun_at=now,
        at=now,
        state=state(update),
        view=zlib.compress(canonical(view).encode()),
        hash=content_hash(view),
    )


def _goes_on(last: Version, made: Version) -> bool:
    same = (last.by, last.did) == (made.by, made.did)
    return same and made.at - last.at < PAUSE and made.at - last.begun_at < LONGEST


def state(update: Update) -> dict[str, Any]:
    """What restores the update: its own columns, its items in their order, its folds and its
    partner block."""
    items = Item.objects.filter(update=update).order_by("position", "pk")
    return {
        "update": columns(update, _OF_UPDATE),
        "items": [columns(item, _OF_ITEM) for item in items],
        "folds": [columns(fold, _OF_FOLD) for fold in Fold.objects.filter(update=update)],
        "partner": [
            columns(block, _OF_PARTNER) for block in PartnerBlock.objects.filter(update=update)
        ],
    }


def columns(row: Model, but: set[str]) -> dict[str, Any]:
    """A row's columns as plain data, whichever there are, so that a new one is kept unasked."""
    fields = [field for field in row._meta.concrete_fields if field.name not in but]  # noqa: SLF001
    return {field.attname: field.value_from_object(row) for field in fields}
