"""How long a scrape of /metrics takes.  Run: python -m benchmarks.metrics [--deliveries N]

Ten million deliveries in a PostgreSQL of its own from the wheel (about 3 GB in the folder for
temporary files, removed at the end), or in the empty one that DATABASE_URL names. Asked as
Prometheus asks: over HTTP's handler, with a broker that answers.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING

from benchmarks.figures import Row, at_most
from benchmarks.segments import percentile, show

if TYPE_CHECKING:
    from django.test import Client

SCRAPES = 100
AT_MOST = 50.0
"""Milliseconds for a scrape, however many deliveries there are (issue 8)."""

MS = "{:,.1f} ms"

MAILING = 100_000
"""Deliveries of each mailing; the newest is being sent."""

# Without subscribers: none is asked about here. Each batch has 500, each row was settled lately
# enough to be plausible, and in ten thousand there is one uncertain, in a hundred one failed.
_DELIVERIES = """
    INSERT INTO workers_delivery (mailing_id, batch_id, address, name, variant, token_version,
        generation, state, reason, outcome, attempts, code, answer, settled_at)
    SELECT %(mailing)s, %(batch)s + n / 500, 'reader' || n || '@example.org', '', 'arranged', 0, 0,
        CASE WHEN n %% 10000 = 0 THEN 'uncertain' WHEN n %% 100 = 0 THEN 'failed'
             WHEN %(sending)s AND n > %(many)s / 2 THEN 'queued' ELSE 'accepted' END,
        '', 'unknown', 1, 250, '250 2.0.0 Ok: queued', now()
    FROM generate_series(0, %(many)s - 1) AS n"""
_BATCHES = """
    INSERT INTO workers_batch (mailing_id, state, size, host, worker, leased_until, dated_at)
    SELECT %(mailing)s, CASE WHEN NOT %(sending)s OR n < 100 THEN 'done'
        WHEN n < 104 THEN 'leased' ELSE 'pending' END, 500, '', '', now() + interval '1 minute',
        now() FROM generate_series(0, (%(many)s - 1) / 500) AS n RETURNING id"""
_COUNTERS = """
    UPDATE workers_mailing AS m SET candidates = %(many)s, queued = c.queued,
        accepted = c.accepted, failed = c.failed, uncertain = c.uncertain
    FROM (SELECT count(*) FILTER (WHERE state = 'queued') AS queued,
                 count(*) FILTER (WHERE state = 'accepted') AS accepted,
                 count(*) FILTER (WHERE state = 'failed') AS failed,
                 count(*) FILTER (WHERE state = 'uncertain') AS uncertain
          FROM workers_delivery WHERE mailing_id = %(mailing)s) AS c WHERE m.id = %(mailing)s"""


def fill(deliveries: int) -> None:
    """So many, in mailings of a hundred thousand, by SQL."""
    import datetime as dt

    from django.db import connection
    from django.utils import timezone

    from digest.models import Topic
    from workers.models import Mailing

    topic = Topic.objects.create(slug="harbour", name="Harbour")
    now = timezone.now()
    first = deliveries // MAILING - 1
    for number in range(first, -1, -1):
        sending = number == 0
        mailing = Mailing.objects.create(
            topic=topic,
            kind="scheduled",
            state="sending" if sending else "done",
            give_up_after=dt.timedelta(hours=24),
            due_at=now - dt.timedelta(days=number),
            started_at=now - dt.timedelta(days=number),
            prepared_at=now,
            finished_at=None if sending else now - dt.timedelta(days=number),
            rate=500 if sending else None,
        )
        said = {"mailing": mailing.id, "many": MAILING, "sending": sending}
        with connection.cursor() as cursor:
            cursor.execute(_BATCHES, said)
            said["batch"] = min(batch for (batch,) in cursor.fetchall())
            cursor.execute(_DELIVERIES, said)
            cursor.execute(_COUNTERS, said)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def scrape(client: "Client") -> float:
    """Milliseconds of one, from the request to the last octet."""
    begun = time.perf_counter()
    answer = client.get("/metrics")
    taken = (time.perf_counter() - begun) * 1000
    assert answer.status_code == 200, answer.content
    assert b"digest_mailing_candidates{" in answer.content
    assert b"digest_broker_up 1.0" in answer.content
    assert b"digest_database_up 1.0" in answer.content
    return taken


def measured(deliveries: int) -> list[Row]:
    begun = time.perf_counter()
    fill(deliveries)
    print(f"{deliveries:,} deliveries made in {time.perf_counter() - begun:.0f} s")
    from django.test import Client

    client = Client(SERVER_NAME="localhost")  # one: a server loads its middleware once
    first = scrape(client)
    began = time.process_time()
    times = [scrape(client) for _ in range(SCRAPES)]
    cpu = (time.process_time() - began) * 1000 / SCRAPES
    remark = f"worst {max(times):.0f}; CPU of the web process {cpu:.0f}; its first {first:.0f}"
    return [
        at_most(
            f"Scrape, {deliveries:,} deliveries: median", AT_MOST, statistics.median(times), MS
        ),
        at_most("… p95", AT_MOST, percentile(times, 95), MS, remark),
    ]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--deliveries", type=int, default=10_000_000)
    deliveries = asked.parse_args().deliveries
    if not os.environ.get("DATABASE_URL"):
        from tests.servers import postgres

        os.environ["DATABASE_URL"] = postgres()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATA_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        with_broker(deliveries)


def with_broker(deliveries: int) -> None:
    from workers.embedded import broker

    ours = broker.make()
    os.environ["REDIS_URL"] = ours.url
    with subprocess.Popen(ours.argv, stdout=subprocess.DEVNULL) as process:
        try:
            assert not broker.silence(ours.url)
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", verbosity=0)
            show(measured(deliveries))
        finally:
            process.terminate()
            process.wait()
            shutil.rmtree(ours.directory, ignore_errors=True)


if __name__ == "__main__":
    main()
