"""A database that was put back from a backup: what it would send again waits for a person.

What went out since the backup was taken is not in it, so all that it has not ended may have been
sent, wholly or in part. What has not begun is made all the same, and held: so it is seen.
"""

import datetime as dt

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from digest.audit import audit
from subscribers import fresh_links, signup_requests
from workers import asked, departures, ledger, mailings, schedule
from workers.models import Delivery, DeliveryState, Mailing, MailingState
from workers.results import deadline


def hold(since: dt.datetime, until: dt.datetime) -> None:
    """Hold what would go out by itself: what was under way then, and what was due by now."""
    why = (
        f"The database was put back as it was on {since:%d %B %H:%M %Z}; what went out "
        f"from then until {until:%d %B %H:%M %Z} is not in it. Resuming sends to all who "
        "are still queued here, to some of them again. If that can't be, cancel."
    )
    schedule.hold_due(until, why)
    departures.hold_due(until, why)
    _make_what_was_asked_for()
    mailings.hold_live(Q(queued__gt=0) | Q(deferred__gt=0) | Q(prepared_at=None), why)
    _hold_resends(why)


def _make_what_was_asked_for() -> None:
    """Tests, confirmations, welcomes and letters whose mailings are not made yet."""
    for take in (
        signup_requests.take,
        fresh_links.take,
        asked.take_requested_tests,
        asked.take_confirmations,
        asked.take_welcomes,
        asked.take_letters,
    ):
        while take():
            pass


def _hold_resends(why: str) -> None:
    """Mailings with nothing left but what is uncertain, of topics that have that sent again."""
    once = Delivery.objects.filter(
        mailing=OuterRef("pk"), state=DeliveryState.UNCERTAIN, attempts=1
    )
    waiting = Mailing.objects.filter(
        Exists(once),
        state__in=[*ledger.LIVE, MailingState.DONE],
        topic__resend_uncertain=True,
        uncertain__gt=0,
    )
    for mailing in waiting:
        if timezone.now() < deadline(mailing):
            Mailing.objects.filter(id=mailing.id).update(state=MailingState.HELD, why=why)
            audit("workers", "held mailing", str(mailing.id), why=why)
