"""A mail's links that are counted, and how often each was followed."""

import secrets
import string

from django.db import models

KEY = 10
"""Letters and digits of a link's name; some 59 bits, so that nobody finds one by trying."""

LONGEST = 2000
"""Characters of an address; a longer one is left as it is in the mail."""


class Place(models.TextChoices):
    """Where in a mail a link stands."""

    STORY = "story", "Story"  # in a briefing, whose slug is beside
    NOTE = "note", "Note"  # in the editor's note, or in what a correction says
    PARTNER = "partner", "Partner block"  # in what somebody paid for


def new_key() -> str:
    """A name that says nothing, not even how many links there are."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(KEY))


class Link(models.Model):
    """A link of an update's mails, the same in each: where it leads is written down here alone.

    A page that is linked twice in one story is one link.
    """

    key = models.CharField(max_length=KEY, unique=True, default=new_key)
    update = models.ForeignKey("digest.Update", models.CASCADE, related_name="links")
    place = models.CharField(max_length=10, choices=Place.choices)
    slug = models.CharField(max_length=120, blank=True, help_text="Of the briefing, in a story.")
    words = models.CharField(max_length=200, blank=True, help_text="As the mail shows it.")
    target = models.CharField(max_length=LONGEST, help_text="ASCII, http or https.")

    class Meta:
        app_label = "digest"

    def __str__(self) -> str:
        return f"{self.words} → {self.target}"


class Clicks(models.Model):
    """How often a link was followed in an hour of its first three days, or in a later day."""

    link = models.ForeignKey(Link, models.CASCADE, related_name="clicks", db_index=False)
    begins = models.DateTimeField(help_text="The hour, or the day in the topic's zone.")
    count = models.PositiveBigIntegerField()

    class Meta:
        app_label = "digest"
        verbose_name_plural = "clicks"
        constraints = [models.UniqueConstraint(fields=["link", "begins"], name="clicks_once")]

    def __str__(self) -> str:
        return f"{self.count} from {self.begins:%Y-%m-%d %H:%M}"
