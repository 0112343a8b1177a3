"""Many rows into a table at once, each database by its own quickest way.

The ORM makes an object and an INSERT's parameters of each row, which took ten times as long.
PostgreSQL takes rows by COPY; SQLite by one prepared statement. Both are in the caller's
transaction, and both keep what the tables demand.
"""

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL

Row = tuple[Any, ...]


def among(values: Sequence[str] | Sequence[int]) -> RawSQL:
    """These values as a subquery for ``__in``: one parameter, where Django's own list has one
    each and takes longer over them than the database does."""
    if connection.vendor == "postgresql":
        kind = "bigint" if values and isinstance(values[0], int) else "text"
        return RawSQL(f"SELECT unnest(%s::{kind}[])", [list(values)])  # noqa: S611  # our own words
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(values))])


def without_waiting() -> None:
    """Let this transaction's end not wait for the disk.

    A crash of the database may undo the last ones, each whole with its checkpoint; the first
    commit after them that waits makes all of them last.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")


def ids(model: type[models.Model], count: int) -> list[int]:
    """So many ids that nobody else has or gets. On SQLite the writer's lock sees to that."""
    table = _table(model)
    if not count:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                [table, count],
            )
            return [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()
        first = last[0] + 1 if last else 1
        return list(range(first, first + count))


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Add these rows; IntegrityError where one is there already, and then none is added."""
    if not rows:
        return
    others = _defaults(model, columns)
    columns, rest = (*columns, *others), tuple(others.values())
    into = f"{_table(model)} ({', '.join(columns)})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors, cursor.copy(f"COPY {into} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row + rest)
        else:
            marks = ", ".join(["%s"] * len(columns))
            sql = f"INSERT INTO {into} VALUES ({marks})"  # noqa: S608  # names of our own
            cursor.executemany(sql, [_adapted(row + rest) for row in rows])


def _defaults(model: type[models.Model], columns: Sequence[str]) -> dict[str, object]:
    """What the model says of the columns that a row doesn't name."""
    return {
        str(one.column): one.get_db_prep_save(one.get_default(), connection)
        for one in model._meta.concrete_fields  # noqa: SLF001  # Django's name for it
        if one.column not in columns and not (one.primary_key or one.null or one.generated)
    }


def update(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Set these columns; each row's last value is the id."""
    if not rows:
        return
    kept = ", ".join(f"{name} = %s" for name in columns)
    sql = f"UPDATE {_table(model)} SET {kept} WHERE id = %s"  # noqa: S608  # our own names
    with connection.cursor() as cursor:
        cursor.executemany(sql, [_adapted(row) for row in rows])


def _table(model: type[models.Model]) -> str:
    return model._meta.db_table  # noqa: SLF001  # Django's name for it


def _adapted(row: Row) -> Row:
    """Times and ids as this database keeps them."""
    return tuple(
        connection.ops.adapt_datetimefield_value(value)
        if isinstance(value, dt.datetime)
        else value.hex
        if isinstance(value, uuid.UUID) and connection.vendor == "sqlite"
        else value
        for value in row
    )
