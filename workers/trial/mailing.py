"""A mailing to try things on: the demo's first update, and as many readers as are asked for."""

import datetime as dt
import uuid
from pathlib import Path

from django.utils import timezone

from digest import approval, arranging, drafting
from digest.intake import store
from digest.models import Depth, Topic, Update
from subscribers.models import Subscriber, Subscription, SubscriptionState, address_hash
from workers import demo
from workers.models import Mailing, MailingKind

BY = "trial"
SLUG = "medias-ai-pivot"
UNTIL = dt.datetime(2026, 5, 13, 15, tzinfo=dt.UTC)
"""The cut-off for which the demo's first week is written."""

_BRIEFINGS = Path(demo.__file__).parent / "briefings" / "update-1"
_AT_ONCE = 2000
_IN_FULL = 2  # stories


def draft(readers: int) -> Update:
    """An update in draft, of about 50 KB, for so many confirmed readers."""
    topic = Topic.objects.create(
        slug=SLUG, name="A trial of the workers", items_budget=12, minutes_budget=0
    )
    for first in range(0, readers, _AT_ONCE):
        _add(topic, range(first, min(first + _AT_ONCE, readers)))
    store.load([str(_BRIEFINGS)], topic.slug, by=BY)
    update = drafting.draft(topic, until=UNTIL, by=BY)
    for item in update.items.select_related("briefing")[:_IN_FULL]:
        arranging.set_depth(update, item.briefing.slug, Depth.LEAD, BY)
    return update


def address(number: int) -> str:
    return f"reader{number}@example.org"


def approve(update: Update) -> None:
    """Approve it, due in a second; a worker then makes its mailing."""
    far = timezone.now() + dt.timedelta(hours=1)
    approval.approve(update, BY, at=far, despite="A trial: nobody reads it.")
    # Rendering takes longer than a moment: due only now, so that what follows can be timed.
    soon = timezone.now() + dt.timedelta(seconds=1)
    Update.objects.filter(pk=update.pk).update(due_at=soon)


def of(update: Update) -> Mailing | None:
    """The update's main mailing, once there is one."""
    mailings = Mailing.objects.select_related("update__topic", "topic")
    return mailings.filter(update=update, kind=MailingKind.SCHEDULED).first()


def _add(topic: Topic, numbers: range) -> None:
    now = timezone.now()
    people = Subscriber.objects.bulk_create(
        Subscriber(
            email=address(number),
            email_hash=address_hash(address(number)),
            name=f"Reader {number}",
            public_id=uuid.uuid4(),
            source=BY,
        )
        for number in numbers
    )
    Subscription.objects.bulk_create(
        Subscription(
            subscriber=person,
            topic=topic,
            state=SubscriptionState.CONFIRMED,
            consent="Made up for a trial.",
            confirmed_at=now,
        )
        for person in people
    )
