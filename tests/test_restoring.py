"""Back from a backup: all of it, or nothing is changed."""

import datetime as dt
import fcntl
import hashlib
import os
import shutil
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, connections
from django.utils import timezone

from digest.errors import Refused, Unreachable
from digest.models import Topic
from subscribers import suppression
from subscribers.models import Subscriber, Suppression
from tests.backing_up import changed, file, place, restore, run, said
from tests.ledgering import readers
from workers.backup import archive, taking
from workers.backup.archive import Manifest
from workers.backup.models import Backup
from workers.doctor import backups
from workers.models import Pulse, Worker

__all__ = ["file", "place"]  # fixtures

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@contextmanager
def other_process() -> Iterator[Any]:
    """Somebody else who has the database open."""
    own = connections.create_connection("default")
    try:
        with own.cursor() as cursor:
            yield cursor
    finally:
        own.close()


def refused(file: Path, why: str, *, replace: bool = True) -> None:
    """Refused in these words, and nothing is changed."""
    before = said()
    with pytest.raises(Refused, match=why) as told:
        restore(file, replace=replace)
    assert told.value.status == 2
    assert changed(before) <= {"workers_backup"}, "what was there was kept first, perhaps"


def test_a_database_that_holds_something_is_replaced_only_when_asked_and_kept_first(
    pivot: Topic, file: Path
) -> None:
    taking.back_up(str(file))
    readers(pivot, 3)
    refused(file, "not empty; nothing was changed.*--replace", replace=False)
    kept = restore(file).kept
    assert Subscriber.objects.count() == 0
    assert kept is not None
    restore(kept)
    assert Subscriber.objects.count() == 3


def test_a_database_that_somebody_works_with_is_not_replaced(pivot: Topic, file: Path) -> None:
    taking.back_up(str(file))
    alive = Worker.objects.create(name="hasty:1", host="hasty", pid=1, queues="bulk")
    refused(file, r"in use: workers run \(hasty:1\).*Stop web, workers")
    alive.delete()
    with other_process() as other:
        other.execute("SELECT count(*) FROM digest_topic")
        refused(file, "in use: .*open")
    with (file.parent / "var" / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(file, "digest up runs in")
    restore(file)


def middles(file: Path, whole: bytes) -> list[int]:
    """Places in the midst of what its largest members hold."""
    file.write_bytes(whole)
    with zipfile.ZipFile(file) as zipped:
        largest = sorted(zipped.infolist(), key=lambda one: -one.compress_size)[:5]
    return [
        one.header_offset + 30 + len(one.filename) + 20 + one.compress_size // 2 for one in largest
    ]


def test_a_file_that_is_cut_off_or_damaged_anywhere_changes_nothing(
    pivot: Topic, file: Path
) -> None:
    readers(pivot, 20)
    taking.back_up(str(file))
    whole = file.read_bytes()
    told = zipfile.ZipFile(file).read("manifest.json")
    for size in (0, 1, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:size])
        refused(file, "no backup of Digest, or was cut off|damaged")
    for at in middles(file, whole):
        spoilt = bytearray(whole)
        spoilt[at] ^= 0x40
        file.write_bytes(spoilt)
        refused(file, "no backup of Digest, or was cut off|damaged")
    at = whole.index(b"PK\x01\x02", whole.index(b"PK\x01\x02") + 1)  # zip's list of what is in it
    for flag, bit in ((8, 0x01), (10, 0x40), (10, 0x04)):  # encrypted; packed in other ways
        spoilt = bytearray(whole)
        spoilt[at + flag] ^= bit
        file.write_bytes(spoilt)
        refused(file, "no backup of Digest, or was cut off|damaged")
    file.write_text("a letter to the editor")
    refused(file, "no backup of Digest")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("manifest.json", told + b" " * 21_000_000)
    refused(file, "no backup of Digest")
    with zipfile.ZipFile(file, "w") as other:
        other.writestr("manifest.json", "{}")
    refused(file, "no backup of Digest")


