"""Subscribing somebody who agreed elsewhere, on the word of a program that may vouch for it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from digest.audit import audit
from digest.errors import Refused
from digest.models import Topic
from subscribers.models import Consent, Subscriber, Subscription, SubscriptionState, address_hash
from subscribers.requested import ConsentWay, WelcomeRequest
from subscribers.suppression import suppressed


class Barred(Refused):
    """What the person did here since counts for more than what they said elsewhere."""


@dataclass(frozen=True)
class Statement:
    """Who agreed to what, in which words, when; ``source`` names who says so."""

    email: str  # in normal form
    topics: Sequence[Topic]
    wording: str
    at: dt.datetime
    source: str


@transaction.atomic
def confirm(said: Statement, details: Mapping[str, str], by: str) -> None:
    """Subscribe them at once, and have them welcomed; what they have stays as it is.

    ``details``: name and language of somebody new. Raises Barred for whoever is suppressed here,
    for whatever reason, or left a topic after they had agreed; then nothing is changed.
    """
    if why := suppressed([said.email]).get(said.email):
        raise Barred(f"The address is suppressed ({why.label.lower()}); nothing was changed.")
    person, _ = Subscriber.objects.get_or_create(
        email=said.email,
        defaults={
            "email_hash": address_hash(said.email),
            "source": said.source,
            "joined_at": said.at,
            **details,
        },
    )
    taken = [topic.slug for topic in said.topics if _taken(person, topic, said)]
    if taken:
        audit(by, "subscribed on their word", person.ref, topics=taken, agreed=said.at.isoformat())


def _taken(person: Subscriber, topic: Topic, said: Statement) -> bool:
    """Confirm one topic; False where they have it."""
    one, _ = Subscription.objects.select_for_update().get_or_create(
        subscriber=person,
        topic=topic,
        defaults={"state": SubscriptionState.PENDING, "asked_at": said.at},
    )
    if one.is_kept:
        return False
    if one.left_at is not None and one.left_at >= said.at:
        raise Barred(
            f"They left {topic.slug} on {one.left_at:%Y-%m-%d}, after they had agreed; nothing was "
            "changed. Without a consent they are asked whether they want to come back."
        )
    one.state, one.confirmed_at = SubscriptionState.CONFIRMED, timezone.now()
    one.left_at, one.left_why, one.left_code = None, "", ""
    one.save()
    one.consents.filter(confirmed_at=None).delete()
    Consent.objects.create(
        subscription=one,
        way=ConsentWay.API,
        wording=said.wording,
        source=said.source,
        at=said.at,
        confirmed_at=one.confirmed_at,
    )
    WelcomeRequest.objects.create(subscription=one)
    return True
