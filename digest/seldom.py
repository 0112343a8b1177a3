"""Rows that are looked for each second and are seldom there."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import QuerySet


class Seldom:
    """Whether there is any row of a query, which is built once for all.

    To build it takes Django ten times as long as the database takes to say no, and the tick's
    questions are most of what a server that does nothing uses of its processor. So nothing in it
    may differ from second to second; its time is the database's, ``Now()``.
    """

    def __init__(self, rows: Callable[[], QuerySet[Any]]) -> None:
        self._rows = rows

    def any(self) -> bool:
        """Whether there is one now."""
        with connection.cursor() as cursor:
            cursor.execute(*self._statement)
            return cursor.fetchone() is not None

    @cached_property
    def _statement(self) -> tuple[str, Any]:
        return self._rows().values_list("pk")[:1].query.sql_with_params()
