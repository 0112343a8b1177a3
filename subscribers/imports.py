"""Lists of people on their way in, as rows; importing/ does the work."""

from django.db import models
from django.utils import timezone


class ImportState(models.TextChoices):
    """How far the import of a list has come."""

    NEW = "new", "New"  # here; its columns are being looked at by a person
    CHECKING = "checking", "Being checked"  # a worker says what would become of each row
    CHECKED = "checked", "Checked"  # somebody may now say that it is to be imported
    RUNNING = "running", "Running"  # a worker or a command is at it, or will go on with it
    DONE = "done", "Done"  # every row has its outcome
    FAILED = "failed", "Failed"  # it can't go on; ``problem`` says why, and what was kept


class Import(models.Model):
    """A list of people on its way in, or that came in: what was asked, and how far it is.

    ``rows`` is its checkpoint: it moves in the transaction that keeps those rows' people, so that
    whoever goes on after a crash does no row twice and leaves none out.
    """

    name = models.CharField(max_length=200, help_text="Of the file, as its owner calls it.")
    fingerprint = models.CharField(max_length=64, help_text="Of its content; see importing/runs.py")
    size = models.BigIntegerField(default=0, help_text="Of the file, in bytes.")
    is_stored = models.BooleanField(default=False, help_text="Its file is ours, until it is done.")
    wanted = models.JSONField(default=dict, help_text="Format, columns, topics and consent.")
    format = models.CharField(max_length=20, blank=True, help_text="As found, or as said.")
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.NEW)
    by = models.CharField(max_length=320)
    claim = models.UUIDField(null=True, blank=True, help_text="Whose it is; the newest wins.")
    claimed_until = models.DateTimeField(null=True, blank=True)

    rows = models.PositiveIntegerField(default=0, help_text="Rows that have their outcome.")
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    suppressed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    done_bytes = models.BigIntegerField(default=0, help_text="How far into the file that is.")
    report_bytes = models.BigIntegerField(default=0, help_text="How long its report is by then.")
    found = models.JSONField(default=dict, blank=True, help_text="What a check found, to show.")
    problem = models.TextField(blank=True)

    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"],
                condition=models.Q(state__in=["checking", "running"]),
                name="import_open",
            )
        ]

    def __str__(self) -> str:
        return f"Import {self.pk} of {self.name}"
