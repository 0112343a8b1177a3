"""An audience of a million: a worker's memory doesn't grow with it.

The million itself belongs to the bench (``digest bench``). Here five times the audience must
take no more memory: to fill it, and to send a batch of it. `make test` runs it on SQLite; with
DIGEST_TEST_DATABASE=postgres it asks PostgreSQL the same.
"""

import sys

import pytest
from django.db import connection
from django.utils import timezone

from digest.models import Topic
from subscribers.models import Subscription, SubscriptionState
from tests.faults import footprint
from tests.ledgering import mailing
from workers import audience
from workers.models import Batch, Delivery

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="reads its peak from Linux's /proc"),
]

SMALL, LARGE = 20_000, 100_000
ROOM = 2.5
"""Megabytes by which two peaks of the same work may differ: to hold the ids takes more."""

_PEOPLE = """
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)
    INSERT INTO subscribers_subscriber
        (email, email_hash, name, state, public_id, token_version, country, language, zone,
         attributes, source, joined_at)
    SELECT 'reader' || n || '@example.org', 'hash ' || n, 'Reader ' || n, 'active', {uuid}, 0,
           '', '', '', '{{}}', 'test', %s FROM numbers"""
_UUID = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "gen_random_uuid()"}


def people(topic: Topic, many: int) -> None:
    """So many confirmed readers, none of whom passes through Python."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    Subscription.objects.filter(topic=topic).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM subscribers_subscriber")
        cursor.execute(_PEOPLE.format(uuid=_UUID[connection.vendor]), [many, now])
        cursor.execute(
            "INSERT INTO subscribers_subscription"
            " (subscriber_id, topic_id, state, consent, asked_at, left_why)"
            " SELECT id, %s, %s, 'a test', %s, '' FROM subscribers_subscriber",
            [topic.pk, SubscriptionState.CONFIRMED, now],
        )


def test_filling_and_sending_take_no_more_memory_for_five_times_the_audience(pivot: Topic) -> None:
    peaks = []
    for many in (SMALL, LARGE):
        people(pivot, many)
        sent = mailing(pivot)
        peaks.append(footprint.of(sent.id))
        sent.refresh_from_db()
        assert (sent.candidates, sent.queued) == (many, many)
        assert sent.batches.order_by("-size")[0].size == audience.CHUNK
        Delivery.objects.all().delete()
        Batch.objects.all().delete()
        sent.delete()
    (fill_small, hold_small), (fill_large, hold_large) = peaks
    assert fill_large - fill_small < ROOM
    assert hold_large - hold_small < ROOM
