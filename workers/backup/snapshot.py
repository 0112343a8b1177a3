"""A database as it is at one moment, whoever writes meanwhile, and its tables as they are there."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from workers.backup.tables import Table, tables_of

Migrations = set[tuple[str, str]]


@contextmanager
def snapshot() -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own that sees one moment, and keeps nobody from writing."""
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        with own.cursor() as cursor:
            if own.vendor == "postgresql":
                # Who restores next need not wait until the server has forgotten this session.
                cursor.execute("SET application_name = 'digest backup'")
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            else:
                cursor.execute("BEGIN")
            cursor.execute("SELECT count(*) FROM django_migrations")  # the moment is that of a look
        yield own
    finally:
        own.close()


def tables_in(database: BaseDatabaseWrapper) -> list[Table]:
    """The program's tables as they are there, which may be older than the program."""
    loader = MigrationLoader(database)
    applied = set(loader.applied_migrations)
    if applied == set(loader.disk_migrations):
        return tables_of(apps)
    return tables_of(loader.project_state(last_of(loader, applied)).apps)


def last_of(loader: MigrationLoader, applied: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of these migrations that no other of them follows in its app."""
    graph = loader.graph
    return sorted(
        key
        for key in applied
        if key in graph.nodes
        and not any(
            child.key in applied and child.key[0] == key[0]
            for child in graph.node_map[key].children
        )
    )
