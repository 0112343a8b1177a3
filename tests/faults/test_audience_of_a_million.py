"""An audience of a million: a worker's memory doesn't grow with it.

The million itself belongs to the bench (``digest bench``). Here five times the audience must
take no more memory: to fill it, and to send a batch of it.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from digest.models import Topic
from subscribers.models import Subscription, SubscriptionState
from tests.ledgering import mailing
from workers import audience, ledger
from workers.models import BULK, Batch, Delivery, Mailing

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.both_databases,
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="reads its peak from Linux's /proc"),
]

SMALL, LARGE = 20_000, 100_000
ROOM = 8.0
"""Megabytes by which two peaks of the same work may differ."""

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


def peak(work: Callable[[], object]) -> float:
    """Megabytes that this process held at most while it worked."""
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far (proc(5))
    work()
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def test_filling_and_sending_take_no_more_memory_for_five_times_the_audience(pivot: Topic) -> None:
    peaks = []
    for many in (SMALL, LARGE):
        people(pivot, many)
        sent = mailing(pivot)
        filling = peak(lambda sent=sent: filled(sent))
        sent.refresh_from_db()
        assert (sent.candidates, sent.queued) == (many, many)
        assert sent.batches.order_by("-size")[0].size == audience.CHUNK
        peaks.append((filling, peak(a_batch)))
        Delivery.objects.all().delete()
        Batch.objects.all().delete()
        sent.delete()
    (fill_small, send_small), (fill_large, send_large) = peaks
    assert fill_large - fill_small < ROOM
    assert send_large - send_small < ROOM


def filled(sent: Mailing) -> None:
    """The first time is short, so that sending can begin."""
    while not audience.fill(sent.id, 120):
        pass


def a_batch() -> None:
    """What a worker holds of an audience at any time."""
    batch = ledger.claim(BULK, "here", "one")
    assert batch is not None
    assert len(ledger.queued(batch)) == audience.CHUNK
