"""What a reader chooses at their own link."""

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from digest.models import Topic
from subscribers import unsubscribe
from subscribers.models import Consent, ConsentWay, Subscriber, Subscription, SubscriptionState
from subscribers.signup import wording


def choices(person: Subscriber) -> list[tuple[Topic, Subscription | None]]:
    """Every topic, with how the person stands to it."""
    theirs = {one.topic_id: one for one in person.subscriptions.all()}
    return [(topic, theirs.get(topic.id)) for topic in Topic.objects.all()]


@transaction.atomic
def choose(person: Subscriber, slugs: Collection[str], now: dt.datetime | None = None) -> None:
    """Have exactly these topics from now on.

    Whoever opens the link has the mailbox it was sent to, so nobody is asked once more. A
    topic that still waits for its confirmation goes on waiting unless it is chosen here.
    """
    now = now or timezone.now()
    for topic, one in choices(person):
        kept = one is not None and one.is_kept
        if topic.slug in slugs and not kept:
            _take(person, topic, now)
        elif kept and topic.slug not in slugs:
            unsubscribe.leave(person.id, topic.id, now=now)


def _take(person: Subscriber, topic: Topic, now: dt.datetime) -> None:
    one, _ = Subscription.objects.update_or_create(
        subscriber=person,
        topic=topic,
        defaults={
            "state": SubscriptionState.CONFIRMED,
            "asked_at": now,
            "confirmed_at": now,
            "left_at": None,
            "left_why": "",
            "left_code": "",
        },
    )
    Consent.objects.create(
        subscription=one,
        way=ConsentWay.PREFERENCES,
        wording=wording(topic.language),
        at=now,
        confirmed_at=now,
    )
