"""How it leaves: schedules, mailings, batches, deliveries.  The ledger's rows.

Who changes them: ``ledger.py`` alone (states, counters, leases), but for the making of a
mailing (``mailings.py``), the filling of its audience (``audience.py``) and schedules.
"""

import datetime as dt
import uuid

from django.db import models
from django.utils import timezone

from digest.depths import Depths
from digest.models import Edition, Topic, Update
from digest.requesting import RequestedTest
from subscribers.models import Subscriber
from workers.backup.models import Backup  # noqa: F401 - Django finds models from here alone
from workers.brake.models import Braking  # noqa: F401 - Django finds models from here alone
from workers.doctor.models import Examination  # noqa: F401 - as above
from workers.feedback.models import CameBack, Heard, Returned  # noqa: F401 - found from here alone
from workers.first_steps.models import PutAway  # noqa: F401 - Django finds models from here alone
from workers.inbound.models import Inbox  # noqa: F401 - as above
from workers.queue.models import AtDomain, Sample  # noqa: F401 - as above
from workers.routes.models import Pace, Route  # noqa: F401 - Django finds models from here alone
from workers.rules import Rule
from workers.watch.alert import Alert, Watch  # noqa: F401 - Django finds models from here alone


class Schedule(models.Model):
    """When a topic's updates go out: a cron rule in a time zone."""

    topic = models.OneToOneField(Topic, models.CASCADE, related_name="schedule")
    cron = models.CharField(max_length=100, help_text="Five fields, as crontab(5).")
    zone = models.CharField(max_length=64, default="UTC", help_text="An IANA time zone.")
    auto = models.BooleanField(default=False, help_text="Approve and send without a person.")
    lead = models.PositiveIntegerField(
        default=0, help_text="Minutes by which the draft is made before it is to go out."
    )
    blackouts = models.CharField(
        max_length=1000, blank=True, help_text="Days without an update, as blackout.py reads them."
    )
    next_at = models.DateTimeField(
        db_index=True, help_text="When it next drafts: its lead before its next due time."
    )

    def __str__(self) -> str:
        return f"{self.topic.slug}: {self.cron} {self.zone}"

    @property
    def slot_at(self) -> dt.datetime:
        """Its next due time."""
        return self.next_at + self.ahead

    @property
    def rule(self) -> Rule:
        """What it is made of."""
        return Rule(self.cron, self.zone, self.lead, self.blackouts)

    @property
    def ahead(self) -> dt.timedelta:
        """The lead."""
        return dt.timedelta(minutes=self.lead)


class SlotResult(models.TextChoices):
    """What became of one due time of a schedule."""

    DUE = "due", "Due"  # filed, and not yet taken up
    RUNNING = "running", "Running"  # taken up; stays so only if its worker died
    DRAFTED = "drafted", "Drafted"  # a draft waits for an editor
    APPROVED = "approved", "Approved"  # drafted and approved without a person
    SKIPPED = "skipped", "Skipped"  # too little news, or a blackout day; the reason is kept
    HELD = "held", "Held"  # missed by more than its grace, or it failed: wants a person
    PASSED = "passed", "Passed by"  # a later one came before it could run
    LET_GO = "let go", "Let go"  # was held, and somebody said that nobody wants it any more


class Slot(models.Model):
    """One due time of a schedule; unique, so that two ticks can't both run it."""

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="slots")
    due_at = models.DateTimeField()
    cutoff = models.DateTimeField(
        default=timezone.now, help_text="What came until then is in its draft."
    )
    result = models.CharField(max_length=10, choices=SlotResult.choices)
    why = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    begun_at = models.DateTimeField(default=timezone.now)
    update = models.ForeignKey(Update, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["topic", "due_at"], name="slot_once")]
        indexes = [models.Index(fields=["result", "due_at"])]

    def __str__(self) -> str:
        return f"{self.topic.slug} {self.due_at:%Y-%m-%d %H:%M} {self.result}"


class MailingKind(models.TextChoices):
    """What a mailing is."""

    SCHEDULED = "scheduled", "Update"  # an update to its audience
    TEST = "test", "Test"  # an update to named addresses, marked [Test #2]
    CONFIRM = "confirm", "Confirmation"  # asks people whether they meant to sign up
    WELCOME = "welcome", "Welcome"  # greets those who have just confirmed
    LETTER = "letter", "Letter"  # what a reader asked for at their own links
    RESEND = "resend", "Resend"  # an update to those who did not get it
    CORRECTION = "correction", "Correction"  # to those who got what was wrong


URGENT = [MailingKind.TEST, MailingKind.CONFIRM, MailingKind.WELCOME, MailingKind.LETTER]
"""What a person waits for: sent by workers that updates never keep busy."""

BULK = [MailingKind.SCHEDULED, MailingKind.RESEND, MailingKind.CORRECTION]


