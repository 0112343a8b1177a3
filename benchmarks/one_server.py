"""What one small server carries by itself.  Run: python -m benchmarks.one_server

``digest up`` on SQLite, as the quickstart has it, with 50,000 subscribers and four earlier mailings
to all of them: memory and CPU while nothing happens; then a mailing to all, into a relay in C that
takes so many a second, while people are at the pages and some leave; then a list of as many rows
that comes in. ``--rate 0``: a relay that takes whatever comes. ``--full`` measures 2,000, 50,000
and 200,000 subscribers at 100 and 500 a second and without limit, which takes two hours. Linux.
"""

import argparse
import dataclasses
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from benchmarks import peers
from benchmarks.figures import Row, at_least, at_most, below
from benchmarks.footprint import Footprint, footprint, watched
from benchmarks.visiting import Visit, Visitors
from digest import disposable

if TYPE_CHECKING:
    from digest.models import Topic

DIGEST = Path(sys.executable).with_name("digest")
IDLE, PEAK = 400, 700
"""Megabytes of the whole set: while nothing happens, and at most."""

IDLE_CPU = 2  # % of one core
P95 = 200  # milliseconds, of every page, while all are mailed
PER_SECOND = 10
"""Requests of the people at the pages."""

OTHER = "bench"
"""The second topic: of the lists that benchmarks.importing writes."""

EARLIER = 4
SETTLING, STILL = 10, 20
"""Seconds until nothing moves any more, and for which that is measured."""

FULL = [(people, rate) for people in (2_000, 50_000, 200_000) for rate in (100, 500, 0)]

_EARLIER = """
    INSERT INTO workers_delivery (mailing_id, batch_id, subscriber_id, address, name, token_version,
        variant, generation, state, reason, outcome, attempts, code, answer, settled_at)
    SELECT %s, %s, id, email, name, 0, 'arranged', 0, 'accepted', '', 'unknown', 1, 250,
        '250 2.0.0 taken', %s
    FROM subscribers_subscriber"""


# ---- the place ---------------------------------------------------------------------------------


def fill(people: int) -> tuple[str, list[Visit]]:
    """Readers, what they were sent, two topics with a draft each; a session, and who comes."""
    from django.core.management import call_command
    from django.test import Client

    from digest import drafting, staff
    from digest.intake import store
    from digest.models import Topic
    from workers import demo
    from workers.trial import mailing

    call_command("migrate", verbosity=0)
    update = mailing.draft(people)
    _send_earlier(update.topic, people)
    other = Topic.objects.create(slug=OTHER, name="Harbour News", zone="Europe/London")
    store.load([str(Path(demo.__file__).parent / "briefings" / "update-2")], other.slug, by="bench")
    drafting.draft(other, until=dt.datetime(2026, 5, 20, tzinfo=dt.UTC), by="bench")
    client = Client()
    client.force_login(staff.add_user("ada@example.org", "admin"))
    return str(client.session.session_key), visits(update.topic.pk, people)


def _send_earlier(topic: "Topic", people: int) -> None:
    from django.db import connection
    from django.utils import timezone

    from workers.models import Batch, Mailing

    for week in range(EARLIER, 0, -1):
        then = timezone.now() - dt.timedelta(weeks=week)
        mailing = Mailing.objects.create(
            topic=topic, kind="correction", state="done", give_up_after=dt.timedelta(hours=24),
            due_at=then, started_at=then, prepared_at=then, finished_at=then,
            candidates=people, accepted=people,
        )  # fmt: skip
        batch = Batch.objects.create(mailing=mailing, size=people, state="done", dated_at=then)
        with connection.cursor() as cursor:
            cursor.execute(_EARLIER, [mailing.pk, batch.pk, then])


def visits(topic: int, people: int) -> list[Visit]:
    """Who comes to which page; readers who leave do so from the end, before their mail is sent."""
    from subscribers.tokens import Purpose, make

    def mine(purpose: Purpose, reader: int) -> str:
        return make(purpose, reader, topic, 0)

    def leaving(number: int) -> str:
        return f"/unsubscribe/{mine(Purpose.UNSUBSCRIBE, people - number)}/"

    def choosing(number: int) -> str:
        return f"/preferences/{mine(Purpose.PREFERENCES, people // 2 + number)}/"

    def signing_up(number: int) -> dict[str, str]:
        return {"address": f"bea{number}@mail{number % 99}.example.net", "topic": OTHER,
                "lang": "en", "website": ""}  # fmt: skip

    return [
        Visit("Archive", lambda _: "/"),
        Visit("A topic of it", lambda _: "/t/medias-ai-pivot/"),
        Visit("Sign-up page", lambda _: "/subscribe/"),
        Visit("… signing up", lambda _: "/subscribe/", signing_up),
        Visit("Unsubscribe page", leaving),
        Visit("… a mail program's button", leaving, lambda _: {"List-Unsubscribe": "One-Click"}),
        Visit("Preferences", choosing),
        Visit("… pausing", choosing, lambda _: {"pause": "1", "for": "7"}),
        Visit("Desk", lambda _: "/desk/", staff=True),
        Visit("A draft", lambda _: f"/desk/{OTHER}/draft/", staff=True),
        Visit("… its preview", lambda _: f"/desk/{OTHER}/draft/preview/", staff=True),
        Visit("Queue", lambda _: "/queue/", staff=True),
        Visit("The mailing", lambda _: "/queue/of/medias-ai-pivot/1/", staff=True),
        Visit("People", lambda _: "/people/", staff=True),
        Visit("… one of them", lambda number: f"/people/{number + 1}/", staff=True),
    ]


