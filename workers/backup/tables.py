"""The tables of an installation, and how their rows are written so that both databases read them.

A row is a line of PostgreSQL's text format (COPY): values with tabs between, ``\\N`` for none, a
backslash before what would break the line. Times are UTC as SQLite keeps them, truth is 0 or 1,
ids are 32 digits. So PostgreSQL takes the lines as they are, SQLite needs them only split, and a
person can look for something with grep.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.apps.registry import Apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

LEFT_OUT = {"django_session", "workers_worker"}
"""Who is signed in, and which workers live: true of that moment alone."""


class Kind(StrEnum):
    """What a column holds, where the databases write it differently."""

    PLAIN = "plain"  # numbers and days: alike in both
    TEXT = "text"  # may hold what would break a line
    SWITCH = "switch"  # 0 or 1; PostgreSQL says t and f
    MOMENT = "moment"  # 2026-11-27 05:00:00, and .123456 where it has a fraction; UTC
    ID = "id"  # 32 hexadecimal digits; PostgreSQL puts hyphens between
    SPAN = "span"  # 86400000000 microseconds; SQLite keeps the number
    JSON = "json"  # the text that the database has
    REAL = "real"  # as many digits as tell it from its neighbours
    OCTETS = "octets"  # \x and hexadecimal


_KINDS = {
    "BooleanField": Kind.SWITCH,
    "DateTimeField": Kind.MOMENT,
    "UUIDField": Kind.ID,
    "DurationField": Kind.SPAN,
    "JSONField": Kind.JSON,
    "FloatField": Kind.REAL,
    "BinaryField": Kind.OCTETS,
    "CharField": Kind.TEXT,
    "SlugField": Kind.TEXT,
    "EmailField": Kind.TEXT,
    "TextField": Kind.TEXT,
}

_ON_POSTGRESQL = {
    Kind.SWITCH: "{0}::int",
    Kind.MOMENT: (
        "replace(to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '.000000', '')"
    ),
    Kind.ID: "replace({0}::text, '-', '')",
    Kind.SPAN: "(extract(epoch from {0}) * 1000000)::bigint || ' microseconds'",
}

_ESCAPED = (
    r"replace(replace(replace(replace({0}, '\', '\\'), char(9), '\t'), char(10), '\n'), "
    r"char(13), '\r')"
)
_ON_SQLITE = {
    # Its own clock (Now()) tells thousandths, all else that we write millionths or none.
    Kind.MOMENT: (
        "replace(CASE length({0}) WHEN 23 THEN {0} || '000' ELSE {0} END, '.000000', '')"
    ),
    Kind.SPAN: "{0} || ' microseconds'",
    Kind.TEXT: _ESCAPED,
    Kind.JSON: _ESCAPED,
    Kind.REAL: "CASE WHEN {0} IS NOT NULL THEN printf('%!.17g', {0}) END",
    Kind.OCTETS: r"CASE WHEN {0} IS NOT NULL THEN '\\x' || lower(hex({0})) END",
}


@dataclass(frozen=True)
class Column:
    """One column, by its name in the database."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Table:
    """One table; ``key`` is what its rows are in the order of."""

    name: str
    key: str
    columns: tuple[Column, ...]


def tables_of(program: Apps) -> list[Table]:
    """Every table that these models have, but for those left out."""
    found = [
        _table(model)
        for model in program.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy  # noqa: SLF001  # Django's name for it
    ]
    return sorted((one for one in found if one.name not in LEFT_OUT), key=lambda one: one.name)


def _table(model: type[models.Model]) -> Table:
    said = model._meta  # noqa: SLF001  # as above
    columns = (
        Column(str(one.column), _kind(one)) for one in said.concrete_fields if not one.generated
    )
    assert said.pk is not None
    return Table(said.db_table, str(said.pk.column), tuple(columns))


def _kind(field: Any) -> Kind:
    while field.remote_field:
        field = field.target_field
    return _KINDS.get(field.get_internal_type(), Kind.PLAIN)


def lines(database: BaseDatabaseWrapper, table: Table) -> Iterator[bytes]:
    """The table's rows, some lines at a time, in the order of their key."""
    quoted = database.ops.quote_name
    of = f"FROM {quoted(table.name)} ORDER BY {quoted(table.key)}"
    if database.vendor == "postgresql":
        told = ", ".join(_told(one, quoted(one.name), _ON_POSTGRESQL) for one in table.columns)
        return _copied(database, f"COPY (SELECT {told} {of}) TO STDOUT")
    told = " || char(9) || ".join(
        rf"coalesce({_told(one, quoted(one.name), _ON_SQLITE)}, '\N')" for one in table.columns
    )
    return _selected(database, f"SELECT {told} || char(10) {of}")


def _told(column: Column, quoted: str, ways: dict[Kind, str]) -> str:
    return ways.get(column.kind, "{0}").format(quoted)


def _copied(database: BaseDatabaseWrapper, sql: str) -> Iterator[bytes]:
    with database.cursor() as cursor, database.wrap_database_errors, cursor.copy(sql) as copy:
        for block in copy:
            yield bytes(block)


_AT_ONCE = 1000


def _selected(database: BaseDatabaseWrapper, sql: str) -> Iterator[bytes]:
    with database.cursor() as cursor:
        rows = cursor.execute(sql)
        while some := rows.fetchmany(_AT_ONCE):
            # PostgreSQL takes no NUL, and no text means one.
            yield "".join(line for (line,) in some).replace("\0", "").encode()
