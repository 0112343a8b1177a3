"""Makes readers and mailings for the tests of the ledger."""

import datetime as dt

from django.utils import timezone

from digest.models import Topic
from subscribers.models import Subscriber, Subscription, SubscriptionState, address_hash
from workers.models import Mailing, MailingKind, MailingState


def readers(topic: Topic, n: int, state: str = SubscriptionState.CONFIRMED) -> list[Subscriber]:
    """So many people who follow the topic: reader1@example.org and on."""
    first = Subscriber.objects.count() + 1
    people = Subscriber.objects.bulk_create(
        [
            Subscriber(
                email=f"reader{i}@example.org",
                email_hash=address_hash(f"reader{i}@example.org"),
                name=f"Reader {i}",
            )
            for i in range(first, first + n)
        ]
    )
    Subscription.objects.bulk_create(
        [Subscription(subscriber=person, topic=topic, state=state) for person in people]
    )
    return people


def mailing(topic: Topic, **said: object) -> Mailing:
    """A mailing to the whole topic, its audience not yet filled."""
    said = {
        "kind": MailingKind.SCHEDULED,
        "state": MailingState.PREPARING,
        "give_up_after": dt.timedelta(hours=24),
        # SQLite's clock tells milliseconds: due at this very moment may be due only in the next.
        "due_at": timezone.now() - dt.timedelta(seconds=1),
        **said,
    }
    return Mailing.objects.create(topic=topic, **said)
