"""How many people stand how to each topic: to be held against what another service says."""

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Count, OuterRef, Subquery

from digest.models import Topic
from subscribers.models import (
    SubscriberState,
    Subscription,
    SubscriptionState,
    Suppression,
    standing,
)


@dataclass
class Counted:
    """A topic's people by how they stand; ``suppressed``: of all these, who must not be mailed."""

    topic: str
    name: str
    confirmed: int = 0
    pending: int = 0
    paused: int = 0
    unsubscribed: int = 0
    suppressed: dict[str, int] = field(default_factory=dict)


def counted(now: dt.datetime, topic: Topic | None = None) -> list[Counted]:
    """Of every topic, or of one; the erased are in none."""
    topics = Topic.objects.filter(pk=topic.pk) if topic else Topic.objects.all()
    found = {one.pk: Counted(one.slug, one.name) for one in topics}
    rows = Subscription.objects.filter(topic__in=found, subscriber__state=SubscriberState.ACTIVE)
    each = {state.value: Count("pk", filter=standing(state, now)) for state in SubscriptionState}
    for key, *numbers in rows.values_list("topic").annotate(**each).order_by("topic"):
        for state, number in zip(each, numbers, strict=True):
            setattr(found[key], state, number)
    listed = Suppression.objects.filter(email_hash=OuterRef("subscriber__email_hash"))
    barred = rows.annotate(reason=Subquery(listed.values("reason")[:1])).exclude(reason=None)
    reasons = barred.values_list("topic", "reason").annotate(Count("pk")).order_by("reason")
    for key, reason, number in reasons:
        found[key].suppressed[reason] = number
    return list(found.values())
