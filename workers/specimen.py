"""One message of an update as a reader would get it, made to be looked at: nothing is kept."""

from collections.abc import Iterator

from django.utils import timezone

from digest.checks import Finding, Level, spam
from digest.errors import DigestError
from digest.models import Edition, Update
from workers.ledger import Row
from workers.letters import Letters
from workers.mailings import GIVE_UP
from workers.models import Mailing, MailingKind, MailingState

READER = Row(0, None, "reader@example.org", "A. Reader", "arranged", 0, 0, 0, timezone.now())
"""Whom it is made out to."""

NAME = "headers"


def message(update: Update, edition: Edition) -> bytes:
    """The mail's bytes as READER would get them, read back and found right.

    ValueError where they don't show what was meant, a DigestError where they can't be made.
    """
    mailing = Mailing(
        id=0,
        update=update,
        topic=update.topic,
        edition=edition,
        kind=MailingKind.SCHEDULED,
        state=MailingState.SCHEDULED,
        give_up_after=GIVE_UP,
    )
    return Letters(mailing).envelope(READER).message


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
