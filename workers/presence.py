"""Which workers are alive: each touches its row while it lives."""

import contextlib
import datetime as dt
import os
import threading
from typing import Any

import structlog
from celery.signals import worker_ready, worker_shutdown
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from workers.identity import host, worker
from workers.models import Worker

log = structlog.get_logger()

EVERY = 5.0
SILENT = dt.timedelta(seconds=20)
"""After so long without a sign a worker counts as gone."""

_stop = threading.Event()


def alive() -> QuerySet[Worker]:
    """Workers that gave a sign of late."""
    return Worker.objects.filter(seen_at__gte=Now() - SILENT).order_by("queues", "name")


def silent(since: dt.timedelta) -> QuerySet[Worker]:
    """Workers that gave their last sign since, and not of late."""
    rows = Worker.objects.filter(seen_at__gte=Now() - since, seen_at__lt=Now() - SILENT)
    return rows.order_by("-seen_at")


def places(queue: str) -> int:
    """How many tasks of this queue can run at once, by what their workers said of late."""
    return sum(one.places for one in alive() if queue in one.queues.split(","))


@worker_ready.connect
def _begin(sender: Any = None, **_: Any) -> None:
    queues = ",".join(sorted(queue.name for queue in sender.task_consumer.queues))
    places = sender.pool.num_processes
    threading.Thread(target=_beat, args=(queues, places), name="presence", daemon=True).start()


@worker_shutdown.connect
def _end(**_: Any) -> None:
    _stop.set()
    with contextlib.suppress(DatabaseError):
        Worker.objects.filter(name=_name()).delete()  # it says goodbye: nobody need wait for it


def _beat(queues: str, places: int) -> None:
    said = {"host": host(), "pid": os.getpid(), "queues": queues, "places": places}
    while True:
        try:
            Worker.objects.update_or_create(name=_name(), defaults={**said, "seen_at": Now()})
            Worker.objects.filter(seen_at__lt=Now() - dt.timedelta(days=1)).delete()
        except DatabaseError as problem:
            log.warning("presence not noted", problem=str(problem))
            connection.close()
        if _stop.wait(EVERY):
            return


def _name() -> str:
    """Not by its number alone: workers in containers of one machine all have the same."""
    return f"{host()[:40]}:{worker()}"
