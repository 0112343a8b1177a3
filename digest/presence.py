"""Who is at a draft just now, what they do, and what they have changed meanwhile.

An open page gives a sign every few seconds; whoever gives none is gone. A row is written only
where it says something new, so that ten editors cost the database about one write a second.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from digest import versions
from digest.models import Update
from digest.teamwork import Presence, Version

HERE = dt.timedelta(seconds=20)
"""Two signs may be missed."""
SIGN = dt.timedelta(seconds=6)
"""The same again within this time is not written down."""
FORGOTTEN = dt.timedelta(days=30)

RECENT = dt.timedelta(days=7)
"""Older changes are no news to anybody."""
TOLD = 3
"""Changes of others that are told one by one; one more says that there are more."""


def sign(update: Update, who: str, doing: str | None = None, *, saw: bool = False) -> None:
    """Somebody is here; ``saw``: their page shows the draft as it is now. None: as they did."""
    now = timezone.now()
    mine = Presence.objects.filter(update=update, who=who)
    said: dict[str, Any] = {"seen_at": now}
    if doing is not None:
        said["doing"] = doing[:100]
    if saw:
        said["version"] = versions.latest(update)
    elif mine.filter(doing=said.get("doing", ""), seen_at__gt=now - SIGN).exists():
        return
    if mine.update(**said):
        return
    Presence.objects.filter(seen_at__lt=now - FORGOTTEN).delete()
    try:
        with transaction.atomic():
            Presence.objects.create(update=update, who=who, **said)
    except IntegrityError:  # another tab of theirs was quicker
        mine.update(**said)


def others(update: Update, who: str) -> Sequence[Presence]:
    """Who else is here."""
    here = update.presences.filter(seen_at__gt=timezone.now() - HERE)
    return list(here.exclude(who=who).order_by("who"))


def seen_by(update: Update, who: str) -> int:
    """The last version that was on a page of theirs; 0 before they were here."""
    mine = update.presences.filter(who=who).values_list("version", flat=True)
    return mine.first() or 0


def news(update: Update, who: str, since: int) -> list[Version]:
    """What others have done since that version, the last first; nothing to who has seen none."""
    if not since:
        return []
    done = update.versions.filter(pk__gt=since, at__gt=timezone.now() - RECENT).exclude(by=who)
    return list(done.defer("state", "view")[: TOLD + 1])
