"""What somebody typed into a briefing's form and has not saved: theirs, and seen by editors alone.

It is no change of the briefing: readers, drafts and the briefing's history know nothing of it.
"""

from django.db import models
from django.utils import timezone


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
