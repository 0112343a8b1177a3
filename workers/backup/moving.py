"""Moving all of an installation to another database, of either kind, in one transaction.

Every table is held against what it was made of: how many rows, and what they say.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import dj_database_url
from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import load_backend
from django.utils import timezone

from digest.audit import audit
from digest.database import Installation
from digest.errors import Refused, Unreachable
from workers.backup import loading, running
from workers.backup.snapshot import snapshot
from workers.backup.tables import Kind, Table, lines, tables_of


class Moved(NamedTuple):
    """What was moved: rows by table, in how many seconds."""

    tables: dict[str, int]
    seconds: float

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


def move(url: str, by: str) -> Moved:
    """Copy everything to the empty database at this address; this one is then used no more."""
    begun = time.monotonic()
    if who := running.by_whom():
        raise Refused(
            f"The database is in use: {who}. Nothing was moved. Stop web, workers and schedule, "
            "then move."
        )
    target = _connection(url)
    try:
        with snapshot() as source:
            tables = _copy(source, target)
    finally:
        target.close()
    here = place(connection)
    Installation.objects.update(moved_to=f"{place(target)} on {timezone.now():%d %B %Y %H:%M %Z}")
    audit(by, "moved database", here[:200], to=place(target))
    return Moved(tables, time.monotonic() - begun)


def stay(by: str) -> None:
    """Go on with this database, though all of it was moved."""
    moved = Installation.objects.exclude(moved_to="").first()
    if moved is None:
        raise Refused("This database was moved nowhere; nothing was changed.")
    to, moved.moved_to = moved.moved_to, ""
    moved.save(update_fields=["moved_to"])
    audit(by, "kept moved database", place(connection)[:200], to=to)


def place(database: BaseDatabaseWrapper) -> str:
    """Which database it is, for a person."""
    said = database.settings_dict
    if database.vendor == "sqlite":
        return f"SQLite in {said['NAME']}"
    return f"PostgreSQL at {said['HOST'] or 'localhost'}/{said['NAME']}"


def _connection(url: str) -> BaseDatabaseWrapper:
    """To another database, as if it were the program's own."""
    said: Any = dj_database_url.parse(url)
    if said["ENGINE"].endswith("sqlite3"):
        wal = "PRAGMA journal_mode=WAL"
        said["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": wal}
        with suppress(OSError):  # told beneath
            Path(said["NAME"]).touch(0o600)  # readers' addresses, for our eyes alone
    configured = connections.configure_settings({DEFAULT_DB_ALIAS: said})[DEFAULT_DB_ALIAS]
    made: BaseDatabaseWrapper = load_backend(said["ENGINE"]).DatabaseWrapper(
        configured, DEFAULT_DB_ALIAS
    )
    if place(made) == place(connection):
        raise Refused("That is the database that is in use already; nothing was moved.")
    try:
        made.ensure_connection()
    except DatabaseError as problem:
        why = str(problem).strip().splitlines()[0]
        raise Unreachable(
            f"The database at {place(made)} can't be used: {why}. Nothing was moved. Create it, or "
            "mend the address, then move again."
        ) from problem
    return made


@contextmanager
def _instead(database: BaseDatabaseWrapper) -> Iterator[None]:
    """That database in place of the program's own."""
    own = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = database
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = own


def _copy(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper) -> dict[str, int]:
    applied = set(MigrationRecorder(source).applied_migrations())
    with _instead(target):
        if who := running.by_whom():
            raise Refused(f"The other database is in use: {who}. Nothing was moved.")
        if not running.is_empty():
            raise Refused(
                f"The database at {place(target)} is not empty; nothing was moved. Name an empty "
                "one, or empty that one first."
            )
        try:
            with loading.at_once():
                loading.prepare(applied)
                tables = tables_of(apps)
                moved = {one.name: _copy_table(source, target, one) for one in tables}
                loading.go_on_from(tables, {}, {})
                loading.finish()
        except DatabaseError as problem:
            why = str(problem).strip().splitlines()[0]
            raise Refused(
                f"The other database does not take all rows ({why}); nothing was moved. Mend the "
                "row that it names, or report it."
            ) from problem
    return moved


def _copy_table(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, table: Table) -> int:
    """Copy one, and look at what came of it; how many rows."""
    there, here = _Sum(table), _Sum(table)
    loading.load(table, there.of(lines(source, table)))
    for _ in here.of(lines(target, table)):
        pass
    if (there.rows, there.digest) != (here.rows, here.digest):
        raise Refused(
            f"Of {table.name} {here.rows:,} of {there.rows:,} rows came over as they were; nothing "
            "was moved. This is a fault of the program: report it."
        )
    return here.rows


class _Sum:
    """How many lines pass, and what they say, however the database writes it."""

    def __init__(self, table: Table) -> None:
        self.rows = 0
        self._seen = hashlib.sha256()
        self._ways = [
            (at, _SAME[column.kind])
            for at, column in enumerate(table.columns)
            if column.kind in _SAME
        ]

    @property
    def digest(self) -> str:
        return self._seen.hexdigest()

    def of(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self.rows += block.count(b"\n")
            self._seen.update(self._normal(block) if self._ways else block)
            yield block

    def _normal(self, block: bytes) -> bytes:
        """PostgreSQL writes a number, and what is in JSON, in a way of its own. Blocks end where
        lines do."""
        rows = []
        for line in block.decode().split("\n")[:-1]:
            row = line.split("\t")
            for at, same in self._ways:
                said = loading.value(row[at])
                row[at] = row[at] if said is None else same(said)
            rows.append("\t".join(row) + "\n")
        return "".join(rows).encode()


def _same_json(text: str) -> str:
    return json.dumps(json.loads(text, parse_int=float), sort_keys=True, ensure_ascii=False)


_SAME: dict[Kind, Callable[[str], str]] = {
    Kind.JSON: _same_json,
    Kind.REAL: lambda text: repr(float(text)),
}
