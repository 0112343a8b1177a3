"""Mailings that were accepted, and events about their deliveries."""

import datetime as dt
from typing import Any

from django.utils import timezone

from digest.models import Topic
from subscribers.models import Suppression
from tests.ledgering import mailing, readers
from workers import audience, ledger
from workers.feedback import providers
from workers.feedback.events import Event
from workers.feedback.models import Kind
from workers.feedback.providers import Provider
from workers.ledger import Result
from workers.letters import keys
from workers.models import BULK, Delivery, DeliveryState, Mailing

WHEN = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)


def accepted(topic: Topic, many: int = 3, state: str = DeliveryState.ACCEPTED) -> Mailing:
    """A mailing to so many new readers of the topic, each delivery with this result."""
    readers(topic, many)
    return again(topic, state)


def again(topic: Topic, state: str = DeliveryState.ACCEPTED) -> Mailing:
    """Another mailing to all who follow the topic."""
    made = mailing(topic)
    audience.fill(made.id)
    batch = ledger.claim(BULK, "h1", "w1")
    assert batch is not None
    rows = ledger.queued(batch)
    ledger.record(made.id, [Result(row.id, state, 250, f"250 ok q{row.id:07}z") for row in rows])
    ledger.release(batch)
    made.refresh_from_db()
    return made


def deliveries(of: Mailing) -> list[Delivery]:
    """The mailing's, in order."""
    return list(of.deliveries.order_by("id"))


def event(of: Delivery, kind: Kind, provider: Provider = Provider.POSTMARK, **said: Any) -> Event:
    """What this provider says of the delivery, by our tag."""
    said = {"at": WHEN, "tags": (providers.tag(keys().tags, provider, of.id),), **said}
    return Event(kind, provider, **said)


def sent_on(of: Mailing, days_ago: float) -> None:
    """Let its deliveries be that old."""
    of.deliveries.update(settled_at=timezone.now() - dt.timedelta(days=days_ago))


def outcomes(of: Mailing) -> list[str]:
    """Of its deliveries, in order."""
    return [one.outcome for one in deliveries(of)]


def suppressed() -> dict[str, str]:
    """Address's hash → reason."""
    return dict(Suppression.objects.values_list("email_hash", "reason"))
