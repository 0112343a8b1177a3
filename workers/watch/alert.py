"""Alerts as rows: what is wrong, since when, and who has been told.

Each kind has a stable name: the value here, the ``kind`` of the webhook and of ``ops/alerts.yml``,
and the heading of its section in docs/operations.md.
"""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class AlertKind(models.TextChoices):
    """What can be wrong."""

    MAILING_STUCK = "mailing-stuck", "Mailing stuck"  # is due, and nothing of it moves
    MAILING_HELD = "mailing-held", "Mailing held"  # held or quarantined: wants a person
    BRAKE = "brake", "Brake"  # a mailing bounces or is called spam too often, or nearly so
    PROVIDER_REFUSES = "provider-refuses", "A provider refuses us"  # its share is held back
    RELAY_DOWN = "relay-down", "Relay down"  # a route is set aside, or none serves a mailing
    UNCERTAIN = "uncertain", "Uncertain deliveries"  # wait to be settled by a person
    OUT_OF_BALANCE = "out-of-balance", "Ledger out of balance"  # rows and counters differ
    SLOT_LATE = "slot-late", "Late slot"  # a due time has passed, and nobody took it up
    SLOT_HELD = "slot-held", "Held slot"  # missed by more than its grace, or it failed
    NO_WORKER = "no-worker", "No worker"  # nobody alive takes from one of the queues
    QUEUE_LAG = "queue-lag", "Queue lag"  # wake-ups pile up in the broker, unread
    TICK_LATE = "tick-late", "Tick late"  # nobody looks for what is due
    BROKER_DOWN = "broker-down", "Broker down"  # Redis or Valkey does not answer
    DATABASE_DOWN = "database-down", "Database down"  # told from memory; no row can be written
    FEEDS_AILING = "feeds-ailing", "Feeds ailing"  # failed several times in a row, or gone
    INBOX_UNREADABLE = "inbox-unreadable", "Inbox can’t be read"  # mails that unsubscribe wait
    DISK_FULL = "disk-full", "Disk nearly full"  # of DATA_DIR
    DOCTOR = "doctor", "Doctor"  # the daily examination found wrong what was well the day before


class Alert(models.Model):
    """One thing that is or was wrong; one row for each kind and subject while it is open."""

    kind = models.CharField(max_length=20, choices=AlertKind.choices)
    about = models.CharField(max_length=60, blank=True, help_text="A mailing's id, a queue.")
    words = models.TextField(help_text="What is wrong, with its numbers, as of ``seen_at``.")
    since = models.DateTimeField(help_text="First seen.")
    seen_at = models.DateTimeField(help_text="Last seen.")
    raised_at = models.DateTimeField(
        null=True, blank=True, help_text="When it had lasted for its kind's patience."
    )
    resolved_at = models.DateTimeField(
        null=True, blank=True, help_text="When it had not been seen for a while."
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=320, blank=True)
    mailed = models.CharField(max_length=10, blank=True, help_text="Last told by mail: a News.")
    posted = models.CharField(max_length=10, blank=True, help_text="Last told by webhook: a News.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "about"], condition=Q(resolved_at=None), name="alert_open_once"
            )
        ]
        indexes = [models.Index(fields=["resolved_at"], name="alert_resolved")]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}".strip()

    @property
    def label(self) -> str:
        """What it is, in words."""
        return AlertKind(self.kind).label if self.kind in AlertKind.values else self.kind.title()

    @property
    def news(self) -> str:
        """What whoever is told should know by now."""
        if self.raised_at is None:
            return ""
        return News.OVER if self.resolved_at else News.RAISED


def open_alerts() -> models.QuerySet[Alert]:
    """What has lasted long enough to be told, and is not over."""
    return Alert.objects.filter(resolved_at=None, raised_at__isnull=False)


class News(models.TextChoices):
    """What is told of an alert."""

    RAISED = "raised", "Raised"  # it is there
    OVER = "over", "Over"  # it has not been seen for a while


class Watch(models.Model):
    """One row: when it is next looked, so that of many processes one does; and what was seen."""

    next_at = models.DateTimeField(default=timezone.now)
    moved = models.JSONField(
        default=dict, help_text="mailing id → [its counters in one text, since when they are so]."
    )

    trouble = models.TextField(blank=True, help_text="Why the last alerts could not be told.")

    class Meta:
        verbose_name_plural = "watches"

    def __str__(self) -> str:
        return f"next look {self.next_at:%Y-%m-%d %H:%M:%S}"
