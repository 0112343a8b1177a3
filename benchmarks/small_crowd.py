"""The same crowd for any database, made in Python: for thousands of people, not for millions."""

import datetime as dt
import random
from typing import TYPE_CHECKING

from django.core.management import call_command
from django.utils import timezone

from benchmarks.crowd import (
    COUNTRIES,
    DAYS,
    LANGUAGES,
    PLANS,
    SOURCES,
    TAGS,
    TOPICS,
    UPDATES,
    ZONES,
)

if TYPE_CHECKING:  # models are there only once Django is set up
    from digest.models import Topic
    from subscribers.models import Subscriber


def gather(people: int) -> None:
    """Fill an empty database with so many people, and what belongs to them."""
    from digest.models import Topic
    from subscribers.models import Subscriber, SubscriberTag, Subscription

    call_command("migrate", verbosity=0)
    chance, now = random.Random(6), timezone.now()  # no secret
    topics = [Topic.objects.create(slug=slug, name=slug.title()) for slug in TOPICS]
    made = Subscriber.objects.bulk_create(
        Subscriber(
            email=f"reader{n}@mail{n % 5000}.example.org", email_hash=f"{n:064}",
            name=f"Reader {n} Lee", country=_one_of([*COUNTRIES, ""], chance),
            language=_one_of(LANGUAGES, chance), zone=_one_of(ZONES, chance),
            source=_one_of(SOURCES, chance), joined_at=now - dt.timedelta(chance.randrange(DAYS)),
            attributes={"plan": _one_of(PLANS, chance), "seats": str(chance.randrange(100))}
            | ({"company": f"Firm {n}"} if chance.random() < 0.3 else {}),
        )
        for n in range(people)
    )  # fmt: skip
    standings = Subscription.objects.bulk_create(
        Subscription(
            subscriber=one, topic=topic, asked_at=now, confirmed_at=now,
            state="confirmed" if chance.random() < 0.82 else "unsubscribed",
        )
        for one in made for topic in topics if chance.random() < 0.4
    )  # fmt: skip
    SubscriberTag.objects.bulk_create(
        SubscriberTag(subscriber=one, tag=tag)
        for one in made
        for tag in {f"tag {int(TAGS * chance.random() ** 2)}" for _ in range(chance.randrange(3))}
    )
    _send(topics[0], [one.subscriber for one in standings if one.topic == topics[0]])


def _send(topic: "Topic", people: "list[Subscriber]") -> None:
    from digest.models import Update
    from workers.models import Batch, Delivery, Mailing

    for number in range(1, UPDATES + 1):
        update = Update.objects.create(
            topic=topic, number=number, since="2026-01-01T00:00Z", until="2026-02-01T00:00Z",
            stage="sent",
        )  # fmt: skip
        mailing = Mailing.objects.create(
            update=update,
            topic=topic,
            kind="scheduled",
            state="done",
            give_up_after=dt.timedelta(hours=24),
        )
        batch = Batch.objects.create(mailing=mailing, size=len(people))
        Delivery.objects.bulk_create(
            Delivery(
                mailing=mailing,
                batch=batch,
                subscriber=one,
                address=one.email or "",
                state="accepted",
            )
            for one in people
        )


def _one_of(values: list[str], chance: random.Random) -> str:
    """The earlier ones more often."""
    return values[int(len(values) * chance.random() ** 2)]
