"""Leaving, and coming back at once where it was a slip."""

import datetime as dt
import re

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from digest.audit import audit
from digest.rendering import language
from subscribers.models import LeavingReason, Subscription, SubscriptionState

UNDO_FOR = dt.timedelta(days=1)
"""How long one may come back without being asked by mail: a link in a mail that was forwarded
must not bring back somebody who left long ago."""


_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")  # NUL can't be kept at all


ASKED = {
    LeavingReason.TOO_OFTEN: language.message("Too many mails"),
    LeavingReason.TOO_LONG: language.message("Too long to read"),
    LeavingReason.NOT_FOR_ME: language.message("Not what I expected"),
    LeavingReason.NEVER_ASKED: language.message("I never asked for it"),
    LeavingReason.OTHER: language.message("Something else"),
}
"""The reasons that a reader may choose from, as they are asked."""


def leave(
    subscriber_id: int,
    topic_id: int | None = None,
    code: LeavingReason | None = None,
    now: dt.datetime | None = None,
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
        left_why="",
        left_code=code or "",
        paused_until=None,
    )


def tell(subscriber_id: int, topic_id: int, code: str, words: str) -> bool:
    """Keep why they left, from the list and in their own words; False where they haven't left.

    Whatever else they left in the same moment, they left for the same reason.
    """
    left = Subscription.objects.filter(
        subscriber_id=subscriber_id, state=SubscriptionState.UNSUBSCRIBED
    )
    at = left.filter(topic_id=topic_id).values("left_at")
    told = left.filter(left_at__in=at).update(
        left_why=_UNPRINTABLE.sub(" ", words).strip()[:500],
        left_code=code if code in ASKED else "",
    )
    return bool(told)


def can_come_back(about: Subscription, now: dt.datetime | None = None) -> bool:
    """Whether one button undoes it: they had confirmed it once, and left just now."""
    return (
        about.state == SubscriptionState.UNSUBSCRIBED
        and about.confirmed_at is not None
        and about.left_at is not None
        and about.left_at >= (now or timezone.now()) - UNDO_FOR
    )


@transaction.atomic
def come_back(about: Subscription, now: dt.datetime | None = None) -> bool:
    """Undo the leaving of a topic, and of what was left in the same moment; False when it is too
    late or there is nothing to undo."""
    if not can_come_back(about, now):
        return False
    left = Subscription.objects.filter(
        subscriber_id=about.subscriber_id,
        state=SubscriptionState.UNSUBSCRIBED,
        confirmed_at__isnull=False,
        left_at=about.left_at,
    )
    ended = list(left.select_related("topic", "subscriber"))
    back = left.update(state=SubscriptionState.CONFIRMED, left_at=None, left_why="", left_code="")
    for one in ended if back else []:
        note_return(one)
    return bool(back)


def note_return(left: Subscription) -> None:
    """Keep in their story that they had left once; ``left`` is as it was before they came back."""
    if left.left_at is not None:
        when = f"{left.left_at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
        audit("reader", "came back", left.subscriber.ref, topic=left.topic.slug, left=when)
