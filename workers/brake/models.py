"""What the brake knows, as rows: of mailings, of providers' shares of them, and of topics' care."""

import datetime as dt

from django.db import models
from django.utils import timezone

from digest.models import Topic

HELD_BACK = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
"""Until when a batch rests that waits for its mailing's first part: until somebody lets it go."""


class Care(models.Model):
    """With how much care a topic's mailings go out."""

    topic = models.OneToOneField(Topic, models.CASCADE, related_name="care")
    first = models.FloatField(default=0, help_text="Percent that go first; 0: all at once.")
    wait = models.PositiveIntegerField(
        default=30, help_text="Minutes between the first part and the rest."
    )
    quiet = models.CharField(
        max_length=11, blank=True, help_text="22:00-07:00, in the topic's zone; empty: never."
    )

    class Meta:
        app_label = "workers"

    def __str__(self) -> str:
        return f"{self.topic.slug}: first {self.first:g} %, quiet {self.quiet or 'never'}"


class Level(models.TextChoices):
    """How near a mailing is to what the brake allows."""

    CALM = "calm", "Calm"  # below half of it, or too few to say
    WARNED = "warned", "Warned"  # at half of it or more
    BRAKED = "braked", "Braked"  # it is held; or, had it not ended, it would be


class Braking(models.Model):
    """What the brake says of a mailing.  Made when it first says anything."""

    mailing = models.OneToOneField(
        "workers.Mailing", models.CASCADE, primary_key=True, related_name="braking"
    )
    level = models.CharField(max_length=6, choices=Level.choices)
    words = models.TextField(help_text="With its figures, as of ``at``.")
    at = models.DateTimeField(default=timezone.now, help_text="When it last said another level.")
    held = models.BooleanField(
        default=False, help_text="The brake holds it, and nobody has let it go on."
    )
    # Millionths, so that what is compared is exact in both databases.
    bounces_seen = models.PositiveIntegerField(
        default=0, help_text="Hard bounces in a million of which a person let it go on."
    )
    complaints_seen = models.PositiveIntegerField(
        default=0, help_text="Complaints in a million of which a person let it go on."
    )
    seen_by = models.CharField(max_length=320, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "workers"

    def __str__(self) -> str:
        return f"mailing {self.mailing_id}: {self.level}"


class Standing(models.TextChoices):
    """How a mailbox provider's share of a mailing goes."""

    FREE = "free", "Free"  # as all the others
    SLOW = "slow", "Slowed down"  # some of it was refused because of us
    HELD = "held", "Held back"  # much of it was; until a probe goes
    PROBING = "probing", "Probing"  # a handful is on its way


STOPPED = [Standing.HELD, Standing.PROBING]


class ProviderShare(models.Model):
    """One mailbox provider's share of a mailing, once it has refused some of it because of us."""

    mailing = models.ForeignKey(
        "workers.Mailing", models.CASCADE, related_name="provider_shares", db_index=False
    )
    provider = models.CharField(max_length=255, help_text="A name of mailboxes.py, or a domain.")
    standing = models.CharField(max_length=7, choices=Standing.choices, default=Standing.FREE)
    attempts = models.PositiveIntegerField(default=0, help_text="Of the last few hundred.")
    refused = models.PositiveIntegerField(default=0, help_text="Of these, because of us.")
    returned = models.PositiveIntegerField(
        default=0,
        help_text="Came back because of us, since it was last held for that.",
    )
    accepted_before = models.PositiveIntegerField(
        default=0, help_text="Accepted at the provider when ``returned`` was last 0."
    )
    later = models.BooleanField(
        default=False, help_text="Held for what came back: a relay's yes to a probe says little."
    )
    words = models.TextField(blank=True, help_text="Its last such answer.")
    holds = models.PositiveSmallIntegerField(default=0, help_text="In a row: each is longer.")
    until = models.DateTimeField(
        null=True, blank=True, help_text="Held: its next probe. Probing: when that is given up."
    )
    at = models.DateTimeField(default=timezone.now, help_text="When it last stood otherwise.")

    class Meta:
        app_label = "workers"
        constraints = [
            models.UniqueConstraint(fields=["mailing", "provider"], name="provider_share_once")
        ]

    def __str__(self) -> str:
        return f"{self.provider} of mailing {self.mailing_id}: {self.standing}"


class Stage(models.TextChoices):
    """Where a mailing stands that goes to a part of its readers first."""

    FIRST = "first", "First part"  # only these go; the rest's batches rest
    WAITING = "waiting", "Waiting"  # the first part was attempted; the rest goes at ``until``
    OPEN = "open", "Open"  # all go


class FirstPart(models.Model):
    """The part of a mailing's readers who get it first, drawn by lot; the same whoever asks."""

    mailing = models.OneToOneField(
        "workers.Mailing", models.CASCADE, primary_key=True, related_name="first_part"
    )
    percent = models.FloatField()
    wait = models.DurationField(help_text="Between the first part and the rest.")
    size = models.BigIntegerField(help_text="Readers in it, when they were drawn.")
    below = models.BigIntegerField(help_text="The first place (samples.py) that is not in it.")
    stage = models.CharField(max_length=7, choices=Stage.choices, default=Stage.FIRST)
    went_at = models.DateTimeField(null=True, blank=True, help_text="When it had been attempted.")
    until = models.DateTimeField(null=True, blank=True, help_text="When the rest goes.")

    class Meta:
        app_label = "workers"

    def __str__(self) -> str:
        return f"{self.size} readers of mailing {self.mailing_id} first: {self.stage}"


class Postmaster(models.Model):
    """What a provider's postmaster page said of one day, as somebody read it there."""

    provider = models.CharField(max_length=255, help_text="As of ProviderShare.")
    day = models.DateField()
    complaints = models.FloatField(help_text="Percent of the mails that its users called spam.")
    words = models.CharField(max_length=300, blank=True, help_text="Reputation, errors, …")
    by = models.CharField(max_length=320)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "workers"
        constraints = [
            models.UniqueConstraint(fields=["provider", "day"], name="postmaster_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.provider} on {self.day}: {self.complaints:g} %"

    @property
    def millionths(self) -> int:
        """The complaints as the brake compares them."""
        return round(self.complaints * 10_000)
