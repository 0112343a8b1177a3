"""A mailing to try things on: the demo's first update, and as many readers as are asked for."""

import datetime as dt
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone

from digest import approval, arranging, drafting
from digest.intake import store
from digest.models import Depth, Topic, Update
from subscribers.models import SubscriberState, SubscriptionState
from workers import demo
from workers.models import Mailing, MailingKind

BY = "trial"
SLUG = "medias-ai-pivot"
UNTIL = dt.datetime(2026, 5, 13, 15, tzinfo=dt.UTC)
"""The cut-off for which the demo's first week is written."""

_BRIEFINGS = Path(demo.__file__).parent / "briefings" / "update-1"
_IN_FULL = 2  # stories

# One statement: a million readers by way of Python take some minutes.  The hashes are those of
# subscribers.models.address_hash, for these addresses are in normal form.
_READERS = """
    {numbers}
    INSERT INTO subscribers_subscriber
        (email, email_hash, name, state, public_id, token_version, country, language, zone,
         attributes, source, joined_at)
    SELECT email, {hash}, 'Reader ' || n, %s, {uuid}, 0, '', '', '', '{{}}', %s, %s
    FROM (SELECT n, 'reader' || n || '@example.org' AS email FROM numbers) AS reader"""
_SQL = {
    "postgresql": {
        "numbers": "WITH numbers AS (SELECT n FROM generate_series(0, %s - 1) AS n)",
        "hash": "encode(sha256(convert_to(email, 'UTF8')), 'hex')",
        "uuid": "gen_random_uuid()",
    },
    "sqlite": {
        "numbers": "WITH RECURSIVE numbers(n) AS"
        " (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s - 1)",
        "hash": "sha256(email)",  # Django's own, known to each of its connections
        "uuid": "lower(hex(randomblob(16)))",
    },
}
_SUBSCRIPTIONS = """
    INSERT INTO subscribers_subscription
        (subscriber_id, topic_id, state, consent, asked_at, confirmed_at, left_why)
    SELECT id, %s, %s, 'Made up for a trial.', %s, %s, ''
    FROM subscribers_subscriber WHERE source = %s ORDER BY id"""


def draft(readers: int) -> Update:
    """An update in draft, of about 50 KB, for so many confirmed readers."""
    topic = Topic.objects.create(
        slug=SLUG, name="A trial of the workers", items_budget=12, minutes_budget=0
    )
    _add(topic, readers)
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


@transaction.atomic
def _add(topic: Topic, readers: int) -> None:
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            _READERS.format(**_SQL[connection.vendor]), [readers, SubscriberState.ACTIVE, BY, now]
        )
        cursor.execute(_SUBSCRIPTIONS, [topic.pk, SubscriptionState.CONFIRMED, now, now, BY])
