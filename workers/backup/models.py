"""Backups as rows: when one was made, so that ``digest doctor`` can say when none was."""

from django.db import models
from django.utils import timezone


class Backup(models.Model):
    """A backup that was made, or tried."""

    taken_at = models.DateTimeField(default=timezone.now, help_text="Of what moment it tells.")
    file = models.CharField(max_length=500, help_text="Where it was written; -: standard output.")
    size = models.BigIntegerField(default=0, help_text="Octets.")
    seconds = models.FloatField(default=0)
    trouble = models.TextField(blank=True, help_text="Why there is none; empty where there is.")

    class Meta:
        ordering = ["-taken_at"]

    def __str__(self) -> str:
        return f"{self.taken_at:%Y-%m-%d %H:%M} {self.file}"