def forged(file: Path, change: Callable[[Manifest], None], rows: bytes = b"") -> Path:
    """The same backup with another manifest, its sums in order; ``rows``: more suppressions."""
    made = file.with_name("forged.backup")
    with zipfile.ZipFile(file) as real, zipfile.ZipFile(made, "w") as other:
        manifest = Manifest.model_validate_json(real.read("manifest.json"))
        for name in real.namelist()[:-1]:
            content = real.read(name)
            if name == "tables/subscribers_suppression.tsv" and rows:
                content += rows
                part = manifest.tables["subscribers_suppression"]
                part.rows += rows.count(b"\n")
                part.sha256 = hashlib.sha256(content).hexdigest()
            other.writestr(name, content)
        change(manifest)
        other.writestr("manifest.json", manifest.model_dump_json())
    return made


def test_what_is_newer_strange_or_not_to_be_kept_changes_nothing(
    pivot: Topic, file: Path, settings: Any
) -> None:
    suppression.add("gone@example.org", by="otto")
    taking.back_up(str(file))

    def newer(manifest: Manifest) -> None:
        manifest.migrations.append(("workers", "9999_from_the_future"))

    def later(manifest: Manifest) -> None:
        manifest.format = archive.FORMAT + 1

    def climbing(manifest: Manifest) -> None:
        manifest.files["data/../../evil"] = manifest.files["data/secret-key"]

    def clever(manifest: Manifest) -> None:
        manifest.tables['"digest_topic"; DROP TABLE "digest_topic"'] = manifest.tables["auth_user"]

    def timeless(manifest: Manifest) -> None:
        manifest.taken_at = manifest.taken_at.replace(tzinfo=None)

    refused(forged(file, timeless), "no backup of Digest")
    refused(forged(file, newer), "newer version.*9999_from_the_future.*Install that version")
    refused(forged(file, later), "written by a newer version")
    refused(forged(file, climbing), "none of ours")
    refused(forged(file, clever), "no backup of Digest")
    twice = said()["subscribers_suppression"]
    broken = forged(file, lambda _: None, rows=twice)
    refused(broken, "does not take the backup’s rows.*what was there is as it was")
    garbled = forged(file, lambda _: None, rows=b"\xff\xfe\n")
    refused(garbled, "does not take the backup’s rows.*what was there is as it was")
    settings.SECRET_KEY, settings.SECRET_KEY_IS_KEPT = "another, from the environment", False
    refused(file, "SECRET_KEY is set here.*Take SECRET_KEY out of your settings")


def test_the_key_and_the_files_come_back_and_keys_from_elsewhere_are_told(
    pivot: Topic, file: Path, settings: Any
) -> None:
    var: Path = settings.DATA_DIR
    outside = file.with_name("dkim.pem")
    outside.write_text("a private key")
    settings.DKIM_DOMAIN, settings.DKIM_KEY_FILE = "example.org", outside
    (var / "imports").mkdir()
    (var / "imports" / "7.csv").write_text("email\n")
    (var / "mailbox").mkdir()
    (var / "mailbox" / "1.eml").write_text("not kept")
    taking.back_up(str(file))
    shutil.rmtree(var)
    outside.unlink()
    var.mkdir()
    (var / "secret-key").write_text("one that was made at the first start here")
    done = restore(file)
    assert (var / "secret-key").read_text() == settings.SECRET_KEY
    assert (var / "imports" / "7.csv").read_text() == "email\n"
    assert not (var / "mailbox").exists()
    kept = var / "restored" / str(outside).lstrip("/")
    assert kept.read_text() == "a private key"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert any(f"{outside} is kept as {kept}" in line for line in done.told)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away; to run this: as root")
def test_what_root_restores_is_the_services_and_nothing_that_is_elsewhere(
    pivot: Topic, file: Path, settings: Any
) -> None:
    var: Path = settings.DATA_DIR
    (var / "imports").mkdir()
    (var / "imports" / "7.csv").write_text("email\n")
    taking.back_up(str(file))
    shutil.rmtree(var / "imports")
    elsewhere, twin = file.with_name("elsewhere"), file.with_name("twin")
    elsewhere.touch()
    twin.touch()
    (var / "link").symlink_to(elsewhere)
    (var / "hard").hardlink_to(twin)
    os.chown(var, 65534, 65534)
    restore(file)
    roots = {one.name for one in var.rglob("*") if one.lstat().st_uid == 0}
    assert roots == {"hard"}
    assert (elsewhere.stat().st_uid, twin.stat().st_uid) == (0, 0)
    assert {"secret-key", "7.csv", "replaced"} <= {one.name for one in var.rglob("*")}