class MailingState(models.TextChoices):
    """Where a mailing stands."""

    SCHEDULED = "scheduled", "Scheduled"  # not yet due
    PREPARING = "preparing", "Preparing"  # its audience is being filled; sending may have begun
    SENDING = "sending", "Sending"  # audience complete, deliveries going out
    DONE = "done", "Done"  # nothing is queued, deferred or in a lease
    PAUSED = "paused", "Paused"  # by a person; no new message until resumed
    HELD = "held", "Held"  # wants a person: too late for its slot, or the brake
    QUARANTINED = "quarantined", "Quarantined"  # could not be prepared in three tries
    CANCELLED = "cancelled", "Cancelled"  # what had not gone was excluded


class Mailing(models.Model):
    """An update (or another mail) going to an audience, with counters of its deliveries."""

    update = models.ForeignKey(
        Update, models.PROTECT, null=True, blank=True, related_name="mailings"
    )
    topic = models.ForeignKey(Topic, models.PROTECT, related_name="mailings")
    edition = models.ForeignKey(Edition, models.PROTECT, null=True, blank=True)
    corrects = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="corrections",
        help_text="A correction: the mailing whose readers get it.",
    )
    resends = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="resent",
        help_text="A resend: the mailing that its readers did not get.",
    )
    asked_for = models.ForeignKey(
        RequestedTest,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="mailings",
        help_text="A test: what somebody asked for.",
    )
    kind = models.CharField(max_length=10, choices=MailingKind.choices)
    state = models.CharField(max_length=12, choices=MailingState.choices)
    paused_from = models.CharField(max_length=12, blank=True, help_text="State to resume into.")
    why = models.TextField(blank=True, help_text="Why it is held, quarantined or waits.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="At preparing it.")
    audience = models.JSONField(
        default=list,
        blank=True,
        help_text='[{"name", "rule", "variant"}] as frozen; none: the whole topic.',
    )
    rate = models.FloatField(null=True, blank=True, help_text="Messages a second.")
    due_at = models.DateTimeField(default=timezone.now)
    give_up_after = models.DurationField(help_text="How long a deferred delivery is retried.")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True, help_text="First message begun.")
    finished_at = models.DateTimeField(null=True, blank=True)

    filled_to = models.BigIntegerField(default=0, help_text="Subscriber id: the checkpoint.")
    filling_until = models.DateTimeField(
        null=True, blank=True, help_text="While a process fills the audience."
    )
    prepared_at = models.DateTimeField(
        null=True, blank=True, help_text="Set only after the last chunk."
    )
    candidates = models.BigIntegerField(
        default=0, help_text="Counted by a query of its own, chunk by chunk; frozen."
    )
    queued = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    deferred = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    excluded = models.BigIntegerField(default=0)
    uncertain = models.BigIntegerField(default=0)
    hard = models.BigIntegerField(
        default=0, db_default=0, help_text="Of the failed: whose mailbox the relay said is none."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["update"], condition=models.Q(kind="scheduled"), name="one_main_mailing"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at"]),
            models.Index(fields=["id"], condition=models.Q(uncertain__gt=0), name="unsettled"),
        ]

    def __str__(self) -> str:
        return f"{self.id}: {self.kind} of {self.update or self.topic}"


class BatchState(models.TextChoices):
    """Where a batch stands."""

    PENDING = "pending", "Pending"  # for any worker to claim
    LEASED = "leased", "Leased"  # one worker's, until its lease runs out
    DONE = "done", "Done"  # every delivery in it is settled, or moved to a later batch


class Batch(models.Model):
    """A run of deliveries leased to one worker."""

    mailing = models.ForeignKey(Mailing, models.CASCADE, related_name="batches")
    state = models.CharField(max_length=8, choices=BatchState.choices, default=BatchState.PENDING)
    size = models.PositiveIntegerField()
    host = models.CharField(max_length=64, blank=True, help_text="Whose journal tells of it.")
    worker = models.CharField(max_length=64, blank=True, help_text="The journal's name.")
    leased_until = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(
        null=True, blank=True, help_text="When its lease was first seen to have run out."
    )
    dated_at = models.DateTimeField(
        null=True, blank=True, help_text="First claim: the Date of its messages."
    )
    route = models.SmallIntegerField(null=True, blank=True, help_text="By which it last went.")
    not_before = models.DateTimeField(
        null=True, blank=True, help_text="It holds what a domain's limit keeps back: others first."
    )

    class Meta:
        verbose_name_plural = "batches"
        indexes = [
            models.Index(
                fields=["mailing", "id"], condition=models.Q(state="pending"), name="batch_pending"
            ),
            models.Index(
                fields=["leased_until"], condition=models.Q(state="leased"), name="batch_leased"
            ),
        ]

    def __str__(self) -> str:
        return f"batch {self.id} of mailing {self.mailing_id}, {self.state}"


