"""Who gets it: subscribers, what they follow, saved segments and suppressions.

What they ask for stands in requested.py, lists on their way in in imports.py.
"""

import datetime as dt
import hashlib
import uuid

from django.db import models
from django.db.models.functions import Cast, StrIndex, Substr
from django.utils import timezone

from digest.depths import Depths
from digest.models import Topic
from subscribers.imports import Import  # noqa: F401 - Django finds models from here alone
from subscribers.requested import (  # noqa: F401 - as above
    AddressChange,
    ConfirmationLimit,
    ConfirmationRequest,
    ConsentWay,
    LetterLimit,
    LetterRequest,
    LinksRequest,
    SignupRequest,
    WelcomeRequest,
)


class SubscriberState(models.TextChoices):
    """Whether the person is still with us."""

    ACTIVE = "active", "Active"  # may be mailed as their subscriptions say
    ERASED = "erased", "Erased"  # asked to be forgotten; the row stays, emptied


class SubscriptionState(models.TextChoices):
    """How a person stands to one topic."""

    PENDING = "pending", "Pending"  # asked for it, not yet confirmed: never mailed updates
    CONFIRMED = "confirmed", "Confirmed"  # gets every update
    PAUSED = "paused", "Paused"  # gets none until ``paused_until``
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"  # left


def standing(state: str, now: dt.datetime, path: str = "") -> models.Q:
    """Subscriptions that stand like this now: a pause whose time has come is over.

    ``path`` leads to the subscription, as in ``subscriptions__``.
    """
    exactly = models.Q((f"{path}state", state))
    paused = models.Q((f"{path}state", SubscriptionState.PAUSED))
    if state == SubscriptionState.PAUSED:
        until = f"{path}paused_until"
        return paused & (models.Q((f"{until}__isnull", True)) | models.Q((f"{until}__gt", now)))
    if state == SubscriptionState.CONFIRMED:
        return exactly | (paused & models.Q((f"{path}paused_until__lte", now)))
    return exactly


class SuppressionReason(models.TextChoices):
    """Why an address must not be mailed."""

    HARD_BOUNCE = "hard_bounce", "Hard bounce"  # the mailbox does not exist
    COMPLAINT = "complaint", "Complaint"  # the reader called it spam
    ERASED = "erased", "Erased"  # the reader asked to be forgotten
    MANUAL = "manual", "Manual"  # somebody put it here
    IMPORTED = "imported", "Imported"  # another service's list of bounced or cleaned addresses
    DOMAIN = "domain", "Domain"  # nobody at its domain is mailed; never of an address by itself


class LeavingReason(models.TextChoices):
    """Why somebody left a topic, or how, where they could not say why."""

    TOO_OFTEN = "too_often", "Too many mails"  # chosen on the page, as are the next four
    TOO_LONG = "too_long", "Too long to read"
    NOT_FOR_ME = "not_for_me", "Not what I expected"
    NEVER_ASKED = "never_asked", "I never asked for it"
    OTHER = "other", "Something else"
    ONE_CLICK = "one_click", "Their mail program's button"  # RFC 8058: nobody is asked why
    BY_MAIL = "by_mail", "A mail that asked to unsubscribe"  # List-Unsubscribe's mailto
    BY_PROVIDER = "provider", "Their mail provider"  # its own link or list, not ours
    COMPLAINED = "complained", "Called it spam"  # said so to their mail program
    MOVED = "moved", "Goes on at another address"  # that one was a reader already


def normal_address(address: str) -> str:
    """The form by which two spellings of an address are one: trimmed, lower case.

    The local part is case-sensitive by RFC 5321 2.4, but no provider of note treats it
    so, and a person who types ``Ann@`` after ``ann@`` means one mailbox.
    """
    return address.strip().lower()


def address_hash(address: str) -> str:
    """SHA-256 of the normal form, in hex: what suppression remembers of an address."""
    return hashlib.sha256(normal_address(address).encode()).hexdigest()


LOTS = 16**5


def _drawn(public_id: str) -> models.Expression:
    """The first five digits of a public id as a number, in words that both databases have.

    The id is random, so the number is; and it is the person's, whatever their address.
    """
    lot: models.Expression = models.Value(0)
    for place in range(1, 6):
        digit = Substr(Cast(public_id, models.TextField()), place, 1)
        lot = lot * 16 + StrIndex(models.Value("0123456789abcdef"), digit) - 1
    return lot