def test_nobody_gets_a_number_that_somebody_had_since_however_often_a_backup_is_restored(
    file: Path,
) -> None:
    Pulse.objects.create(at=timezone.now())
    taking.back_up(str(file))  # nobody was there yet
    had = {one.id for one in readers(Topic.objects.create(slug="a"), 3)}
    for slug in ("b", "c"):
        restore(file)
        now = {one.id for one in readers(Topic.objects.create(slug=slug), 3)}
        assert not now & had
        had |= now


def test_a_file_that_is_said_to_be_a_device_is_not_read_to_its_end(
    pivot: Topic, file: Path, settings: Any
) -> None:
    taking.back_up(str(file))

    def endless(manifest: Manifest) -> None:
        manifest.files["data/secret-key"].path = "/dev/zero"

    assert "/dev/zero is kept as" in restore(forged(file, endless)).told[0]


def test_who_was_signed_in_signs_in_anew_and_another_publications_list_is_not_mixed_in(
    pivot: Topic, file: Path
) -> None:
    Session.objects.create(session_key="k", session_data="-", expire_date=timezone.now())
    Pulse.objects.create(at=timezone.now())
    taking.back_up(str(file))
    Pulse.objects.update(database=uuid.uuid4())
    suppression.add("gone@example.org", by="otto")
    told = run("restore", str(file), "--replace").stdout
    assert "whoever has left since would be mailed again" in told
    assert Session.objects.count() == 0
    assert Suppression.objects.count() == 0


def test_the_doctor_says_how_old_the_last_backup_is_and_a_restored_one_is_as_old_as_it_was_taken(
    pivot: Topic, file: Path
) -> None:
    def found() -> list[tuple[str, str]]:
        return [(one.grade.value, one.words) for one in backups.examine()]

    assert found()[0][0] == "look"
    assert "None was made yet" in found()[0][1]
    taking.back_up(str(file))
    assert [grade for grade, _ in found()] == ["well"]
    for age, grade in ((dt.timedelta(hours=31), "look"), (dt.timedelta(days=8), "bad")):
        Backup.objects.update(taken_at=timezone.now() - age)
        assert [one for one, _ in found()] == [grade]
    with pytest.raises(Unreachable):
        taking.back_up(str(file.parent / "nowhere" / "b"))
    assert "failed" in found()[0][1]
    restore(file)
    assert [grade for grade, _ in found()] == ["well"], "it was taken a moment ago"


@pytest.mark.only_on("sqlite")
def test_a_disk_that_fills_up_while_restoring_leaves_what_was_there(
    pivot: Topic, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = [one.id for one in readers(pivot, 2_000)[:2]]
    taking.back_up(str(file))
    Subscriber.objects.exclude(id__in=two).delete()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
    pages = int(Path(connection.settings_dict["NAME"]).stat().st_size / 4096)
    full = f"PRAGMA journal_mode=WAL; PRAGMA max_page_count={pages + 20}"
    connection.close()
    with monkeypatch.context() as patched:
        patched.setitem(connection.settings_dict["OPTIONS"], "init_command", full)
        with pytest.raises(Unreachable, match=r"no room for .*what was there is as it was"):
            restore(file)
    connection.close()
    assert Subscriber.objects.count() == 2


def test_files_that_can_not_be_written_leave_the_database_as_it_was(
    pivot: Topic, file: Path, settings: Any
) -> None:
    (settings.DATA_DIR / "imports").mkdir()
    (settings.DATA_DIR / "imports" / "7.csv").write_text("email\n")
    taking.back_up(str(file))
    shutil.rmtree(settings.DATA_DIR / "imports")
    (settings.DATA_DIR / "imports").write_text("a file in its place")
    (settings.DATA_DIR / "secret-key").write_text("its own")
    readers(pivot, 3)
    with pytest.raises(Unreachable, match=r"files can't be written .*the database is as it was"):
        restore(file)
    assert Subscriber.objects.count() == 3
    assert (settings.DATA_DIR / "secret-key").read_text() == "its own"
