"""Workers keep their connection to the database from task to task."""

from unittest.mock import Mock

import pytest
from celery.fixups.django import DjangoWorkerFixup
from django.db import connection

from workers.celery import _reuse, app

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def between_two_tasks() -> None:
    """What Celery does and what we do."""
    DjangoWorkerFixup(app).close_database()
    _reuse(task=Mock(request=Mock(is_eager=False)))


def test_a_connection_is_kept_from_task_to_task() -> None:
    connection.ensure_connection()
    before = connection.connection
    between_two_tasks()
    assert connection.connection is before


@pytest.mark.only_on("postgresql")
def test_one_that_broke_is_closed_so_that_the_next_task_has_another() -> None:
    connection.ensure_connection()
    connection.connection.close()
    connection.errors_occurred = True  # as Django notes with the error
    between_two_tasks()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
