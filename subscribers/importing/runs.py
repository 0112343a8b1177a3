"""Imports as rows: who has one in hand, how far it is, and where its files are.

Whoever takes an import in hand has it until somebody else does: the checkpoint is a conditional
change in the same transaction as the people, so two can't both go on.
"""

import datetime as dt
import hashlib
import os
import uuid
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from digest.audit import audit
from digest.errors import Refused
from subscribers.importing.reading import Wanted
from subscribers.importing.report import Report
from subscribers.imports import Import, ImportState

LEASE = dt.timedelta(seconds=60)
"""After so long without a checkpoint a worker may go on with what another had."""

_HEAD, _TAIL = 64 * 1024 * 1024, 1024 * 1024


def fingerprint(file: BinaryIO) -> tuple[str, int]:
    """(hash, size) by which a file is known again: of its beginning, its end and its size.

    Not of all of it: a file that turns out to be one endless line is to be refused at once.
    """
    size = file.seek(0, os.SEEK_END)
    found = hashlib.sha256(str(size).encode())
    file.seek(0)
    for _ in range(_HEAD // _TAIL):
        found.update(file.read(_TAIL))
    file.seek(max(0, size - _TAIL))
    found.update(file.read(_TAIL))
    file.seek(0)
    return found.hexdigest(), size


def begun(file: BinaryIO, name: str, wanted: Wanted, by: str) -> Import:
    """The import of this very file that stopped half-way, or a new one; in our hands."""
    key, size = fingerprint(file)
    stopped = Import.objects.filter(
        fingerprint=key, size=size, state=ImportState.RUNNING, is_stored=False
    )
    job = next((one for one in stopped.order_by("-id") if one.wanted == wanted.as_json()), None)
    job = job or Import.objects.create(
        name=name[:200],
        fingerprint=key,
        size=size,
        wanted=wanted.as_json(),
        state=ImportState.RUNNING,
        by=by,
        started_at=timezone.now(),
    )
    take(job)
    return job


def take(job: Import) -> None:
    """Have it in hand, whoever had it before."""
    job.claim, job.claimed_until = uuid.uuid4(), timezone.now() + LEASE
    job.save(update_fields=["claim", "claimed_until"])


def claim(job_id: int) -> Import | None:
    """Have one in hand that waits for a worker; None where another has it, or nothing waits."""
    now, mine = timezone.now(), uuid.uuid4()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    waiting = Import.objects.filter(
        free, id=job_id, is_stored=True, state__in=[ImportState.CHECKING, ImportState.RUNNING]
    )
    if not waiting.update(claim=mine, claimed_until=now + LEASE):
        return None
    return Import.objects.get(id=job_id)


def waiting() -> list[int]:
    """Imports that some worker should take up."""
    free = Q(claimed_until=None) | Q(claimed_until__lt=timezone.now())
    found = Import.objects.filter(
        free, is_stored=True, state__in=[ImportState.CHECKING, ImportState.RUNNING]
    )
    return list(found.order_by("id").values_list("id", flat=True)[:20])


def checkpoint(
    job: Import, report: Report, done_bytes: int, report_bytes: int, **more: object
) -> None:
    """These rows have their outcome. In the transaction that keeps their people."""
    _change(
        job,
        **more,
        rows=report.read,
        created=report.created,
        updated=report.updated,
        suppressed=report.suppressed,
        unchanged=report.unchanged,
        rejected=report.rejections,
        format=report.format,
        done_bytes=done_bytes,
        report_bytes=report_bytes,
        claimed_until=timezone.now() + LEASE,
    )


def hand_back(job: Import) -> None:
    """Leave the rest to whoever comes next."""
    _change(job, claimed_until=None)


def finish(job: Import, report: Report) -> None:
    """It is done: its file is forgotten, its report kept."""
    _change(job, state=ImportState.DONE, finished_at=timezone.now(), claimed_until=None, found={})
    forget_file(job)
    audit(
        job.by, "imported subscribers", job.name[:200],
        created=report.created, updated=report.updated,
    )  # fmt: skip


def checked(job: Import, report: Report) -> None:
    """What would become of each row is known; a person decides."""
    _change(
        job, state=ImportState.CHECKED, claimed_until=None, format=report.format,
        rows=0, done_bytes=0, report_bytes=0, found=report.as_found(),
    )  # fmt: skip


def failed(job: Import, why: str) -> None:
    """It can't go on; what it has done is kept."""
    _change(job, state=ImportState.FAILED, problem=why, finished_at=timezone.now(),
            claimed_until=None, found={})  # fmt: skip
    forget_file(job)


def _change(job: Import, **values: object) -> None:
    if not Import.objects.filter(id=job.id, claim=job.claim).update(**values):
        raise Refused(
            f"Somebody else has gone on with the import of {job.name}, or discarded it; what was "
            "done so far is kept. See /people/import/."
        )


# ---- its files -----------------------------------------------------------------------------------


def file_of(job: Import) -> Path:
    """The list, while it is ours."""
    return folder() / f"{job.id}.list"


def report_of(job: Import) -> Path:
    """What became of each row."""
    return folder() / f"{job.id}.report.csv"


def forget_file(job: Import) -> None:
    """A list of people is kept no longer than it is needed."""
    if job.is_stored:
        file_of(job).unlink(missing_ok=True)


def folder() -> Path:
    """Nobody but the program may look into it."""
    place = Path(settings.DATA_DIR) / "imports"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place
