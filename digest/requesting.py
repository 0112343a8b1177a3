"""Asking for test mails; the workers find the row and send them."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from digest.errors import Refused
from digest.models import Depths, RequestedTest, Topic, Update, audit

MOST = 20
"""Addresses of one test: colleagues, not an audience."""


@transaction.atomic
def request_test(
    update: Update, addresses: Sequence[str], by: str, variant: str = Depths.ARRANGED
) -> RequestedTest:
    """Ask for one test mail to each address; Refused when one is none, or nothing is to see."""
    wanted = list(dict.fromkeys(addresses))
    if not wanted:
        raise Refused("Name an address that the test should go to; nothing was sent.")
    if len(wanted) > MOST:
        raise Refused(f"A test goes to at most {MOST} addresses; nothing was sent.")
    for address in wanted:
        try:
            validate_email(address)
        except ValidationError:
            raise Refused(f"{address[:60]!r} is no e-mail address; nothing was sent.") from None
    if not update.items.exists():
        raise Refused(f"{update.label} of {update.topic} has no items; nothing was sent.")
    audit(by, "asked for a test of", update, addresses=wanted)
    return RequestedTest.objects.create(
        update=update, addresses=wanted, asked_by=by, variant=variant
    )


def remember(topic: Topic, addresses: Sequence[str]) -> None:
    """Whom a test went to is offered again with the topic's next one."""
    Topic.objects.filter(pk=topic.pk).update(testers=list(dict.fromkeys(addresses)))