class Subscriber(models.Model):
    """A person with one address."""

    email = models.CharField(
        max_length=320,
        unique=True,
        null=True,
        blank=True,
        help_text="In normal form; none once erased.",
    )
    email_hash = models.CharField(max_length=64, help_text="Empty once erased.")
    name = models.CharField(max_length=500, blank=True)
    state = models.CharField(
        max_length=10, choices=SubscriberState.choices, default=SubscriberState.ACTIVE
    )
    public_id = models.UUIDField(default=uuid.uuid4, unique=True)
    token_version = models.PositiveIntegerField(
        default=0, help_text="Raised to revoke every link sent so far."
    )
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2.")
    language = models.CharField(max_length=35, blank=True, help_text="A BCP 47 tag.")
    zone = models.CharField(max_length=64, blank=True, help_text="An IANA time zone.")
    depth = models.CharField(
        max_length=10,
        choices=Depths.choices,
        blank=True,
        db_default="",
        default="",
        help_text="How they want their updates; where it says nothing, as their segment says.",
    )
    attributes = models.JSONField(
        default=dict, blank=True, help_text="Name → text; names as importing/rows.py takes them."
    )
    source = models.CharField(max_length=200, blank=True, help_text="Where they came from.")
    joined_at = models.DateTimeField(default=timezone.now)
    erased_at = models.DateTimeField(null=True, blank=True)
    lot = models.GeneratedField(
        expression=_drawn("public_id"),
        output_field=models.IntegerField(),
        db_persist=True,
        help_text="0 to LOTS - 1, drawn once; the database fills it in. For samples of people.",
    )

    class Meta:
        # Not db_index: Django adds a second one for LIKE, which nobody asks of a hash.
        indexes = [
            models.Index(fields=["email_hash"], name="subscriber_by_hash"),
            models.Index(
                fields=["erased_at"],
                condition=models.Q(erased_at__isnull=False),
                name="subscriber_erased",
            ),
        ]

    def __str__(self) -> str:
        return self.email or "(erased)"

    @property
    def ref(self) -> str:
        """What the audit log calls the person: it outlives the address, and doesn't give it."""
        return f"subscriber {self.public_id}"


class SubscriberTag(models.Model):
    """A label on a person; rows of their own, so that both databases can select by index."""

    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="tags")
    tag = models.CharField(max_length=100)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "subscriber"], name="tag_once")]

    def __str__(self) -> str:
        return self.tag


class Subscription(models.Model):
    """One person's standing to one topic."""

    # No index of their own: the two below begin with them.
    subscriber = models.ForeignKey(
        Subscriber, models.CASCADE, related_name="subscriptions", db_index=False
    )
    topic = models.ForeignKey(Topic, models.PROTECT, related_name="subscriptions", db_index=False)
    state = models.CharField(max_length=12, choices=SubscriptionState.choices)
    paused_until = models.DateTimeField(null=True, blank=True)
    consent = models.TextField(
        blank=True, help_text="What an imported list said of how and when they agreed; see Consent."
    )
    asked_at = models.DateTimeField(
        default=timezone.now, help_text="Later than left_at: they want to come back."
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    left_why = models.TextField(blank=True, help_text="In the reader's own words, or which import.")
    left_code = models.CharField(
        max_length=12, choices=LeavingReason.choices, blank=True, db_default="", default=""
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "topic"], name="subscription_once"),
        ]
        indexes = [models.Index(fields=["topic", "state", "subscriber"])]

    def __str__(self) -> str:
        return f"{self.subscriber} {self.state} {self.topic}"

    def stands(self, now: dt.datetime) -> str:
        """The state as it counts now, as ``standing`` has it for queries."""
        over = self.paused_until is not None and self.paused_until <= now
        paused = self.state == SubscriptionState.PAUSED
        return SubscriptionState.CONFIRMED if paused and over else self.state

    @property
    def is_asked_for(self) -> bool:
        """Somebody wants it, and the reader has not yet said whether it was them."""
        again = self.left_at is not None and self.asked_at > self.left_at
        return self.state == SubscriptionState.PENDING or (
            self.state == SubscriptionState.UNSUBSCRIBED and again
        )

    @property
    def is_kept(self) -> bool:
        """The reader has it, though perhaps paused."""
        return self.state in {SubscriptionState.CONFIRMED, SubscriptionState.PAUSED}


class Consent(models.Model):
    """One agreement to get a topic; once confirmed it never changes.

    People on an imported list have none: what the list said of them stands in
    Subscription.consent, so that a million rows take one table less.
    """

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="consents")
    way = models.CharField(max_length=11, choices=ConsentWay.choices)
    wording = models.TextField(help_text="The words as they were shown, in their language.")
    source = models.CharField(max_length=200, blank=True, help_text="Page, site or token.")
    at = models.DateTimeField(help_text="When they agreed to the words.")
    confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the owner said it was them; none: not yet."
    )
    is_all = models.BooleanField(
        default=False,
        db_default=False,
        help_text="The subscription is there for it alone, and is forgotten with it.",
    )

    class Meta:
        indexes = [
            models.Index(fields=["at"], condition=models.Q(confirmed_at=None), name="consent_open")
        ]

    def __str__(self) -> str:
        return f"{self.subscription}, {self.get_way_display()}, {self.at:%Y-%m-%d %H:%M}"


class Suppression(models.Model):
    """An address that must not be mailed, remembered by its hash alone."""

    email_hash = models.CharField(max_length=64, unique=True)
    reason = models.CharField(max_length=12, choices=SuppressionReason.choices)
    detail = models.TextField(blank=True)
    by = models.CharField(
        max_length=320, blank=True, help_text="Who put it here, or which mailing's bounces did."
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["by"], name="suppression_by")]

    def __str__(self) -> str:
        return f"{self.reason} {self.email_hash[:12]}"


class SuppressedDomain(models.Model):
    """A domain at which nobody must be mailed, nor at any that ends in it."""

    domain = models.CharField(max_length=254, unique=True, help_text="In ASCII, lower case.")
    detail = models.TextField(blank=True)
    by = models.CharField(max_length=320, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.domain


class Segment(models.Model):
    """A saved rule over subscribers; who it selects is looked up each time."""

    name = models.CharField(max_length=100, unique=True)
    rule = models.JSONField(help_text="The rule language of segments.py.")
    variant = models.CharField(
        max_length=10,
        choices=Depths.choices,
        default=Depths.ARRANGED,
        help_text="How its readers get an update that is sent to it.",
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
