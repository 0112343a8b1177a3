"""What people ask for, until a worker has seen to it; and how much of that a mailbox bears."""

from django.db import models
from django.utils import timezone

from digest.models import Letter


class ConsentWay(models.TextChoices):
    """How somebody said that they want a topic."""

    FORM = "form", "A form"  # our own page, or a form on another site: ``source`` says which
    API = "api", "The API"  # a program said so for them: ``source`` names its token
    PREFERENCES = "preferences", "Their preferences"  # chosen at their own link


class SignupRequest(models.Model):
    """Somebody signed up, for whatever address; the tick looks at the row and deletes it.

    The page writes this and looks nothing up, so that neither its answer nor its time can tell
    whether the address is known.
    """

    email = models.CharField(max_length=320, help_text="In normal form.")
    topics = models.JSONField(help_text="Slugs, at least one.")
    name = models.CharField(max_length=500, blank=True)
    language = models.CharField(max_length=35, blank=True, help_text="Of the page; BCP 47.")
    way = models.CharField(max_length=11, choices=ConsentWay.choices)
    wording = models.TextField()
    source = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Sign-up {self.pk} of {self.asked_at:%Y-%m-%d %H:%M}"


class ConfirmationRequest(models.Model):
    """Somebody is to be asked whether they meant to sign up; a worker finds this row.

    The subscription is pending, or one that was left and is asked for again.
    """

    subscription = models.ForeignKey("subscribers.Subscription", models.CASCADE, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["asked_at"], condition=models.Q(taken_at=None), name="confirmation_open"
            )
        ]

    def __str__(self) -> str:
        return f"Confirmation of {self.subscription}"


class WelcomeRequest(models.Model):
    """Somebody has just confirmed, and is to be welcomed; a worker finds this row."""

    subscription = models.ForeignKey("subscribers.Subscription", models.CASCADE, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["asked_at"], condition=models.Q(taken_at=None), name="welcome_open"
            )
        ]

    def __str__(self) -> str:
        return f"Welcome of {self.subscription}"


class LinksRequest(models.Model):
    """Somebody wants new links sent to this address; the tick looks whose it is."""

    email = models.CharField(max_length=320, help_text="In normal form.")
    asked_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"links to {self.email}"


class LetterRequest(models.Model):
    """A reader is to be written a letter; a worker finds this row."""

    subscriber = models.ForeignKey("subscribers.Subscriber", models.CASCADE, related_name="+")
    topic = models.ForeignKey(
        "digest.Topic", models.CASCADE, related_name="+", help_text="In its name."
    )
    letter = models.CharField(max_length=10, choices=Letter.choices)
    address = models.CharField(max_length=320, help_text="Where it goes.")
    asked_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["asked_at"], condition=models.Q(taken_at=None), name="letter_open")
        ]

    def __str__(self) -> str:
        return f"{self.letter} to {self.subscriber}"


class AddressChange(models.Model):
    """Another address that a reader wants, until they have said so from there.

    One each: whoever asks again means the new one, and links to the earlier are dead.
    """

    subscriber = models.OneToOneField(
        "subscribers.Subscriber", models.CASCADE, related_name="address_change"
    )
    address = models.CharField(max_length=320, help_text="In normal form.")
    asked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.subscriber} to {self.address}"


class LetterLimit(models.Model):
    """How many letters went to a mailbox since when; one row each, as ConfirmationLimit has."""

    mailbox_hash = models.CharField(
        max_length=64, unique=True, help_text="Of addresses.mailbox(): all spellings as one."
    )
    since = models.DateTimeField()
    last_at = models.DateTimeField()
    letters = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.mailbox_hash[:12]}: {self.letters} since {self.since:%Y-%m-%d %H:%M}"


class ConfirmationLimit(models.Model):
    """When a mailbox was last asked to confirm; one row each, so that two can't pass at once."""

    mailbox_hash = models.CharField(
        max_length=64, unique=True, help_text="Of addresses.mailbox(): all spellings as one."
    )
    asked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.mailbox_hash[:12]} asked {self.asked_at:%Y-%m-%d %H:%M}"
