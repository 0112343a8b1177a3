"""How a draft's tests go, told on the desk: in whose inbox they are, and where not, why."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest.desk.preview import draft_of
from digest.requesting import RequestedTest
from digest.staff import WRITERS, role_required
from workers.models import Delivery, DeliveryState, Exclusion

SHOWN = 3
"""Tests that are told of: the last ones."""

LATE = dt.timedelta(seconds=15)
"""After which a test that no worker has taken waits for more than its turn."""

_OPEN = {DeliveryState.QUEUED, DeliveryState.DEFERRED}


@dataclass(frozen=True)
class Told:
    """One test: who is to get it, in how many inboxes it is, and what is to be said of the rest."""

    asked: RequestedTest
    there: int
    rest: tuple[tuple[str, str], ...]
    """(address, what became of it)"""
    moves: bool
    is_late: bool

    @property
    def of(self) -> int:
        return len(self.asked.addresses)

    @property
    def tone(self) -> str:
        """The state in a word, as the house's colours have it."""
        if self.asked.trouble or (self.rest and not self.moves):
            return "bad"
        return "ok" if self.there == self.of else "info"


@require_safe
@role_required(*WRITERS)
def tests(request: HttpRequest, topic: str) -> HttpResponse:
    """The draft's last tests, asked for again each second while one is on its way."""
    update = draft_of(topic)
    asked = RequestedTest.objects.filter(update=update).order_by("-pk")[:SHOWN]
    told = [_told(one, timezone.now()) for one in asked]
    page = {
        "topic": update.topic,
        "tests": told,
        "moves": any(one.moves for one in told),
        "mailbox": settings.MAILBOX_IS_RELAY,
    }
    return render(request, "queue/tests.html", page)


def _told(asked: RequestedTest, now: dt.datetime) -> Told:
    rows = Delivery.objects.filter(mailing__asked_for=asked).order_by("id")
    deliveries = [] if asked.taken_at is None else list(rows)
    waits = asked.taken_at is None
    return Told(
        asked=asked,
        there=sum(one.state == DeliveryState.ACCEPTED for one in deliveries),
        rest=tuple(
            (one.address, _words(one))
            for one in deliveries
            if one.state not in {DeliveryState.ACCEPTED, DeliveryState.QUEUED}
        ),
        moves=waits or any(one.state in _OPEN for one in deliveries),
        is_late=waits and now - asked.asked_at > LATE,
    )


def _words(one: Delivery) -> str:
    """What became of a test that is in no inbox."""
    match one.state:
        case DeliveryState.DEFERRED:
            return f"{one.answer or 'put off'}; tried again by itself"
        case DeliveryState.FAILED:
            return one.answer or "the mail server refused it"
        case DeliveryState.EXCLUDED:
            return f"not sent: {Exclusion(one.reason).label.lower()}"
        case _:
            return "may have arrived: the connection broke at the end"
