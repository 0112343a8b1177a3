"""Who a mailing goes to, and who has to be left out of it after all."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet
from django.utils import timezone

from digest.models import Topic
from subscribers import segments, suppression
from subscribers.models import (
    Subscriber,
    SubscriberState,
    SubscriptionState,
    Suppression,
    SuppressionReason,
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
    may be mailed is absent. By primary key; the ids may be a query's one column. Addresses are
    read where some domain is suppressed, and matched here: a worker asks each second, and
    databases match endings row by row.
    """
    now = now or timezone.now()
    people = Subscriber.objects.filter(id__in=subscriber_ids)
    at_domains = _at_domains(people)
    # Whom lists must leave alone may have come back by their own hand.
    listed = Suppression.objects.filter(email_hash=OuterRef("email_hash"))
    suppressed = Exists(listed.exclude(reason=SuppressionReason.ERASED))
    barred = (
        people.annotate(
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
    found = {
        person: _reason(state, here, until, stopped, now)
        for person, state, here, until, stopped in barred
    }
    return found | dict.fromkeys(at_domains, "suppressed")


def _at_domains(people: QuerySet[Subscriber]) -> list[int]:
    """Those of them who are at a suppressed domain."""
    domains = suppression.domains()
    if not domains:
        return []
    found = people.filter(email__isnull=False).values_list("id", "email")
    return [person for person, email in found if suppression.bars(domains, email or "")]


def _reason(
    state: str, here: str | None, until: dt.datetime | None, stopped: bool, now: dt.datetime
) -> str:
    if state == SubscriberState.ERASED:
        return "erased"
    if stopped:  # counts for letters too, which go to people who aren't confirmed
        return "suppressed"
    paused = here == SubscriptionState.PAUSED and (until is None or until > now)
    return "paused" if paused else "unsubscribed"
