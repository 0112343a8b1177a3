"""How far mailboxes that readers and mail servers write to are read, and what was in them."""

from collections.abc import Mapping

from django.db import models
from django.utils import timezone


class Sort(models.TextChoices):
    """What a mail was. The value is the name of the inbox's counter of such mails."""

    LEFT = "unsubscribed", "Unsubscribed somebody"  # a living token of theirs was in it
    BOUNCE = "bounces", "Bounces"  # of a message of ours, by its own proof
    COMPLAINT = "complaints", "Complaints"  # the same, called spam
    NOTICE = "notices", "Notices"  # a delay, a receipt, an automatic reply: nothing follows
    UNMATCHED = "unmatched", "Of no message of ours"  # tells of one, and proves none: for a person
    UNCLEAR = "unclear", "Not understood"  # for a person


FOR_A_PERSON = {Sort.UNMATCHED, Sort.UNCLEAR}


class Inbox(models.Model):
    """What came to the mailbox, or the door, that ``INBOUND_URL`` names.

    By IMAP, mails are read in the order of their numbers (UIDs), each until its number is kept
    here.
    """

    name = models.CharField(
        max_length=1000, unique=True, help_text="Folder, user and server; or where we listen."
    )
    validity = models.BigIntegerField(
        default=0, help_text="UIDVALIDITY: another one means that all numbers are new."
    )
    last_uid = models.BigIntegerField(default=0)
    there_before = models.BigIntegerField(
        default=0,
        help_text="Up to this number mails were there before us: of these only unread ones count.",
    )
    unread = models.PositiveIntegerField(
        default=0, help_text="Mails there that wait for a person, when it was last looked at."
    )
    unsubscribed = models.PositiveIntegerField(default=0, help_text="Mails of each sort, in all.")
    bounces = models.PositiveIntegerField(default=0)
    complaints = models.PositiveIntegerField(default=0)
    notices = models.PositiveIntegerField(default=0)
    unmatched = models.PositiveIntegerField(default=0)
    unclear = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    trouble = models.TextField(blank=True, help_text="Why it can't be read; empty when it can.")
    read_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "workers"
        verbose_name_plural = "inboxes"

    def __str__(self) -> str:
        return self.name

    def count(self, sorts: Mapping[Sort, int]) -> None:
        """Count so many mails of each sort; not yet saved."""
        for sort, n in sorts.items():
            setattr(self, sort, getattr(self, sort) + n)