@contextmanager
def running(env: dict[str, str], folder: Path) -> Iterator[tuple[int, int, float]]:
    """Process and port of a ``digest up``, and the seconds until it was up."""
    begun = time.perf_counter()
    with subprocess.Popen(
        [DIGEST, "up", "--port", "0"], env=env, cwd=folder, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith("Digest is at "):
                    port = urlsplit(line.split()[3]).port
                    yield process.pid, int(port or 0), time.perf_counter() - begun
                    return
            raise SystemExit("digest up did not start")
        finally:
            process.terminate()


# ---- what is measured --------------------------------------------------------------------------


def idle_rows(up: int, crowd: Visitors) -> Iterator[Row]:
    """Nothing happens: at first, and after each page was looked at."""
    time.sleep(SETTLING)
    before = footprint(up)
    yield at_most("Idle: memory of all", IDLE, before.megabytes, "{:.0f} MB", by_part(before))
    time.sleep(STILL)
    after = footprint(up)
    share = (after.seconds - before.seconds) / STILL * 100
    yield below("… CPU of all, of one core", IDLE_CPU, share, "{:.1f} %", by_cpu(before, after))
    crowd.once()
    crowd.amiss.clear()  # the mailing is not there yet
    looked = footprint(up)
    yield at_most("A look at each page", PEAK, looked.megabytes, "{:.0f} MB", by_part(looked))
    time.sleep(disposable.IDLE + SETTLING)
    warm = footprint(up)
    yield at_most("… and idle again", IDLE, warm.megabytes, "{:.0f} MB", by_part(warm))


def mailing_rows(up: int, crowd: Visitors, rate: int, record: Path) -> Iterator[Row]:
    """All are mailed, and people are at the pages meanwhile."""
    from digest.models import Update
    from workers import balance
    from workers.models import Mailing
    from workers.trial import mailing

    update = Update.objects.get(topic__slug=mailing.SLUG)
    mailing.approve(update)
    _until(Mailing.objects.filter(update=update, queued__gt=0).exists)
    before = footprint(up)
    with watched(up) as peak, crowd.coming(PER_SECOND):
        _until(lambda: Mailing.objects.filter(update=update, state="done").exists())
    after = footprint(up)
    found = mailing.of(update)
    assert found is not None
    assert found.started_at is not None
    assert found.finished_at is not None
    took = (found.finished_at - found.started_at).total_seconds()
    sent = f"{found.accepted:,} in {took:.0f} s; CPU {by_cpu(before, after)}"
    if rate:
        yield at_least(
            f"A mailing, the relay takes {rate}/s", 0.95 * rate, found.accepted / took, "{:.0f}/s",
            sent,
        )  # fmt: skip
    else:
        yield Row("A mailing, as fast as it goes", "", f"{found.accepted / took:,.0f}/s", sent)
    yield at_most("… most memory", PEAK, peak.largest.megabytes, "{:.0f} MB", by_part(peak.largest))
    got = [who for who in record.read_text().split() if who.startswith("reader")]
    wrong = len(got) - len(set(got)) + abs(len(set(got)) - found.accepted)
    if not balance.sheet(found).balanced or found.uncertain:
        wrong += 1
    left = f"{found.excluded} left before their turn"
    yield at_most("… lost or mailed twice", 0, wrong, "{:,.0f}", left)


def page_rows(crowd: Visitors) -> Iterator[Row]:
    every = [each for taken in crowd.taken.values() for each in taken]
    for name, taken in {"All pages meanwhile": every, **crowd.taken}.items():
        p95 = sorted(taken)[int(len(taken) * 0.95)]
        said = f"median {statistics.median(taken):.0f}, most {max(taken):.0f} ms of {len(taken)}"
        yield at_most(f"{name}, p95", P95, p95, "{:.0f} ms", said)
    yield at_most(
        "Not answered as it should be", 0, len(crowd.amiss), "{:.0f}", "; ".join(crowd.amiss[:3])
    )


def import_rows(up: int, people: int) -> Iterator[Row]:
    """As many others come in by a list, as somebody uploads it."""
    from benchmarks.importing import write_list
    from subscribers.importing import runs
    from subscribers.importing.reading import Wanted
    from subscribers.imports import Import

    job = Import.objects.create(
        name="list.csv", is_stored=True, by="bench", format="digest",
        wanted=Wanted(topics=[OTHER]).as_json(), state="new",
    )  # fmt: skip
    write_list(runs.file_of(job), people)
    with runs.file_of(job).open("rb") as file:
        job.fingerprint, job.size = runs.fingerprint(file)
    job.state = "running"
    job.save()
    begun = time.perf_counter()
    with watched(up) as peak:
        _until(lambda: not Import.objects.filter(pk=job.pk, state="running").exists())
    took = time.perf_counter() - begun
    job.refresh_from_db()
    yield Row("A list comes in", "", f"{took:.1f} s", f"{job.created:,} of {people:,} rows")
    yield at_most("… most memory", PEAK, peak.largest.megabytes, "{:.0f} MB", by_part(peak.largest))


def by_part(found: Footprint) -> str:
    return ", ".join(
        f"{part} {found.memory[part]:.0f}"
        + (f" ({found.processes[part]})" if found.processes[part] > 1 else "")
        for part in sorted(found.memory, key=found.memory.__getitem__, reverse=True)
    )


def by_cpu(before: Footprint, after: Footprint) -> str:
    spent = {part: after.cpu[part] - before.cpu[part] for part in after.cpu}
    most = sorted(spent, key=spent.__getitem__, reverse=True)
    return ", ".join(f"{part} {spent[part]:.1f} s" for part in most if spent[part] >= 0.05)


def _until(true: object, seconds: float = 3600) -> None:
    from workers.trial.parts import until

    until(true, seconds, "What is measured", 0.2)  # type: ignore[arg-type]


def measured(people: int, rate: int) -> Iterator[Row]:
    """Everything, once, in a place of its own."""
    with tempfile.TemporaryDirectory() as named:
        folder = Path(named)
        options = ["--rate", str(rate)] if rate else []
        with peers.recording(folder, peers.c_sink(folder), *options) as relay:
            os.environ |= {
                "DATABASE_URL": "", "DATA_DIR": str(folder / "var"), "REDIS_URL": "",
                "SMTP_URL": f"smtp://127.0.0.1:{relay}", "BASE_URL": "", "INBOUND_URL": "",
                "LOG_LEVEL": "warning", "TRUSTED_PROXIES": "127.0.0.1/32",
                "DJANGO_SETTINGS_MODULE": "config.settings",
            }  # fmt: skip
            import django

            django.setup()
            session, coming = fill(people)
            with running(dict(os.environ), folder) as (up, port, seconds):
                crowd = Visitors(port, session, coming)
                yield Row("Until it is up", "", f"{seconds:.1f} s")
                yield from idle_rows(up, crowd)
                yield from mailing_rows(up, crowd, rate, folder / "record")
                yield from page_rows(crowd)
                yield from import_rows(up, people)


def main() -> int:
    reader = argparse.ArgumentParser(prog="python -m benchmarks.one_server")
    reader.add_argument("--people", type=int, default=50_000, help="subscribers (50000)")
    reader.add_argument("--rate", type=int, default=1_000, help="of the relay; 0: no limit (1000)")
    reader.add_argument("--json", action="store_true", help="one object, and nothing else")
    reader.add_argument("--full", action="store_true", help="three sizes at three rates each")
    asked = reader.parse_args()
    if asked.full:
        return _full()
    rows = list(measured(asked.people, asked.rate))
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    if asked.json:
        print(json.dumps({"load": load, "rows": [dataclasses.asdict(row) for row in rows]}))
    else:
        title = f"One server, SQLite, {asked.people:,} subscribers; {load}"
        table = Table("figure", "target", "measured", "", "", title=title, title_justify="left")
        for row in rows:
            table.add_row(row.figure, row.target, row.measured, row.verdict, row.remark)
        Console(width=150).print(table)
    return 0 if all(row.reached is not False for row in rows) else 1


def _full() -> int:
    """Each size and rate in a process of its own, since a process has one database."""
    statuses = [
        subprocess.run(
            [sys.executable, "-m", "benchmarks.one_server", f"--people={people}", f"--rate={rate}"],
            check=False,
        ).returncode
        for people, rate in FULL
    ]
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
