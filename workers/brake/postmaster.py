"""What a provider's postmaster page said of a day, entered by whoever read it there.

For Gmail and others it is the only word on complaints there is. It is judged with the mailings that
began on that day, and had any accepted there.
"""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from digest.audit import audit
from digest.errors import Refused
from workers.brake.mailboxes import BY_DOMAIN, NAMES
from workers.brake.models import Postmaster

OLDEST = dt.timedelta(days=120)
"""So far back such pages go."""

SHOWN = 30


@transaction.atomic
def enter(provider: str, day: str, complaints: str, words: str, by: str) -> Postmaster:
    """Keep a day's figure; another for the same day takes its place."""
    name, on = read_provider(provider), _read_day(day)
    said = {"complaints": _read_percent(complaints), "words": " ".join(words.split())[:300]}
    row, _ = Postmaster.objects.update_or_create(
        provider=name, day=on, defaults={**said, "by": by, "at": timezone.now()}
    )
    audit(by, "entered postmaster’s figure", name, day=on.isoformat(), **said)
    return row


def latest() -> list[Postmaster]:
    """The newest days first."""
    return list(Postmaster.objects.order_by("-day", "provider")[:SHOWN])


def read_provider(text: str) -> str:
    """A provider by its name or one of its domains; Refused names those there are."""
    said = text.strip().lower()
    by_name = {name.lower(): name for name in NAMES}
    if said in by_name or said in BY_DOMAIN:
        return by_name.get(said) or BY_DOMAIN[said]
    if "." in said and "@" not in said and " " not in said and len(said) <= 253:
        return said
    raise Refused(
        f"{text[:40]!r} is no mailbox provider; nothing was changed. Write a mail domain, "
        f"or one of: {', '.join(NAMES)}"
    )


def _read_day(text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text.strip())
    except ValueError:
        raise Refused(f"{text[:20]!r} is no day; nothing was changed. Write 2026-11-26") from None
    today = timezone.now().date()
    if not today - OLDEST <= day <= today + dt.timedelta(days=1):
        raise Refused(
            f"{day} is in the future, or more than {OLDEST.days} days ago; nothing was changed."
        )
    return day


def _read_percent(text: str) -> float:
    try:
        percent = float(text.strip().removesuffix("%").strip().replace(",", "."))
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100:
        raise Refused(
            f"{text[:20]!r} is no share of complaints; nothing was changed. Write percent, 0.12 say"
        )
    return percent
