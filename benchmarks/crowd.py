"""A crowd to measure with: people, topics, tags, attributes and what they got, made by SQL."""

from django.core.management import call_command
from django.db import connection

TOPICS = ["media", "markets", "climate", "health"]
COUNTRIES = ["GB", "US", "DE", "FR", "IE", "NL", "SE", "IN", "AU", "ES"]
LANGUAGES = ["en", "en-GB", "de", "fr", "ar"]
ZONES = ["Europe/London", "America/New_York", "Europe/Berlin", "Asia/Kolkata"]
SOURCES = ["website", "fair 2025", "fair 2026", "import spring.csv", "partner.example"]
PLANS = ["free", "plus", "pro"]
TAGS = 40
DAYS = 1500
UPDATES = 3
"""Of the first topic; each went to some of its people."""


def _one_of(values: list[str], seed: int) -> str:
    """A value that depends on n, the earlier ones more often."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"(ARRAY[{listed}])[1 + floor({len(values)} * power({_share(seed)}, 2))::int]"


def _share(seed: int, of: str = "n") -> str:
    """A number from 0 to 1 that depends on a column, and looks like chance."""
    return f"((hashint8extended({of}, {seed}) & 1048575) / 1048576.0)"


_PEOPLE = f"""
    INSERT INTO subscribers_subscriber (email, email_hash, name, state, public_id, token_version,
        country, language, zone, attributes, source, joined_at)
    SELECT email, encode(sha256(email::bytea), 'hex'), 'Reader ' || n || ' Lee', 'active',
        gen_random_uuid(), 0,
        CASE WHEN {_share(1)} < 0.9 THEN {_one_of(COUNTRIES, 2)} ELSE '' END,
        {_one_of(LANGUAGES, 3)}, {_one_of(ZONES, 4)},
        jsonb_build_object('plan', {_one_of(PLANS, 5)}, 'seats', (100 * {_share(6)})::int::text)
            || CASE WHEN {_share(7)} < 0.3
               THEN jsonb_build_object('company', 'Firm ' || mod(n, 5000)) ELSE '{{}}' END,
        {_one_of(SOURCES, 8)}, now() - {DAYS} * {_share(9)} * interval '1 day'
    FROM (SELECT n, 'reader' || n || '@mail' || mod(n, 5000) || '.example.org' AS email
          FROM generate_series(1, %s) AS n) AS people"""
_SUBSCRIPTIONS = f"""
    INSERT INTO subscribers_subscription
        (subscriber_id, topic_id, state, consent, left_why, asked_at, confirmed_at, left_at,
         paused_until)
    SELECT n, topic_id, state, '', CASE WHEN state = 'unsubscribed' THEN 'too many' ELSE '' END,
        joined_at, CASE WHEN state <> 'pending' THEN joined_at END,
        CASE WHEN state = 'unsubscribed' THEN joined_at + (now() - joined_at) * {_share(14)} END,
        CASE WHEN state = 'paused' THEN now() + interval '9 days' END
    FROM (SELECT p.id AS n, p.joined_at, t.id AS topic_id,
            CASE WHEN {_share(10, "p.id")} < 0.82 THEN 'confirmed'
                 WHEN {_share(10, "p.id")} < 0.9 THEN 'unsubscribed'
                 WHEN {_share(10, "p.id")} < 0.96 THEN 'pending' ELSE 'paused' END AS state
          FROM subscribers_subscriber p JOIN digest_topic t
            ON (hashint8extended(p.id, t.id) & 1023) < 400) AS standing"""
_TAGS = f"""
    INSERT INTO subscribers_subscribertag (subscriber_id, tag)
    SELECT DISTINCT id, 'tag ' || floor({TAGS} * power({_share(11)}, 2))::int
    FROM (SELECT p.id, p.id * 7 + k AS n FROM subscribers_subscriber p, generate_series(0, 1) k
          WHERE (hashint8extended(p.id, 12) & 1023) < 700) AS tagged"""
_DELIVERIES = f"""
    INSERT INTO workers_delivery (mailing_id, batch_id, subscriber_id, address, name, variant,
        token_version, generation, state, reason, outcome, attempts, code, answer, settled_at)
    SELECT %s, %s, id, email, name, 'arranged', 0, 0,
        CASE WHEN {_share(13)} < 0.97 THEN 'accepted' ELSE 'failed' END, '', 'unknown', 1, 250, '',
        now()
    FROM (SELECT s.*, s.id AS n FROM subscribers_subscriber s JOIN subscribers_subscription f
            ON f.subscriber_id = s.id AND f.topic_id = %s AND f.state = 'confirmed') AS people"""


def gather(people: int) -> None:
    """Fill an empty PostgreSQL with so many people, and what belongs to them."""
    from digest.models import Topic, Update
    from workers.models import Batch, Mailing

    call_command("migrate", verbosity=0)
    topics = [Topic.objects.create(slug=slug, name=slug.title()) for slug in TOPICS]
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [people])
        cursor.execute("ANALYZE")
        for statement in (_SUBSCRIPTIONS, _TAGS):
            cursor.execute(statement)
        for number in range(1, UPDATES + 1):
            update = Update.objects.create(
                topic=topics[0], number=number, since="2026-01-01T00:00Z",
                until="2026-02-01T00:00Z", stage="sent",
            )  # fmt: skip
            mailing = Mailing.objects.create(
                update=update, topic=topics[0], kind="scheduled", state="done",
                give_up_after="24:00:00",
            )  # fmt: skip
            batch = Batch.objects.create(mailing=mailing, size=1)
            cursor.execute(_DELIVERIES, [mailing.id, batch.id, topics[0].id])
        cursor.execute("VACUUM ANALYZE")