class DeliveryState(models.TextChoices):
    """What is known of one delivery."""

    QUEUED = "queued", "Queued"  # to be sent, not before ``next_attempt_at``
    ACCEPTED = "accepted", "Accepted"  # the relay answered 2xx to the final dot
    DEFERRED = "deferred", "Deferred"  # 4xx, or no connection before the dot: tried again later
    FAILED = "failed", "Failed"  # 5xx, or the retry period is over
    EXCLUDED = "excluded", "Excluded"  # not sent on purpose; ``reason`` says why
    UNCERTAIN = "uncertain", "Uncertain"  # the final dot may have been taken; we never heard


class Outcome(models.TextChoices):
    """What became of an accepted message later."""

    UNKNOWN = "unknown", "Unknown"  # nothing came back
    DELIVERED = "delivered", "Delivered"  # the provider says it is in the mailbox
    DROPPED = "dropped", "Not passed on"  # the provider took it, and sent nothing
    BOUNCED = "bounced", "Bounced"  # it came back
    COMPLAINED = "complained", "Complained"  # the reader called it spam


class Exclusion(models.TextChoices):
    """Why a delivery was not sent on purpose."""

    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"  # left after the audience was filled
    PAUSED = "paused", "Paused"  # paused after the audience was filled
    ERASED = "erased", "Erased"  # forgotten after the audience was filled
    SUPPRESSED = "suppressed", "Suppressed"  # the address is on the suppression list
    DUPLICATE = "duplicate", "Duplicate"  # the address gets this mailing already
    MALFORMED = "malformed", "Malformed"  # the address can't be put on an envelope
    CANCELLED = "cancelled", "Cancelled"  # the mailing was cancelled


class Delivery(models.Model):
    """One (mailing, subscriber) pair: the ledger's row.

    It freezes what its bytes are made of: which of the update's editions (variant), address,
    name, Date (its own, else its batch's), token version and generation.
    """

    # The database holds no key to mailing and batch: both stand in the transaction that makes the
    # rows, and looking for them again, row by row, took a third of the time of filling a million.
    mailing = models.ForeignKey(
        Mailing, models.PROTECT, related_name="deliveries", db_index=False, db_constraint=False
    )
    subscriber = models.ForeignKey(
        Subscriber, models.PROTECT, null=True, blank=True, related_name="deliveries"
    )
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="deliveries", db_constraint=False)
    address = models.CharField(max_length=320, blank=True)
    name = models.CharField(max_length=500, blank=True)
    variant = models.CharField(max_length=10, choices=Depths.choices, default=Depths.ARRANGED)
    token_version = models.PositiveIntegerField(default=0)
    generation = models.PositiveSmallIntegerField(
        default=0, help_text="Raised only when a person sends it anew."
    )
    dated_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(
        max_length=10, choices=DeliveryState.choices, default=DeliveryState.QUEUED
    )
    reason = models.CharField(max_length=12, blank=True, help_text="An Exclusion.")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.UNKNOWN)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    code = models.PositiveSmallIntegerField(default=0, help_text="The relay's last reply code.")
    answer = models.TextField(blank=True, help_text="The relay's last reply, or what we saw.")
    settled_at = models.DateTimeField(null=True, blank=True)
    # Two octets and no index: at ten million rows a key would be the largest thing here.
    route = models.SmallIntegerField(null=True, blank=True, help_text="Id of the last one tried.")

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            # Also the way to a mailing's rows; where there is no subscriber, NULLs are distinct.
            models.UniqueConstraint(fields=["mailing", "subscriber"], name="delivery_once"),
            models.UniqueConstraint(
                fields=["mailing", "address"],
                condition=models.Q(subscriber__isnull=True),
                name="delivery_once_by_address",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(state="deferred"),
                name="delivery_due",
            ),
            models.Index(
                fields=["mailing", "state", "id"],
                condition=models.Q(state__in=["deferred", "failed", "uncertain"]),
                name="delivery_to_see",
            ),
            # Readers are found by who they are; this is for tests and the like, which are few.
            models.Index(
                fields=["address"],
                condition=models.Q(subscriber__isnull=True),
                name="delivery_to_nobody",
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.id}, {self.state}"


class Worker(models.Model):
    """A worker that has been seen; its row is touched while it lives."""

    name = models.CharField(max_length=64, unique=True)
    host = models.CharField(max_length=64)
    pid = models.PositiveIntegerField()
    queues = models.CharField(max_length=200)
    places = models.PositiveSmallIntegerField(default=1, help_text="Tasks it runs at once.")
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class Pulse(models.Model):
    """When the tick last ran: one row, which each tick touches."""

    database = models.UUIDField(
        default=uuid.uuid4, help_text="Tells this database from others that a machine works with."
    )
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"
