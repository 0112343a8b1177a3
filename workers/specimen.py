"""One message of an update as a reader would get it, made to be looked at: nothing is kept."""

import copy
from collections.abc import Iterator

from django.utils import timezone

from digest.checks import Finding, Level, spam
from digest.errors import DigestError
from digest.models import Edition, Stage, Update
from digest.updates import provisional_number
from workers.ledger import Row
from workers.letters import Letters
from workers.mailings import GIVE_UP
from workers.models import Mailing, MailingKind, MailingState

READER = Row(0, None, "reader@example.org", "A. Reader", "arranged", 0, 0, 0, timezone.now())
"""Whom it is made out to."""

NAME = "headers"


def message(update: Update, edition: Edition, reader: Row = READER) -> bytes:
    """The mail's bytes as this reader would get them, read back and found right.

    A draft's are those that will leave once it is approved as it is. ValueError where they don't
    show what was meant, a DigestError where they can't be made.
    """
    mailing = Mailing(
        id=0,
        update=_as_approved(update),
        topic=update.topic,
        edition=edition,
        kind=MailingKind.SCHEDULED,
        state=MailingState.SCHEDULED,
        give_up_after=GIVE_UP,
    )
    return Letters(mailing).envelope(reader).message


def _as_approved(update: Update) -> Update:
    if update.stage != Stage.DRAFT:
        return update
    approved = copy.copy(update)
    approved.number, approved.stage = provisional_number(update), Stage.APPROVED
    return approved


def findings(update: Update, edition: Edition) -> Iterator[Finding]:
    """What is to be said of the very bytes: whether the headers are right, and the spam score."""
    try:
        made = message(update, edition)
    except (DigestError, ValueError) as problem:
        mend = "Mend what it names; what is no text or setting of yours is a fault of the program."
        yield Finding(NAME, Level.BLOCK, str(problem), mend)
        return
    size = f"{len(made) / 1024:.0f} KB"
    yield Finding(
        NAME, Level.OK, f"A message of {size} was made and read back: all as it was meant."
    )
    yield spam.check_message(made)
