"""Leaving, and coming back at once where it was a slip."""

import datetime as dt
import re

from django.db.models import F, Q
from django.utils import timezone

from subscribers.models import Subscription, SubscriptionState

UNDO_FOR = dt.timedelta(days=1)
"""How long one may come back without being asked by mail: a link in a mail that was forwarded
must not bring back somebody who left long ago."""


_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")  # NUL can't be kept at all


def leave(
    subscriber_id: int, topic_id: int | None = None, why: str = "", now: dt.datetime | None = None
) -> int:
    """Unsubscribe from a topic, or from all; how many subscriptions that ended.

    One UPDATE, committed when this returns (outside a transaction). Saying it again changes
    nothing, not even when they left.
    """
    theirs = Subscription.objects.filter(subscriber_id=subscriber_id)
    if topic_id is not None:
        theirs = theirs.filter(topic_id=topic_id)
    asked_again = Q(asked_at__gt=F("left_at"))
    return theirs.filter(~Q(state=SubscriptionState.UNSUBSCRIBED) | asked_again).update(
        state=SubscriptionState.UNSUBSCRIBED,
        left_at=now or timezone.now(),
        left_why=_UNPRINTABLE.sub(" ", why).strip()[:500],
        paused_until=None,
    )


def can_come_back(about: Subscription, now: dt.datetime | None = None) -> bool:
    """Whether one button undoes it: they had confirmed it once, and left just now."""
    return (
        about.state == SubscriptionState.UNSUBSCRIBED
        and about.confirmed_at is not None
        and about.left_at is not None
        and about.left_at >= (now or timezone.now()) - UNDO_FOR
    )


def come_back(about: Subscription, now: dt.datetime | None = None) -> bool:
    """Undo the leaving of one topic; False when it is too late or there is nothing to undo."""
    if not can_come_back(about, now):
        return False
    return bool(
        Subscription.objects.filter(
            id=about.id, state=SubscriptionState.UNSUBSCRIBED, left_at=about.left_at
        ).update(state=SubscriptionState.CONFIRMED, left_at=None, left_why="")
    )
