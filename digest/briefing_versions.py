"""What a briefing said at each time, who made it say so, and saying it again."""

import datetime as dt
from typing import NamedTuple

from django.db import transaction

from digest.audit import audit
from digest.briefings import Briefing
from digest.errors import NotFound
from digest.intake import store
from digest.parts import BriefingData

NOW = 0
"""Names the briefing as it stands; every other version is named by its row's id."""


class Version(NamedTuple):
    """One state of a briefing: since when it was so, and by whom ("" of the first)."""

    key: int
    since: dt.datetime
    by: str


def history(briefing: Briefing) -> list[Version]:
    """Every state it had, the present one first; without their texts."""
    rows = briefing.versions.order_by("pk").values_list("pk", "replaced_at", "replaced_by")
    since, by = briefing.received_at, ""
    told = []
    for key, replaced_at, replaced_by in rows:
        told.append(Version(key, since, by))
        since, by = replaced_at, replaced_by or "somebody"
    told.append(Version(NOW, since, by))
    return told[::-1]


def content(briefing: Briefing, key: int) -> BriefingData:
    """What that version said; NotFound where there is none."""
    if key == NOW:
        return briefing.data
    found = briefing.versions.filter(pk=key).first()
    if found is None:
        raise NotFound("There is no such version of this briefing; nothing was changed.")
    return BriefingData.model_validate(found.content)


def restore(briefing: Briefing, key: int, by: str) -> store.Result:
    """Let the briefing say once more what it said then; what it says now becomes a version."""
    said = content(briefing, key)
    with transaction.atomic():
        result = store.keep(said, briefing.topic, by)
        if result is not store.Result.UNCHANGED:
            about = f"{briefing.topic.slug}/{briefing.slug}"[:200]
            audit(by, "restored briefing", about, version=key)
    return result
