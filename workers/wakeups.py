"""Wake-ups: best-effort messages to workers.  Their loss costs seconds, never a recipient."""

import structlog
from kombu.exceptions import OperationalError

from workers.celery import app

log = structlog.get_logger()

STALE = 3
"""Seconds after which a wake-up says nothing that the next tick does not say."""


def wake(task: str, *ids: int) -> None:
    """Ask some worker to run ``workers.tasks.<task>``; nobody notices when it can't be asked."""
    try:
        app.send_task(
            f"workers.tasks.{task}", args=ids, expires=STALE, retry=False, ignore_result=True
        )
    except (OperationalError, OSError) as problem:
        log.warning("broker unreachable; the next tick asks again", task=task, problem=str(problem))
