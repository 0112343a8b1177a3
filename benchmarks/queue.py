"""How quick the queue's pages are at 10,000,000 deliveries.  Run: python -m benchmarks.queue

On a PostgreSQL of its own from the wheel, or the empty one that DATABASE_URL names: fifty mailings
to 200,000 people each, made by SQL; then each page over HTTP, and what counting by mail domain
costs the ledger. ``--deliveries N`` for fewer. Nothing is kept.
"""

import argparse
import datetime as dt
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils import timezone
from rich.console import Console
from rich.table import Table

from benchmarks.desk import fetched, processor, served
from benchmarks.figures import Row, at_most

if TYPE_CHECKING:
    from digest.models import Topic, Update
    from workers.models import Mailing

ROUNDS = 40
MAILINGS = 50
AT_MOST = 200
"""Milliseconds, of all but one in twenty."""

# Of a hundred readers one failed, one was excluded; of the mailing that still goes a third waits,
# and of the last three somebody is uncertain.
_DELIVERIES = """
    INSERT INTO workers_delivery (mailing_id, batch_id, subscriber_id, address, name, token_version,
        variant, generation, state, reason, outcome, attempts, code, answer, settled_at,
        next_attempt_at)
    SELECT %(mailing)s, %(batch)s + n / 2000, id, email, name, 0, 'arranged', 0, said.state,
        CASE said.state WHEN 'excluded' THEN 'unsubscribed' ELSE '' END,
        CASE WHEN n %% 1000 = 7 THEN 'bounced' ELSE 'unknown' END,
        CASE said.state WHEN 'queued' THEN 0 ELSE 1 END,
        CASE said.state WHEN 'failed' THEN 550 WHEN 'deferred' THEN 421 ELSE 250 END,
        CASE said.state WHEN 'failed' THEN '550 5.1.1 No such mailbox'
            WHEN 'deferred' THEN '421 4.7.0 Slow down' ELSE '250 2.0.0 OK queued as ' || n END,
        now() - interval '1 minute',
        CASE said.state WHEN 'deferred' THEN now() + interval '5 minutes' END
    FROM (SELECT row_number() OVER (ORDER BY id) AS n, id, email, name
          FROM subscribers_subscriber) AS person,
         LATERAL (SELECT CASE WHEN n %% 100 = 1 THEN 'failed' WHEN n %% 100 = 2 THEN 'excluded'
             WHEN %(unsure)s AND n %% 50000 = 3 THEN 'uncertain'
             WHEN %(goes)s AND n %% 3 = 0 THEN 'queued'
             WHEN %(goes)s AND n %% 20 = 4 THEN 'deferred' ELSE 'accepted' END AS state) AS said"""

_COUNTERS = """
    UPDATE workers_mailing SET candidates = n.candidates, queued = n.queued, accepted = n.accepted,
        deferred = n.deferred, failed = n.failed, excluded = n.excluded, uncertain = n.uncertain
    FROM (SELECT mailing_id, count(*) AS candidates, {counts} FROM workers_delivery
          GROUP BY mailing_id) AS n WHERE n.mailing_id = workers_mailing.id"""

_DOMAINS = """
    INSERT INTO workers_atdomain (mailing_id, domain, accepted)
    SELECT mailing_id, split_part(address, '@', 2), count(*) FROM workers_delivery
    WHERE state = 'accepted' GROUP BY 1, 2"""


def fill(deliveries: int) -> str:
    """Everything, by SQL; the session of somebody who watches."""
    from django.db import connection
    from django.test import Client

    from digest import staff
    from digest.models import Topic
    from tests.queueing import a_crew, an_update
    from workers.balance import STATES
    from workers.models import Batch, Mailing

    people = deliveries // MAILINGS
    topic = Topic.objects.create(slug="harbour", name="Harbour News", zone="Europe/London")
    a_crew()
    _people(people)
    with connection.cursor() as cursor:
        for number in range(1, MAILINGS + 1):
            goes = number == MAILINGS
            mailing = _mailing(topic, an_update(topic, number), goes=goes)
            size = people // 2000 + 1
            made = Batch.objects.bulk_create(
                Batch(mailing=mailing, size=2000, state="done", dated_at=mailing.started_at)
                for _ in range(size)
            )
            said = {"mailing": mailing.id, "batch": made[0].id, "goes": goes}
            said["unsure"] = number > MAILINGS - 3
            cursor.execute(_DELIVERIES, said)
        counts = ", ".join(f"count(*) FILTER (WHERE state = '{s}') AS {s}" for s in STATES)
        cursor.execute(_COUNTERS.format(counts=counts))
        cursor.execute(_DOMAINS)
        cursor.execute("VACUUM ANALYZE")
    assert Mailing.objects.count() == MAILINGS
    client = Client()
    client.force_login(staff.add_user("otto@example.org", "ops"))
    return str(client.session.session_key)


def _people(many: int) -> None:
    """At a hundred domains, most of them at a few."""
    from subscribers.models import Subscriber

    random.seed(8)
    at = [f"d{int(100 * random.random() ** 4)}.example.org" for _ in range(many)]
    Subscriber.objects.bulk_create(
        (
            Subscriber(
                email=f"reader{n}@{domain}", email_hash=f"{n:064x}", name=f"Reader {n}",
                joined_at=timezone.now(),
            )
            for n, domain in enumerate(at, 1)
        ),
        batch_size=10_000,
    )  # fmt: skip


