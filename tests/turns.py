"""Two at once on a real PostgreSQL, and one of them certainly first, whoever is quicker."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection, connections, transaction

LONGEST = 1_000
"""Looks, 20 ms apart, in which the second must have come to wait, or to its end."""


def in_turn(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    """``first`` is done and not committed when ``second`` begins, on a connection of its own; it is
    committed once the second waits for it (or has ended without). What both came to."""
    pids: list[int] = []
    outcome: list[Any] = []

    def run() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                pids.append(cursor.fetchone()[0])
            outcome.append(second())
        except Exception as problem:  # noqa: BLE001  whatever it was, it is the outcome
            outcome.append(problem)
        finally:
            connections.close_all()

    other = threading.Thread(target=run)
    with transaction.atomic():
        did = first()
        other.start()
        for _ in range(LONGEST):
            other.join(0.02)
            if not other.is_alive() or (pids and _waits(pids[0])):
                break
    other.join()
    return did, outcome[0]


def _waits(pid: int) -> bool:
    """Whether that connection waits for a lock that another holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [pid])
        return bool(cursor.fetchone()[0])
