"""Whether anybody works with the database, or has worked with it: it is not replaced unasked."""

import fcntl
import sqlite3
import time

from django.conf import settings
from django.db import connection

from workers import presence

_TELLING = ("digest_topic", "subscribers_subscriber", "subscribers_suppression", "auth_user")
"""Whoever has begun has a row in one of these."""

LEAVING = 2.0
"""Seconds for which PostgreSQL may still name a session that has just ended."""


def by_whom() -> str:
    """Who runs, in words; "" where nobody does."""
    if _supervisor():
        return f"digest up runs in {settings.DATA_DIR}"
    tables = connection.introspection.table_names()
    if "workers_worker" in tables and (names := [one.name for one in presence.alive()[:3]]):
        return f"workers run ({', '.join(names)})"
    if _others_have_it_open():
        return "another process has it open"
    return ""


def is_empty() -> bool:
    """Whether nobody has kept anything in the database yet."""
    there = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for name in there.intersection(_TELLING):
            cursor.execute(f"SELECT 1 FROM {name} LIMIT 1")  # noqa: S608  # names of our own
            if cursor.fetchone():
                return False
    return True


def _supervisor() -> bool:
    """By its lock, which the parts that it started hold too."""
    lock = settings.DATA_DIR / "up.lock"
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _others_have_it_open() -> bool:
    if connection.vendor == "postgresql":
        until = time.monotonic() + LEAVING
        while others := _other_sessions():
            if time.monotonic() > until:
                break
            time.sleep(0.05)
        return others
    connection.close()
    return not _may_be_ours_alone(connection.settings_dict["NAME"])


def _other_sessions() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = 'digest' AND pid <> pg_backend_pid() LIMIT 1"
        )
        return cursor.fetchone() is not None


def _may_be_ours_alone(file: str) -> bool:
    """SQLite lets one have all of a file only while nobody else has it open."""
    own = sqlite3.connect(file, isolation_level=None, timeout=0)
    try:
        own.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        own.execute("BEGIN EXCLUSIVE")
        own.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    finally:
        own.close()
    return True
