"""Restoring a backup: all of it or nothing, and nothing of it goes out by itself."""

import datetime as dt
import shutil
import time
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from digest.audit import audit
from digest.database import fingerprint
from digest.errors import DigestError, Refused, Unreachable
from workers import put_back
from workers.backup import files, loading, running, since, taking
from workers.backup.archive import Archive
from workers.backup.models import Backup
from workers.backup.since import Carried
from workers.models import Mailing, MailingState, Pulse, Slot, SlotResult

LEAPS = {
    "digest_topic": 100,
    "subscribers_subscriber": 20_000,
    "workers_delivery": 100_000_000,
    "workers_mailing": 1_000,
}
"""So many ids are left out, for links and bounces of mails sent since the backup name what had
them: whoever comes now must not be taken for those."""


class Restored(NamedTuple):
    """What was restored, and what became of what was there."""

    archive: Archive
    seconds: float
    kept: Path | None  # the backup of what was replaced
    carried: Carried | None  # None: what readers said since could not be told
    mailings: list[int]  # held
    slots: int  # held
    told: list[str]  # what a person is to put where it belongs


def restore(archive: Archive, by: str, *, replace: bool = False) -> Restored:
    """Put a backup in place of an empty database; with ``replace``, of any."""
    begun = time.monotonic()
    _refuse_what_can_not_be(archive)
    archive.verify()
    there = _refuse_to_replace(replace=replace)
    manifest = archive.manifest
    said, kept, gone = None, None, dict[str, int]()
    if there:
        gone = loading.last_ids(LEAPS)
        said = since.known(manifest.installation, manifest.taken_at)
        kept = _keep_what_is_there()
    try:
        with loading.at_once():
            _load(archive, gone)
            carried = since.carry_over(said) if said else None
            mailings, slots = _hold(manifest.taken_at)
            audit(
                by, "restored backup", Path(archive.called).name[:200],
                taken=manifest.taken_at.isoformat(),
                replaced=str(kept or ""),
                **(carried or Carried())._asdict(),
            )  # fmt: skip
            told = files.put_back(archive)
    except (DatabaseError, ValueError, LookupError) as problem:
        raise _in_words(problem) from problem
    except OSError as problem:
        raise Unreachable(
            f"The backup’s files can't be written ({problem.strerror}: {problem.filename}); the "
            "database is as it was. Mend that, then restore again."
        ) from problem
    finally:
        files.hand_over()
    return Restored(archive, time.monotonic() - begun, kept, carried, mailings, slots, told)


# ---- before anything is changed ----------------------------------------------------------


def _refuse_what_can_not_be(archive: Archive) -> None:
    newer = set(archive.manifest.migrations) - set(MigrationLoader(None).disk_migrations)
    if newer:
        raise Refused(
            f"{archive.called} is of a newer version ({archive.manifest.program}; it has "
            f"{' '.join(max(newer))}); nothing was changed. Install that version, then restore."
        )
    files.refuse_strange(archive)
    mine = fingerprint(settings.SECRET_KEY)
    if not settings.SECRET_KEY_IS_KEPT and archive.manifest.key_fingerprint != mine:
        raise Refused(
            "SECRET_KEY is set here, and is another than the backup's: links in mails already "
            "sent would lead nowhere, and nothing would start. Nothing was changed. Take "
            "SECRET_KEY out of your settings (the backup brings its own), then restore again."
        )
    sizes = sum(one.size for one in archive.manifest.tables.values())
    free = shutil.disk_usage(settings.DATA_DIR).free
    if connection.vendor == "sqlite" and free < sizes * 3:
        raise Unreachable(
            f"About {sizes * 3 / 1e6:,.0f} MB are needed where DATA_DIR is, and "
            f"{free / 1e6:,.0f} are free; nothing was changed. Make room, then restore again."
        )


def _refuse_to_replace(*, replace: bool) -> bool:
    """Whether there is something to replace; Refused where that is not to be."""
    if who := running.by_whom():
        raise _in_use(who)
    if running.is_empty():
        return False
    if not replace:
        raise Refused(
            "The database is not empty; nothing was changed. To put the backup in its place, which "
            "first keeps what is there as a backup of its own, add: --replace"
        )
    return True


def _in_use(who: str) -> Refused:
    return Refused(
        f"The database is in use: {who}. Nothing was changed. Stop web, workers and schedule, "
        "then restore again."
    )


def _keep_what_is_there() -> Path:
    folder = settings.DATA_DIR / "replaced"
    folder.mkdir(mode=0o700, exist_ok=True)
    place: Path = folder / f"{timezone.now():%Y-%m-%d-%H%M%S}.backup"
    taking.back_up(str(place))
    return place


def _in_words(problem: Exception) -> DigestError:
    """Why rows can't be kept: the database says so, or they can't even be read as such."""
    if "full" in str(problem) or "No space" in str(problem):
        return Unreachable(
            "There is no room for the backup's rows; what was there is as it was. Make room, then "
            "restore again."
        )
    return Refused(
        f"The database does not take the backup’s rows ({str(problem).strip().splitlines()[0]}); "
        "what was there is as it was. Restore another backup."
    )


# ---- in one transaction ------------------------------------------------------------------


def _load(archive: Archive, gone: dict[str, int]) -> None:
    manifest = archive.manifest
    loading.prepare(set(manifest.migrations))
    tables = [part.table(name) for name, part in manifest.tables.items()]
    for table in tables:
        loading.load(table, archive.blocks(table.name))
        if loading.count(table.name) != manifest.tables[table.name].rows:
            raise Refused(f"Of {table.name} not every row was kept; what was there is as it was.")
    loading.go_on_from(tables, LEAPS, gone)
    loading.finish()


def _hold(taken_at: dt.datetime) -> tuple[list[int], int]:
    """Hold what would go out again; the mailings' ids, and how many slots."""
    now = timezone.now()
    Pulse.objects.update(at=now)  # or the tick would find, a second time, that it was put back
    Backup.objects.create(taken_at=taken_at, file="the one that was restored")
    before = set(_held())
    slots = Slot.objects.filter(result=SlotResult.HELD)
    slots_before = slots.count()
    put_back.hold(taken_at, now)
    return sorted(set(_held()) - before), slots.count() - slots_before


def _held() -> list[int]:
    return list(Mailing.objects.filter(state=MailingState.HELD).values_list("id", flat=True))
