"""How long a backup and its restore take, on both databases.  Run: python -m benchmarks.backup

50,000 subscribers and one mailing to all of them; ``--mailings 52`` for a year's. On SQLite, and on
a PostgreSQL of its own from the wheel. Each command is timed as it is typed, its start and, of a
restore, the making of all tables included; somebody writes all the while a backup is taken.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Row, at_most

DIGEST = Path(sys.executable).with_name("digest")
BACKUP, RESTORE = 10, 20
"""Seconds."""

WAIT = 200
"""Milliseconds that somebody who writes may wait while a backup is taken."""

_DELIVERIES = """
    INSERT INTO workers_delivery (mailing_id, batch_id, subscriber_id, address, name, token_version,
        variant, generation, state, reason, outcome, attempts, code, answer, settled_at)
    SELECT %s, %s, id, email, name, 0, 'arranged', 0, 'accepted', '', 'unknown', 1, 250,
        '250 2.0.0 Ok: queued as 4F' || (id * 7919 + %s), %s
    FROM subscribers_subscriber ORDER BY id"""


def fill(readers: int, mailings: int) -> None:
    """A crowd, and so many mailings to all of it."""
    from django.db import connection, transaction
    from django.utils import timezone

    from benchmarks.small_crowd import gather
    from digest.models import Topic
    from tests.ledgering import mailing
    from workers.models import Batch

    gather(readers)
    topic = Topic.objects.all()[0]
    for n in range(mailings):
        with transaction.atomic(), connection.cursor() as cursor:
            sent = mailing(
                topic, state="done", candidates=readers, accepted=readers,
                prepared_at=timezone.now(), finished_at=timezone.now(), kind="resend",
            )  # fmt: skip
            batch = Batch.objects.create(mailing=sent, size=readers, state="done")
            cursor.execute(_DELIVERIES, [sent.id, batch.id, n, timezone.now()])


class Writer:
    """Somebody who writes a row every hundredth of a second, and how long each waited."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _write(self) -> None:
        from django.db import connection

        from digest.models import Topic

        while not self._over.wait(0.01):
            begun = time.perf_counter()
            Topic.objects.update(description=str(begun))
            self.waits.append(time.perf_counter() - begun)
        connection.close()


def timed(*words: str, **env: str) -> tuple[float, float]:
    """Seconds of a command, and how many of them it had a processor."""
    begun, before = time.perf_counter(), os.times().children_user
    subprocess.run([DIGEST, *words], env=os.environ | env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun, os.times().children_user - before


def measured(readers: int, mailings: int) -> Iterator[Row]:
    """In the database that the settings name."""
    import django

    django.setup()
    from django.db import connection

    kind = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.vendor]
    fill(readers, mailings)
    file = Path(os.environ["DATA_DIR"]) / "it.backup"
    with Writer() as writer:
        taken, busy = timed("backup", str(file))
    size = (
        f"{busy:.1f} s of processor; {file.stat().st_size / 1e6:,.0f} MB, "
        f"{readers * mailings:,} deliveries"
    )
    yield at_most(f"Backup, {kind}", BACKUP, taken, "{:.1f} s", size)
    wait = max(writer.waits) * 1000
    said = f"{len(writer.waits):,} writes meanwhile"
    yield at_most("… longest wait of a writer", WAIT, wait, "{:.0f} ms", said)
    connection.close()
    there = {"DATA_DIR": f"{os.environ['DATA_DIR']}/there", "DATABASE_URL": _another(kind)}
    taken, busy = timed("restore", str(file), **there)
    said = f"{busy:.1f} s of processor; into an empty database"
    yield at_most(f"Restore, {kind}", RESTORE, taken, "{:.1f} s", said)


def _another(kind: str) -> str:
    """An empty database beside; "" is SQLite's in DATA_DIR."""
    if kind == "SQLite":
        return ""
    import psycopg

    name = f"there{uuid.uuid4().hex[:12]}"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return os.environ["DATABASE_URL"].replace("/postgres?", f"/{name}?")


def main() -> int:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--readers", type=int, default=50_000)
    reader.add_argument("--mailings", type=int, default=1)
    reader.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = reader.parse_args()
    if asked.one:
        rows = measured(asked.readers, asked.mailings)
        print(json.dumps([vars(row) for row in rows]))
        return 0
    from tests.servers import postgres

    table = Table("figure", "target", "measured", "", "")
    missed = 0
    for url in ("", postgres()):
        for row in _apart(url, asked.readers, asked.mailings):
            missed += not row.reached
            table.add_row(row.figure, row.target, row.measured, row.verdict, row.remark)
    Console().print(table)
    return int(missed > 0)


def _apart(url: str, readers: int, mailings: int) -> list[Row]:
    """In a process of its own, for Django knows one database."""
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {
            "DATABASE_URL": url, "DATA_DIR": folder, "LOG_LEVEL": "warning", "SECRET_KEY": "",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }  # fmt: skip
        said = subprocess.run(
            [
                sys.executable, "-m", "benchmarks.backup", "--one",
                "--readers", str(readers), "--mailings", str(mailings),
            ],
            env=env, check=True, stdout=subprocess.PIPE,
        )  # fmt: skip
    return [Row(**row) for row in json.loads(said.stdout)]


if __name__ == "__main__":
    sys.exit(main())
