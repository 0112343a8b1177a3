"""The last examination as a row, so that page and alerts show it without examining anew."""

from django.db import models


class Examination(models.Model):
    """One row: what was found last, and whether somebody is at it now."""

    begun_at = models.DateTimeField(null=True, help_text="Of the one that is under way.")
    ended_at = models.DateTimeField(null=True, help_text="Of the last whole one.")
    by = models.CharField(max_length=320, blank=True, help_text="Who had the last one made.")
    host = models.CharField(max_length=255, blank=True, help_text="From which machine it looked.")
    findings = models.JSONField(default=list, help_text="All findings, each as plain data.")
    daily_at = models.DateTimeField(null=True, help_text="When the next daily one is due.")
    known = models.JSONField(
        null=True, help_text="What was amiss at the last daily one, by what it is about."
    )
    news = models.JSONField(
        default=list, help_text="What has gone wrong since, between two daily ones, and still is."
    )

    def __str__(self) -> str:
        return f"examination of {self.ended_at:%Y-%m-%d %H:%M}" if self.ended_at else "none yet"
