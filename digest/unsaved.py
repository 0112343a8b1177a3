"""What somebody typed into a briefing's form and has not saved: theirs, and seen by editors alone.

It is no change of the briefing: readers, drafts and the briefing's history know nothing of it.
"""

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from digest.briefings import Briefing
    from digest.models import Topic


class UnsavedBriefing(models.Model):
    """A briefing's form as one person left it."""

    topic = models.ForeignKey("digest.Topic", models.CASCADE, related_name="+")
    briefing = models.ForeignKey(
        "digest.Briefing",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="unsaved",
        help_text="None: one that is being written.",
    )
    by = models.CharField(max_length=320)
    typed = models.JSONField(help_text="The form's texts and rows, as they were typed.")
    seen = models.CharField(
        max_length=64, blank=True, help_text="The hash of what the briefing said when they began."
    )
    kept_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["briefing", "by"], name="unsaved_once"),
        ]
        indexes = [models.Index(fields=["topic", "by"], name="unsaved_of_topic")]

    def __str__(self) -> str:
        return f"{self.by}'s unsaved work of {self.kept_at:%Y-%m-%d %H:%M}"


KEPT = dt.timedelta(days=30)
"""After which nobody comes back to it."""

LONGEST = 1_000_000
"""Characters in all of a form; what is longer is kept by the browser alone."""


def keep(
    topic: "Topic",
    briefing: "Briefing | None",
    by: str,
    typed: dict[str, Any],
    *,
    seen: str = "",
    key: int | None = None,
) -> UnsavedBriefing | None:
    """Keep what stands in the form; None when it is too long for that.

    ``key`` names the row of a briefing that is being written; without one it gets a row.
    """
    typed = _without_nul(typed)
    if len(json.dumps(typed, ensure_ascii=False)) > LONGEST:
        return None
    now = timezone.now()
    UnsavedBriefing.objects.filter(topic=topic, kept_at__lt=now - KEPT).delete()
    said = {"typed": typed, "kept_at": now}
    if briefing is not None:
        return UnsavedBriefing.objects.update_or_create(
            briefing=briefing, by=by, defaults=said | {"topic": topic, "seen": seen}
        )[0]
    row = UnsavedBriefing.objects.filter(pk=key or 0, topic=topic, briefing=None, by=by).first()
    row = row or UnsavedBriefing(topic=topic, by=by)
    row.typed, row.kept_at = typed, now
    row.save()
    return row


def drop(topic: "Topic", briefing: "Briefing | None", by: str, key: int | None = None) -> None:
    """Forget it: it was saved, or is wanted no more."""
    mine = UnsavedBriefing.objects.filter(topic=topic, briefing=briefing, by=by)
    (mine if briefing else mine.filter(pk=key or 0)).delete()


def of(topic: "Topic", briefing: "Briefing | None") -> list[UnsavedBriefing]:
    """Everybody's unsaved work on a briefing (or on new ones), the latest first."""
    rows = UnsavedBriefing.objects.filter(topic=topic, briefing=briefing)
    return list(rows.filter(kept_at__gte=timezone.now() - KEPT).order_by("-kept_at"))


def _without_nul(value: Any) -> Any:
    """No database's text can hold a NUL."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(one) for one in value]
    return {key: _without_nul(one) for key, one in value.items()}
