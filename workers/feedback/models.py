"""What came back, as rows: each event once, and counters that pages read at any size."""

from django.db import models

from subscribers.models import Subscriber
from workers.feedback.providers import Beside


class Kind(models.TextChoices):
    """What an event says of one message."""

    DELIVERED = "delivered", "Delivered"  # the reader's server took it
    HARD = "hard", "Bounced for good"  # refused, and would be refused again
    SOFT = "soft", "Bounced for now"  # given up: a full mailbox, a server that was away
    DROPPED = "dropped", "Not passed on"  # the provider took it and sent nothing
    COMPLAINED = "complained", "Called spam"  # the reader said so to their mail program
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"  # by the provider's own link or list


class Returned(models.Model):
    """One event. Its key is made of what the provider said, so that a repetition is no news.

    Whose message it was nobody could tell: neither delivery nor words; the key alone is kept.
    """

    key = models.UUIDField(primary_key=True)
    # No keys in the database, as of deliveries to mailings; the one index is by the reader, for
    # that is how everybody asks.
    delivery = models.ForeignKey(
        "workers.Delivery",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="returned",
        db_index=False,
        db_constraint=False,
    )
    subscriber = models.ForeignKey(
        Subscriber,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="returned",
        db_constraint=False,
    )
    provider = models.CharField(max_length=20)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    code = models.CharField(max_length=12, blank=True, help_text="Enhanced (RFC 3463), if told.")
    words = models.TextField(blank=True, help_text="As the other side put it; may name the reader.")
    at = models.DateTimeField(help_text="When it happened, by the provider's clock.")
    heard_at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "workers"
        verbose_name_plural = "returned"

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M}"

    @property
    def told_by(self) -> str:
        """As pages put it."""
        return "by mail" if self.provider == Beside.MAIL else f"says {self.provider}"


SHARDS = 8
"""Rows that share a counter: whoever adds to one waits for whoever else does, until its commit."""


class CameBack(models.Model):
    """How many of a mailing's deliveries have which outcome: the sum of its shards."""

    mailing = models.ForeignKey(
        "workers.Mailing", models.CASCADE, related_name="came_back", db_index=False
    )
    shard = models.PositiveSmallIntegerField()
    delivered = models.BigIntegerField(default=0)
    bounced = models.BigIntegerField(default=0)
    dropped = models.BigIntegerField(default=0)
    complained = models.BigIntegerField(default=0)
    hard = models.BigIntegerField(default=0, help_text="Of the bounced: those for good.")

    class Meta:
        app_label = "workers"
        constraints = [
            models.UniqueConstraint(fields=["mailing", "shard"], name="came_back_shard_once")
        ]

    def __str__(self) -> str:
        return f"mailing {self.mailing_id}, shard {self.shard}"


class Heard(models.Model):
    """What a provider's hook was told in all: the sum of its shards."""

    provider = models.CharField(max_length=20)
    shard = models.PositiveSmallIntegerField()
    events = models.BigIntegerField(default=0, help_text="New ones; a repetition is none.")
    strangers = models.BigIntegerField(default=0, help_text="Of these: of no message of ours.")
    last_at = models.DateTimeField()

    class Meta:
        app_label = "workers"
        verbose_name_plural = "heard"
        constraints = [
            models.UniqueConstraint(fields=["provider", "shard"], name="heard_shard_once")
        ]

    def __str__(self) -> str:
        return f"{self.provider}, shard {self.shard}"
