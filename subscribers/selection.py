"""Who a mailing goes to, and who has to be left out of it after all."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet
from django.utils import timezone

from digest.models import Topic
from subscribers import segments
from subscribers.models import (
    Subscriber,
    SubscriberState,
    SubscriptionState,
    Suppression,
    standing,
)


def selected(
    topic: Topic, rules: Sequence[Any], now: dt.datetime | None = None, beyond: int = 0
) -> QuerySet[Subscriber]:
    """The distinct people who get the topic's updates and whom any of the rules matches.

    Only those with an id ``beyond`` the given one.

    No rules: all of them. People whose address is suppressed are among them: they are
    candidates, which the mailing then excludes with that reason. Raises Refused for a rule
    that can't be read.
    """
    now = now or timezone.now()
    # A join, not EXISTS: (subscriber, topic) is unique, so it repeats nobody, and the index on
    # (topic, state, subscriber) gives the people in the order in which the audience is filled.
    people = Subscriber.objects.filter(
        standing(SubscriptionState.CONFIRMED, now, "subscriptions__"),
        # Said of both, or PostgreSQL reads one of them from its beginning for every chunk.
        id__gt=beyond,
        subscriptions__subscriber_id__gt=beyond,
        subscriptions__topic=topic,
        state=SubscriberState.ACTIVE,
    )
    any_of = Q()
    for rule in rules:
        any_of |= segments.compiled(rule, topic=topic, now=now)
    return people.filter(any_of)


def reasons(
    topic_id: int, subscriber_ids: Iterable[int] | QuerySet[Any], now: dt.datetime | None = None
) -> dict[int, str]:
    """Subscriber id → why this person must not be mailed the topic's updates now.

    ``erased``, ``unsubscribed`` (or never confirmed), ``paused`` or ``suppressed``; whoever
    may be mailed is absent. One query by primary key; the ids may be a query's one column.
    """
    now = now or timezone.now()
    suppressed = Exists(Suppression.objects.filter(email_hash=OuterRef("email_hash")))
    barred = (
        Subscriber.objects.filter(id__in=subscriber_ids)
        .annotate(
            here=FilteredRelation("subscriptions", condition=Q(subscriptions__topic=topic_id)),
            suppressed=suppressed,
        )
        .filter(
            ~Q(state=SubscriberState.ACTIVE)
            | Q(here__id=None)
            | Q(here__state__in=[SubscriptionState.PENDING, SubscriptionState.UNSUBSCRIBED])
            | standing(SubscriptionState.PAUSED, now, "here__")
            | Q(suppressed=True)
        )
        .values_list("id", "state", "here__state", "here__paused_until", "suppressed")
    )
    return {
        person: _reason(state, here, paused_until, now)
        for person, state, here, paused_until, _ in barred
    }


def _reason(state: str, here: str | None, until: dt.datetime | None, now: dt.datetime) -> str:
    if state == SubscriberState.ERASED:
        return "erased"
    if here == SubscriptionState.PAUSED and (until is None or until > now):
        return "paused"
    if here in {SubscriptionState.CONFIRMED, SubscriptionState.PAUSED}:
        return "suppressed"
    return "unsubscribed"
