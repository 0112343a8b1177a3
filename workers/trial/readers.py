"""A trial's readers, as many as are asked for: a million in under a minute."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.db import connection, transaction
from django.utils import timezone

from digest.models import Topic
from subscribers.models import SubscriberState, SubscriptionState

BY = "trial"

# One statement: by way of Python a million take minutes.  The hashes are those of
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

# (to drop it, to make it again) of what holds up a load: foreign keys and UNIQUEs (their own
# index goes with them), then the other indexes.  The primary keys stay: others refer to them.
_IN_THE_WAY = """
    WITH ours(id) AS (VALUES ('subscribers_subscriber'::regclass),
                             ('subscribers_subscription'::regclass))
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
                  pg_get_constraintdef(oid))
    FROM pg_constraint WHERE conrelid IN (SELECT id FROM ours) AND contype IN ('f', 'u')
    UNION ALL
    SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index WHERE indrelid IN (SELECT id FROM ours)
        AND indexrelid NOT IN (SELECT conindid FROM pg_constraint)"""


def address(number: int) -> str:
    """That of reader 0, 1, …"""
    return f"reader{number}@example.org"


@transaction.atomic
def make(topic: Topic, number: int) -> None:
    """So many confirmed readers of the topic, in a database that has none."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    sql = _READERS.format(**_SQL[connection.vendor])
    unhindered = _bare() if connection.vendor == "postgresql" else nullcontext()
    with unhindered, connection.cursor() as cursor:
        cursor.execute(sql, [number, SubscriberState.ACTIVE, BY, now])
        cursor.execute(_SUBSCRIPTIONS, [topic.pk, SubscriptionState.CONFIRMED, now, now, BY])


@contextmanager
def _bare() -> Iterator[None]:
    """Without indexes and foreign keys while the block runs: half the time at a million."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_THE_WAY)
        found = cursor.fetchall()
        for drop, _ in found:
            cursor.execute(drop)
        yield
        for _, make_again in found:
            cursor.execute(make_again)
