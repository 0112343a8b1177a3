"""Asking for test mails: the workers find the row and send them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.utils import timezone

from digest.audit import audit
from digest.depths import Depths
from digest.errors import Refused

if TYPE_CHECKING:
    from digest.models import Topic, Update

MOST = 20
"""Addresses of one test: colleagues, not an audience."""


class RequestedTest(models.Model):
    """Somebody wants to see an update in an inbox; a worker finds this row and sends it."""

    update = models.ForeignKey("digest.Update", models.CASCADE, related_name="+")
    addresses = models.JSONField(help_text="Addresses, each gets one mail.")
    variant = models.CharField(max_length=10, choices=Depths.choices, default=Depths.ARRANGED)
    asked_by = models.CharField(max_length=320, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True, blank=True)
    trouble = models.TextField(blank=True, help_text="Why it could not be made.")

    class Meta:
        indexes = [
            models.Index(
                fields=["asked_at"], condition=models.Q(taken_at=None), name="requested_test_open"
            )
        ]

    def __str__(self) -> str:
        return f"Test of {self.update} to {', '.join(self.addresses)}"


@transaction.atomic
def request_test(
    update: "Update", addresses: Sequence[str], by: str, variant: str = Depths.ARRANGED
) -> RequestedTest:
    """Ask for one test mail to each address; Refused when one is none, or nothing is to see."""
    wanted = list(dict.fromkeys(addresses))
    if not wanted:
        raise Refused("Name an address that the test should go to; nothing was sent.")
    if len(wanted) > MOST:
        raise Refused(f"A test goes to at most {MOST} addresses; nothing was sent.")
    refuse_no_address(wanted, "nothing was sent")
    if not update.items.exists():
        raise Refused(f"{update.label} of {update.topic} has no items; nothing was sent.")
    audit(by, "asked for a test of", update, addresses=wanted)
    return RequestedTest.objects.create(
        update=update, addresses=wanted, asked_by=by, variant=variant
    )


def refuse_no_address(named: Sequence[str], kept: str) -> None:
    """Refused where one of them is no address; ``kept`` says what was not done."""
    for address in named:
        try:
            validate_email(address)
        except ValidationError:
            raise Refused(f"{address[:60]!r} is no e-mail address; {kept}.") from None


def remember(topic: "Topic", addresses: Sequence[str]) -> None:
    """Whom a test went to is offered again with the topic's next one."""
    topic.testers = list(dict.fromkeys(addresses))
    topic.save(update_fields=["testers"])
