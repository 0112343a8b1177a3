"""Taking a backup: one moment of the database, and the files that belong to it, in one file."""

import datetime as dt
import errno
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO, NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from digest.database import Installation, fingerprint
from digest.errors import DigestError, Refused, Unreachable
from workers.backup import files
from workers.backup.archive import (
    FORMAT,
    FilePart,
    Manifest,
    Out,
    TablePart,
    Writer,
    is_backup,
    table_member,
)
from workers.backup.models import Backup
from workers.backup.snapshot import snapshot, tables_in
from workers.backup.tables import Table, lines

KEPT = 100
"""Backups of which is remembered that they were made."""

ROOM = 50_000_000
"""Octets that a backup leaves free: it must not be what keeps mail from being written down."""

EVERY = 5_000_000
"""Octets after which it is looked whether there is room."""


class Made(NamedTuple):
    """A backup that was made."""

    file: str
    size: int
    seconds: float
    manifest: Manifest


def back_up(to: str) -> Made:
    """Write a backup to a file, or to standard output (``-``), and remember that it was made."""
    begun, now = time.monotonic(), timezone.now()
    if "workers_pulse" not in connection.introspection.table_names():
        raise Refused("There is no database yet, so there is nothing to keep; nothing was written.")
    _refuse_moved()
    try:
        if to == "-":
            size, manifest = _to_output(now)
        else:
            size, manifest = _to_file(Path(to).resolve(), now)
    except (OSError, DigestError) as problem:
        told = _in_words(to, problem)
        _remember(Backup(taken_at=now, file=to, trouble=str(told)))
        raise told from problem
    made = Made(to, size, time.monotonic() - begun, manifest)
    _remember(Backup(taken_at=now, file=to, size=size, seconds=made.seconds))
    return made


def _refuse_moved() -> None:
    """Each night's backup of a database that nobody uses any more would look like all is well."""
    with suppress(DatabaseError):  # an older one was moved nowhere
        if moved := Installation.objects.exclude(moved_to="").first():
            raise Refused(
                f"This database was moved to {moved.moved_to}; nothing was written. Set "
                "DATABASE_URL to that one, so that it is what you keep."
            )


def _to_output(now: dt.datetime) -> tuple[int, Manifest]:
    if sys.stdout.isatty():
        raise Refused(
            "A backup is nothing for a terminal; nothing was written. Name a file, or write into a "
            "pipe."
        )
    out = _Counted(sys.stdout.buffer)
    manifest = write(out, now)
    sys.stdout.buffer.flush()
    return out.size, manifest


def _to_file(place: Path, now: dt.datetime) -> tuple[int, Manifest]:
    with _whole(place) as file:
        manifest = write(_Counted(file, place.parent), now)
    return place.stat().st_size, manifest


@contextmanager
def _whole(place: Path) -> Iterator[BinaryIO]:
    """A file beside, which takes the place of the one named once it is whole and on the disk."""
    _refuse_another(place)
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
        folder = os.open(place.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    finally:
        draft.unlink(missing_ok=True)


def _refuse_another(place: Path) -> None:
    """Yesterday's backup may be replaced, and nothing else."""
    if place.is_dir():
        raise Refused(
            f"{place} is a folder; nothing was written. Name a file in it: "
            f"digest backup {place}/digest.backup"
        )
    if not place.exists():
        return
    if not place.is_file():
        raise Refused(f"{place} is no file; nothing was written. For a pipe write: digest backup -")
    with place.open("rb") as file:
        if not is_backup(file):
            raise Refused(
                f"{place} is there and is no backup of Digest; nothing was written. Name another "
                "file, or take that one away."
            )


def write(to: Out, now: dt.datetime) -> Manifest:
    """Write the database as it is now, and the files."""
    with Writer(to) as writer:
        with snapshot() as database:
            manifest = _about(database, now)
            for table in tables_in(database):
                _keep_table(writer, manifest, database, table)
        _keep(writer, manifest, files.KEY, iter([settings.SECRET_KEY.encode()]))
        for kept in files.found():
            _keep(writer, manifest, kept.member, files.blocks(kept.file), kept.path)
        writer.finish(manifest)
    return manifest


def _keep_table(
    writer: Writer, manifest: Manifest, database: BaseDatabaseWrapper, table: Table
) -> None:
    columns = [(column.name, column.kind) for column in table.columns]
    part = TablePart(key=table.key, columns=columns)
    writer.write(table_member(table.name), lines(database, table), part)
    manifest.tables[table.name] = part


def _about(database: BaseDatabaseWrapper, now: dt.datetime) -> Manifest:
    with database.cursor() as cursor:
        cursor.execute("SELECT database FROM workers_pulse")
        pulse = cursor.fetchone()
    return Manifest(
        format=FORMAT,
        program=version("digest"),
        database=database.vendor,
        taken_at=now,
        installation=str(pulse[0]).replace("-", "") if pulse else "",
        key_fingerprint=fingerprint(settings.SECRET_KEY),
        migrations=sorted(MigrationRecorder(database).applied_migrations()),
        tables={},
        files={},
    )


def _keep(
    writer: Writer, manifest: Manifest, member: str, blocks: Iterator[bytes], path: str = ""
) -> None:
    part = FilePart(path=path)
    writer.write(member, blocks, part)
    manifest.files[member] = part


class _Counted:
    """A file that counts what is written, and stops before it fills the disk of ``folder``."""

    def __init__(self, file: BinaryIO, folder: Path | None = None) -> None:
        self._file, self._folder = file, folder
        self.size = self._looks_at = 0

    def write(self, block: bytes) -> int:
        self.size += len(block)
        if self._folder and self.size > self._looks_at:
            self._looks_at = self.size + EVERY
            if shutil.disk_usage(self._folder).free < ROOM:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._file.write(block)

    def flush(self) -> None:
        self._file.flush()


def _remember(made: Backup) -> None:
    """For the doctor. A database that can't keep it, being too old, keeps nobody from a backup."""
    with suppress(DatabaseError), transaction.atomic():
        made.save()
        old = Backup.objects.values_list("id", flat=True)[KEPT:]
        Backup.objects.filter(id__in=list(old)).delete()


def _in_words(to: str, problem: Exception) -> DigestError:
    if isinstance(problem, DigestError):
        return problem
    kept = "no backup was made, and what was there is as it was"
    if getattr(problem, "errno", 0) in {errno.ENOSPC, errno.EDQUOT}:
        return Unreachable(
            f"There is no room for {to}; {kept}. Make room, or write it to another disk."
        )
    why = getattr(problem, "strerror", None) or str(problem)
    return Unreachable(f"{to} can't be written ({why}); {kept}. Name a file that may be written.")
