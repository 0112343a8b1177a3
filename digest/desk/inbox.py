"""How the draft stands in an inbox: what a phone and a desktop cut off, and how much there is.

Programs differ, and letters are not of one width: these are the usual measures, said to be about.
"""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from digest.checks.subject import PHONE as PHONE_SUBJECT
from digest.rendering.view import EmailView

PHONE_PREHEADER = 80
"""Characters of a preheader on a phone, in two lines."""

DESKTOP = 110
"""Characters of subject and preheader together on a desktop, in one line."""


@dataclass(frozen=True, slots=True)
class Row:
    """The mail's row: what is seen of subject and preheader."""

    subject: str
    preheader: str


@dataclass(frozen=True, slots=True)
class Measure:
    """How long a line is against what is shown of it."""

    name: str
    value: int
    budget: int
    words: str

    @property
    def share(self) -> float:
        """How full, in per cent, at most 100."""
        return min(100.0, 100 * self.value / self.budget)

    @property
    def state(self) -> str:
        """ok, or warn where something is cut off."""
        return "warn" if self.value > self.budget else "ok"


@dataclass(frozen=True, slots=True)
class Inbox:
    """The draft as a row of an inbox, on a phone and on a desktop."""

    sender: str
    time: str
    phone: Row
    desktop: Row
    measures: tuple[Measure, ...]


def of_view(view: EmailView, due: dt.datetime | None = None) -> Inbox:
    """The mail as inboxes show it, when it has just come at its time."""
    subject, preheader = view.subject, view.preheader
    rest = max(0, DESKTOP - len(subject))
    return Inbox(
        sender=view.imprint.from_name,
        time=f"{due.astimezone(ZoneInfo(view.topic.zone)):%H:%M}" if due else "now",
        phone=Row(cut(subject, PHONE_SUBJECT), cut(preheader, PHONE_PREHEADER)),
        desktop=Row(cut(subject, DESKTOP), cut(preheader, rest) if rest else ""),
        measures=(
            Measure(
                "Subject",
                len(subject),
                PHONE_SUBJECT,
                f"of about {PHONE_SUBJECT} a phone shows",
            ),
            Measure(
                "Preheader",
                len(preheader),
                PHONE_PREHEADER,
                f"of about {PHONE_PREHEADER} a phone shows, {rest} a desktop after this subject",
            ),
        ),
    )


def cut(text: str, most: int) -> str:
    """What is seen of a text where so many characters have room."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
