"""What readers have said since a backup was taken, kept when it replaces the database that knows.

Whoever has left, was erased or must not be mailed would be mailed again, and that is no matter of
a lost hour's work.
"""

import datetime as dt
import uuid
from typing import NamedTuple

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from subscribers import erasing
from subscribers.models import (
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressedDomain,
    Suppression,
)
from workers.models import Pulse

BY = "restore"


class Left(NamedTuple):
    """Somebody who has left a topic."""

    person: uuid.UUID
    topic: str
    at: dt.datetime | None
    why: str
    code: str


class Said(NamedTuple):
    """What the database knows that the backup may not."""

    left: list[Left]
    erased: list[uuid.UUID]
    addresses: list[Suppression]
    domains: list[SuppressedDomain]


class Carried(NamedTuple):
    """How many of it the backup did not know."""

    left: int = 0
    erased: int = 0
    suppressed: int = 0


def known(installation: str, taken_at: dt.datetime) -> Said | None:
    """All of it, from the database that is there; None where that can't tell, because it is
    another's or of another version."""
    if not _is_the_same(installation):
        return None
    left = Subscription.objects.filter(
        state=SubscriptionState.UNSUBSCRIBED, left_at__gte=taken_at, subscriber__erased_at=None
    ).values_list("subscriber__public_id", "topic__slug", "left_at", "left_why", "left_code")
    erased = Subscriber.objects.filter(erased_at__gte=taken_at).values_list("public_id", flat=True)
    return Said(
        [Left(*row) for row in left],
        list(erased),
        list(Suppression.objects.all()),
        list(SuppressedDomain.objects.all()),
    )


def _is_the_same(installation: str) -> bool:
    loader = MigrationLoader(connection)
    if set(loader.applied_migrations) != set(loader.disk_migrations):
        return False
    pulse = Pulse.objects.order_by("id").first()
    return pulse is not None and pulse.database.hex == installation


def carry_over(said: Said) -> Carried:
    """Let the restored database know it too."""
    suppressed = _suppress(said)
    left = sum(_leave(one) for one in said.left)
    people = Subscriber.objects.filter(public_id__in=said.erased)
    erased = sum(erasing.erase(person, BY) for person in people)
    return Carried(left, erased, suppressed)


def _leave(one: Left) -> int:
    theirs = Subscription.objects.filter(subscriber__public_id=one.person, topic__slug=one.topic)
    return theirs.exclude(state=SubscriptionState.UNSUBSCRIBED).update(
        state=SubscriptionState.UNSUBSCRIBED,
        paused_until=None,
        left_at=one.at,
        left_why=one.why,
        left_code=one.code,
    )


def _suppress(said: Said) -> int:
    before = _suppressions()
    for address in said.addresses:
        address.pk = None
    for domain in said.domains:
        domain.pk = None
    Suppression.objects.bulk_create(said.addresses, ignore_conflicts=True)
    SuppressedDomain.objects.bulk_create(said.domains, ignore_conflicts=True)
    return _suppressions() - before


def _suppressions() -> int:
    return Suppression.objects.count() + SuppressedDomain.objects.count()
