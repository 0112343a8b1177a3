"""Forgetting what was asked for and never confirmed: whoever typed it, its owner did not want it.

Pending people from a list are their publisher's to keep; they have no consent that waits.
"""

import datetime as dt
from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from digest.seldom import Seldom
from subscribers import addresses, erasing
from subscribers.models import (
    Consent,
    Subscriber,
    SubscriberState,
    Subscription,
    SubscriptionState,
    address_hash,
)
from subscribers.requested import ConfirmationLimit, ConfirmationRequest

KEPT_FOR = dt.timedelta(days=30)
_ROUND = 200
_OPEN = Seldom(lambda: Consent.objects.filter(confirmed_at=None))


def forget(now: dt.datetime | None = None) -> int:
    """Forget what has waited for too long; how many requests that were.

    Somebody of whom nothing else is known is emptied as if erased, the mail that asked them
    included, but not suppressed: they are free to sign up another day.
    """
    if not _OPEN.any():
        return 0
    now = now or timezone.now()
    before = now - KEPT_FOR
    again = ConfirmationRequest.objects.filter(
        subscription=OuterRef("subscription"), asked_at__gte=before
    )
    old = Consent.objects.filter(~Exists(again), confirmed_at=None, at__lt=before)
    waiting = list(old.order_by("at").values_list("subscription_id", flat=True)[:_ROUND])
    if not waiting:
        return 0
    with transaction.atomic():
        # Locked, and only then looked at: their owner may confirm at this very moment.
        asked = list(Subscription.objects.select_for_update().filter(id__in=waiting).order_by("id"))
        consents = list(old.filter(subscription__in=asked))
        _drop(asked, consents)
        _empty({one.subscriber_id for one in asked}, now)
    return len(consents)


def _drop(asked: Sequence[Subscription], consents: Sequence[Consent]) -> None:
    """What is there for such a consent alone goes; what was left before is left as it was."""
    over = {one.subscription_id: one.is_all for one in consents}
    left = [one for one in asked if one.id in over and one.state == SubscriptionState.UNSUBSCRIBED]
    for one in left:
        one.asked_at = one.left_at or one.asked_at
    Subscription.objects.bulk_update(left, ["asked_at"])
    Consent.objects.filter(id__in=[one.id for one in consents]).delete()
    Subscription.objects.filter(
        id__in=[key for key, is_all in over.items() if is_all], state=SubscriptionState.PENDING
    ).delete()


def _empty(people: Collection[int], now: dt.datetime) -> None:
    """Forget those of them who have nothing any more."""
    for person in Subscriber.objects.filter(
        id__in=people, state=SubscriberState.ACTIVE, subscriptions=None
    ):
        mailbox = address_hash(addresses.mailbox(person.email or ""))
        ConfirmationLimit.objects.filter(mailbox_hash=mailbox).delete()
        erasing.empty(person, now)
