"""Rows of a backup, or of another database, into the tables of this one. In one transaction."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from workers.backup.snapshot import Migrations, last_of
from workers.backup.tables import Kind, Table

_OURS = ("auth_", "digest_", "django_", "subscribers_", "workers_")
_AT_ONCE = 10_000


@contextmanager
def at_once() -> Iterator[None]:
    """One transaction over all tables, in which no row is held against another until its end."""
    if connection.vendor == "postgresql":
        with transaction.atomic():
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")  # heeded between transactions alone
        cursor.execute("PRAGMA cache_size = -262144")
    try:
        with transaction.atomic():
            yield
            connection.check_constraints()
    finally:
        connection.close()


def prepare(wanted: Migrations) -> None:
    """Empty tables, as they are after these migrations and no others."""
    applied = set(MigrationLoader(connection).applied_migrations)
    if applied != wanted:
        _drop()
        executor = MigrationExecutor(connection)
        executor.migrate(last_of(executor.loader, wanted))
    _empty()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Migrations in this transaction have made some of them immediate.
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def finish() -> None:
    """What begins after loading: ids go on, and older tables become today's."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SET CONSTRAINTS ALL IMMEDIATE"
            )  # tables with open questions can't change
            cursor.execute("ANALYZE")  # else its planner knows nothing of them for a minute
    call_command("migrate", verbosity=0, interactive=False)


def load(table: Table, blocks: Iterable[bytes]) -> None:
    """Add these rows, which must be none of those there. ``blocks``: their lines, in any pieces."""
    quoted = connection.ops.quote_name
    into = f"{quoted(table.name)} ({', '.join(quoted(one.name) for one in table.columns)})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sql = f"COPY {into} FROM STDIN"
            with connection.wrap_database_errors, cursor.copy(sql) as copy:
                for block in blocks:
                    copy.write(block)
        else:
            marks = ", ".join(["%s"] * len(table.columns))
            rows = _rows(table, _lines(blocks))
            while some := list(islice(rows, _AT_ONCE)):
                cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", some)  # noqa: S608


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
        return int(cursor.fetchone()[0])


def last_ids(tables: Iterable[str]) -> dict[str, int]:
    """The last id in each of these tables that is there."""
    there = set(connection.introspection.table_names())
    return {name: _last(name, "id") for name in tables if name in there}


def _last(table: str, key: str) -> int:
    name, quoted = map(connection.ops.quote_name, (table, key))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max({quoted}), 0) FROM {name}")  # noqa: S608
        return int(cursor.fetchone()[0])


def go_on_from(tables: Iterable[Table], leaps: Mapping[str, int], gone: Mapping[str, int]) -> None:
    """Let ids go on after the last one, also of what is gone, and so many further."""
    for table in tables:
        leap = leaps.get(table.name, 0)
        if connection.vendor == "postgresql":
            _set_sequence(table, leap, gone)
        elif leap:
            _set_sqlite_sequence(table, leap, gone)


def _set_sequence(table: Table, leap: int, gone: Mapping[str, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [table.name, table.key])
        if sequence := cursor.fetchone()[0]:
            last = max(_last(table.name, table.key), gone.get(table.name, 0))
            cursor.execute("SELECT setval(%s, %s, false)", [sequence, last + leap + 1])


def _set_sqlite_sequence(table: Table, leap: int, gone: Mapping[str, int]) -> None:
    """A table that never held a row has no place there yet, and leaps all the same."""
    last = max(_last(table.name, table.key), gone.get(table.name, 0))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table.name])
        sql = "INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)"
        cursor.execute(sql, [table.name, last + leap])


def _drop() -> None:
    """All tables of ours, of whatever version."""
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            if name.startswith(_OURS):
                more = " CASCADE" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TABLE {connection.ops.quote_name(name)}{more}")


def _empty() -> None:
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        full = [name for name in names if name.startswith(_OURS) and name != "django_migrations"]
        quoted = [connection.ops.quote_name(name) for name in full]
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(quoted)} RESTART IDENTITY")
        else:
            for name in quoted:
                cursor.execute(f"DELETE FROM {name}")  # noqa: S608  # names that the database told
            cursor.execute("DELETE FROM sqlite_sequence")


# ---- a line's values, for SQLite ---------------------------------------------------------

_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}


def value(written: str) -> str | None:
    """What a value of a line says."""
    if written == r"\N":
        return None
    if "\\" not in written:
        return written
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), written)


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line.decode()


def _rows(table: Table, lines: Iterable[str]) -> Iterator[list[Any]]:
    ways = [
        (at, _READ[column.kind]) for at, column in enumerate(table.columns) if column.kind in _READ
    ]
    for line in lines:
        row: list[Any] = [value(one) if "\\" in one else one for one in line.split("\t")]
        for at, read in ways:
            if row[at] is not None:
                row[at] = read(row[at])
        yield row


_READ: dict[Kind, Callable[[str], Any]] = {
    Kind.SPAN: lambda told: int(told.split()[0]),
    Kind.REAL: float,
    Kind.OCTETS: lambda told: bytes.fromhex(told[2:]),
}
