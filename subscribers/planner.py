"""What PostgreSQL's planner knows of the subscribers.

An audience that was imported a moment ago is unknown to it, and it then joins it in quadratic
time; its own daemon may take a minute to look. SQLite plans without.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

# The same threshold as the daemon has.
_UNKNOWN = """
    SELECT relname FROM pg_stat_user_tables
    WHERE relname IN ('subscribers_subscriber', 'subscribers_subscription')
      AND n_mod_since_analyze > 50 + n_live_tup / 10
    ORDER BY relname"""


def learn() -> None:
    """Have it look at the tables of which it knows too little: seconds for a million people."""
    with connection.cursor() as cursor:
        for table in unknown():
            cursor.execute(f"ANALYZE {table}")


def unknown() -> list[str]:
    """Tables of the audience that PostgreSQL's planner knows too little of."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(_UNKNOWN)
        return [table for (table,) in cursor.fetchall()]


@contextmanager
def counting(memory: str = "64MB") -> Iterator[None]:
    """For statements that look at everybody: PostgreSQL may hold tables of hashes in memory, and
    compiles nothing first, which takes longer than it saves. With little memory it looks people up
    one by one instead, as is right for some thousands."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', %s, true)", [memory])
        cursor.execute("SET LOCAL jit = off")
        yield


@contextmanager
def seeking() -> Iterator[None]:
    """For statements that an index answers: PostgreSQL is kept from reading everything instead,
    which it thinks quicker wherever it can't tell how rare a thing is."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        yield