def _mailing(topic: "Topic", update: "Update", *, goes: bool) -> "Mailing":
    from workers.models import Mailing

    then = timezone.now() - dt.timedelta(minutes=5)
    return Mailing.objects.create(
        topic=topic, update=update, kind="scheduled", state="sending" if goes else "done",
        give_up_after=dt.timedelta(hours=24), due_at=then, started_at=then, prepared_at=then,
        finished_at=None if goes else timezone.now(), rate=500,
    )  # fmt: skip


def pages(people: int) -> Iterator[tuple[str, Callable[[int], str]]]:
    """(what is asked, its address in each round)."""
    from subscribers.models import Subscriber
    from workers.models import Mailing

    last = Mailing.objects.order_by("-id").values_list("id", flat=True)[0]
    some = dict(
        enumerate(
            Subscriber.objects.filter(
                email_hash__in=[f"{n * 7919 % people + 1:064x}" for n in range(ROUNDS)]
            ).values_list("email", flat=True)
        )
    )
    search = "/queue/deliveries/?"
    yield "Queue", lambda _: "/queue/"
    yield "… what it polls", lambda _: "/queue/live/"
    yield "A mailing that goes", lambda _: f"/queue/{last}/"
    yield "A mailing that ended", lambda n: f"/queue/{last - n - 1}/"
    yield "Deliveries, nothing asked", lambda _: search
    yield "… by an address", lambda n: f"{search}q={some[n % len(some)]}"
    yield "… by how it begins", lambda n: f"{search}q=reader{people - n}@"
    yield "… by a name", lambda n: f"{search}q=reader+{people // 2 + n}"
    yield "… of a mailing", lambda n: f"{search}mailing={last - n}"
    yield "… failed, far down", lambda n: f"{search}mailing={last - n}&state=failed&beyond={9**7}"
    yield (
        "… accepted at a domain",
        lambda n: f"{search}mailing={last - n}&state=accepted&domain=d9.example.org",
    )
    yield "… what nobody is", lambda n: f"{search}mailing={last - n}&outcome=complained"
    yield "… bounced, of all", lambda n: f"{search}outcome=bounced&beyond={10**6 * (n % 9 + 1)}"
    yield "… uncertain, of all", lambda _: f"{search}state=uncertain"


def page_rows(site: str, pid: int, session: str, people: int) -> Iterator[Row]:
    for figure, path in pages(people):
        fetched(site, path(0), session)
        taken, before = [], processor(pid)
        for n in range(ROUNDS):
            begun = time.perf_counter()
            fetched(site, path(n), session)
            taken.append((time.perf_counter() - begun) * 1000)
        p95 = statistics.quantiles(taken, n=20)[-1]
        each = (processor(pid) - before) / ROUNDS * 1000
        said = (
            f"median {statistics.median(taken):.0f} ms; processor of the pages {each:.0f} ms; "
            f"database {database_time(session, path):.0f} ms"
        )
        yield at_most(figure, AT_MOST, p95, "{:.0f} ms", said)


def database_time(session: str, path: Callable[[int], str]) -> float:
    """Milliseconds that the page waits for the database: the median of some, in this process."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.cookies["sessionid"] = session
    sums = []
    for n in range(9):
        with CaptureQueriesContext(connection) as queries:
            client.get(path(n), headers={"Host": "localhost"})
        sums.append(sum(float(one["time"]) for one in queries.captured_queries) * 1000)
    return statistics.median(sums)


def recording_row() -> Row:
    """What counting by mail domain adds to 500 results: one statement in the same transaction."""
    from workers import domains, ledger
    from workers.ledger import Result
    from workers.models import Delivery, Mailing

    last = Mailing.objects.order_by("-id").values_list("id", flat=True)[0]
    rows = Delivery.objects.filter(mailing=last, state="queued").order_by("id")
    ids = list(rows.values_list("id", flat=True)[: 40 * 500])
    count, taken = domains.accepted, []

    def timed(mailing_id: int, addresses: object) -> None:
        begun = time.perf_counter()
        count(mailing_id, addresses)  # type: ignore[arg-type]
        taken.append(time.perf_counter() - begun)

    domains.accepted = timed
    begun = time.perf_counter()
    for at in range(0, len(ids), 500):
        ledger.record(last, [Result(one, "accepted", 250, "250 OK") for one in ids[at : at + 500]])
    whole = (time.perf_counter() - begun) / len(ids)
    domains.accepted = count
    part = sum(taken) / len(ids)
    return at_most(
        "Counting by domain, of recording", 25, 100 * part / whole, "{:.0f} %",
        f"{part * 1e6:.1f} of {whole * 1e6:.1f} µs a message",
    )  # fmt: skip


def measured(deliveries: int) -> list[Row]:
    begun = time.perf_counter()
    session = fill(deliveries)
    print(f"{deliveries:,} deliveries made in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    with served(Path(os.environ["DATA_DIR"])) as (site, pid):
        rows = list(page_rows(site, pid, session, deliveries // MAILINGS))
    return [*rows, recording_row()]


def main() -> int:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--deliveries", type=int, default=10_000_000)
    asked = reader.parse_args()
    from tests.servers import postgres

    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATABASE_URL": os.environ.get("DATABASE_URL") or postgres(), "DATA_DIR": folder,
            "BASE_URL": "", "REDIS_URL": "", "SMTP_URL": "", "LOG_LEVEL": "warning",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }  # fmt: skip
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        rows = measured(asked.deliveries)
    table = Table("figure, p95", "target", "measured", "", "")
    for row in rows:
        table.add_row(row.figure, row.target, row.measured, row.verdict, row.remark)
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    Console(width=120).print(f"{asked.deliveries:,} deliveries; {load}", table)
    return 0 if all(row.reached is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
