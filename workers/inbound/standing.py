"""How the mails that come in fare, in words, for whoever watches the queue."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from workers.inbound import left, reading
from workers.inbound.models import Inbox, Sort
from workers.inbound.source import DoorAt, source

SILENT = dt.timedelta(minutes=5)
"""After which a door that gave no sign is taken for closed: it gives one each minute."""


def trouble() -> str:
    """Why the mails that come in can't be read; "" where they can, or none are expected."""
    inbox = reading.current()
    if is_silent(inbox):
        return (
            f"Nobody listens at {source(settings.INBOUND_URL)}: mails that unsubscribe, and "
            "bounces, wait with the mail server. Start it with digest up, or by itself with "
            "python -m workers.inbound."
        )
    if inbox is None or not inbox.trouble:
        return ""
    return (
        f"Mails that unsubscribe, and bounces, can't be read: {inbox.trouble}. They wait in "
        f"{inbox.name}, and it is tried again by itself. If it goes on, look at INBOUND_URL."
    )


def is_silent(inbox: Inbox | None) -> bool:
    """Whether there is to be a door, and nobody gave a sign of late."""
    url = settings.INBOUND_URL
    if not (url and isinstance(source(url), DoorAt)):
        return False
    return inbox is None or inbox.read_at is None or inbox.read_at < timezone.now() - SILENT


def waiting() -> str:
    """How many mails wait there for a person; "" where none do."""
    inbox = reading.current()
    if inbox is None or not inbox.unread:
        return ""
    mails = "1 unread mail is" if inbox.unread == 1 else f"{inbox.unread:,} unread mails are"
    through_door = isinstance(source(settings.INBOUND_URL), DoorAt)
    where = f"{left.place()}, a Maildir" if through_door else inbox.name
    return (
        f"{mails} in {where}: what people write by hand, and what tells of a mail but proves none "
        "of ours. They wait for a person."
    )


_MEANING = {
    Sort.LEFT: "a reader’s own link to leave was in it",
    Sort.BOUNCE: "of a mail of ours, by its own proof",
    Sort.COMPLAINT: "a reader called it spam, by the same",
    Sort.NOTICE: "delays, receipts, automatic answers: nothing follows",
    Sort.UNMATCHED: "for a person: anybody may write to where bounces go",
    Sort.UNCLEAR: "for a person",
}


class Row(NamedTuple):
    """A sort of mails, and how many came."""

    label: str
    meaning: str
    n: int


@dataclass(frozen=True)
class Standing:
    """What came in so far, as pages and the terminal show it."""

    where: str
    read_at: dt.datetime | None
    counts: dict[Sort, int]
    trouble: str
    waiting: str

    @property
    def rows(self) -> list[Row]:
        """Each sort in words."""
        return [Row(sort.label, _MEANING[sort], n) for sort, n in self.counts.items()]

    @property
    def in_words(self) -> str:
        """On one line; "" where nothing came yet."""
        told = [f"{n:,} {label[0].lower()}{label[1:]}" for label, _, n in self.rows if n]
        return f"Mails that came in: {', '.join(told)}" if told else ""


def standing() -> Standing | None:
    """None where no mail is to come in."""
    if not settings.INBOUND_URL:
        return None
    inbox = reading.current()
    return Standing(
        where=str(source(settings.INBOUND_URL)),
        read_at=inbox.read_at if inbox else None,
        counts={sort: getattr(inbox, sort.value) if inbox else 0 for sort in Sort},
        trouble=trouble(),
        waiting=waiting(),
    )
