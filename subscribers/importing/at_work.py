"""Imports that came by the page, taken on by a worker: checked, or carried out, for a while."""

import contextlib
import time
from collections.abc import Callable

import structlog
from django.db import DatabaseError

from digest.errors import Refused
from subscribers import importing, planner
from subscribers.importing import Run, runs
from subscribers.importing.reading import Wanted
from subscribers.importing.report import Report
from subscribers.imports import Import, ImportState

log = structlog.get_logger()


def go_on(job_id: int, seconds: float, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Take up an import that waits, if nobody else has it; True where some of it is left.

    A check stops after a while as an import does, and either goes on from its checkpoint.
    """
    job = runs.claim(job_id)
    if job is None:
        return False
    try:
        return _go_on(job, time.monotonic() + seconds, stopping)
    except Refused as problem:
        with contextlib.suppress(Refused):  # it is another's by now, or was discarded
            runs.failed(job, str(problem))
    except DatabaseError:
        raise  # what was done is kept, and somebody goes on when the claim has run out
    except Exception:  # else it would be taken up again and again
        log.exception("import failed", job=job.id)
        runs.failed(job, "The list could not be read to its end; what was imported so far is kept.")
    return False


def _go_on(job: Import, until: float, stopping: Callable[[], bool]) -> bool:
    checks = job.state == ImportState.CHECKING
    path = runs.file_of(job)
    if not path.exists():
        raise Refused("The uploaded file is not on this machine; upload it again.")
    wanted = Wanted(**job.wanted)

    def moved(_report: Report, _done_bytes: int) -> bool:
        return time.monotonic() < until and not stopping()

    with path.open("rb") as file, runs.report_of(job).open("r+b" if job.rows else "w+b") as lines:
        looks = importing.look(file, job.name, wanted)
        run = Run(file, looks, wanted, job.name, job, lines, moved, dry_run=checks)
        finished = run.go()
    if not finished:
        runs.hand_back(job)
        return True
    if checks:
        runs.checked(job, run.report)
    else:
        planner.learn()
        runs.finish(job, run.report)
    return False
