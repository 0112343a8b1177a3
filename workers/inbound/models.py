"""How far mailboxes that readers write to are read."""

from django.db import models
from django.utils import timezone


class Inbox(models.Model):
    """How far a mailbox that readers write to is read; ``INBOUND_URL`` names it.

    Mails are read in the order of their numbers (UIDs), each until its number is kept here.
    """

    name = models.CharField(max_length=1000, unique=True, help_text="Folder, user and server.")
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
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    trouble = models.TextField(blank=True, help_text="Why it can't be read; empty when it can.")
    read_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "workers"
        verbose_name_plural = "inboxes"

    def __str__(self) -> str:
        return self.name
