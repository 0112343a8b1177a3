"""What PostgreSQL's planner knows of the subscribers.

An audience that was imported a moment ago is unknown to it, and it then joins it in quadratic
time; its own daemon may take a minute to look. SQLite plans without.
"""

from django.db import connection

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
