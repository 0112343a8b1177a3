"""Backups: all of an installation in one file, while it runs."""

import datetime as dt
import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, transaction

from digest.errors import Refused, Unreachable
from digest.models import Topic
from digest.pictures import Picture
from subscribers.models import Subscriber, address_hash
from tests.backing_up import changed, file, place, restore, run, said
from tests.ledgering import mailing, readers
from workers.backup import taking
from workers.backup.models import Backup
from workers.backup.snapshot import snapshot
from workers.backup.tables import lines, tables_of
from workers.routes.models import Pace

__all__ = ["file", "place"]  # fixtures

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


ODD = ["tab\tnew\nline\r", r"\N", r"back\slash\\n", "Zürich — “quoted” 😀", "", "NULL", "\\"]


def test_what_is_restored_is_what_was_there_to_the_last_character(pivot: Topic, file: Path) -> None:
    at = dt.datetime(2026, 11, 27, 5, 0, 0, tzinfo=dt.UTC)
    for n, odd in enumerate(ODD):
        Subscriber.objects.create(
            email=f"odd{n}@example.org",
            email_hash=address_hash(f"odd{n}@example.org"),
            name=odd,
            attributes={"said": odd, "b": {"c": [1, 1.5, None, True]}},
            joined_at=at + dt.timedelta(microseconds=(0, 123_000, 1)[n % 3]),
        )
    Pace.objects.create(name="real", next_at=1_790_000_000.123456, rate=0.1)
    mailing(pivot, give_up_after=dt.timedelta(days=1, microseconds=7), state="done", rate=1 / 3)
    Picture.objects.create(hash="a" * 64, content=bytes(range(256)), width=1, height=1)
    before = said()
    taking.back_up(str(file))
    Subscriber.objects.all().delete()
    Pace.objects.all().delete()
    restore(file)
    assert changed(before) <= {"digest_auditentry", "workers_backup", "workers_pulse"}
    assert sorted(Subscriber.objects.values_list("name", flat=True)) == sorted(ODD)


def test_the_command_says_what_it_kept_in_a_file_that_nobody_else_may_read(
    pivot: Topic, file: Path
) -> None:
    readers(pivot, 3)
    told = json.loads(run("backup", str(file), "--json").stdout)
    assert told["file"] == str(file)
    assert told["bytes"] == file.stat().st_size
    assert told["tables"]["subscribers_subscriber"] == 3
    assert told["rows"] == sum(told["tables"].values())
    assert told["files"] == ["data/secret-key"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert {one.name for one in file.parent.iterdir()} == {"var", file.name}, "no draft is left"
    kept = Backup.objects.get()
    assert (kept.file, kept.size, kept.trouble) == (str(file), file.stat().st_size, "")


def test_yesterdays_backup_is_replaced_and_nothing_else_is(pivot: Topic, file: Path) -> None:
    taking.back_up(str(file))
    first = file.read_bytes()
    readers(pivot, 3)
    taking.back_up(str(file))
    assert file.read_bytes() != first
    thesis = file.with_name("thesis.docx")
    with zipfile.ZipFile(thesis, "w") as other:
        other.writestr("word/document.xml", "years of work")
    pipe = file.with_name("pipe")
    os.mkfifo(pipe)
    for name in (thesis, file.parent, pipe):
        with pytest.raises(Refused, match="nothing was written"):
            taking.back_up(str(name))
    assert zipfile.ZipFile(thesis).namelist() == ["word/document.xml"]
    link = file.with_name("latest.backup")
    link.symlink_to(file)
    taking.back_up(str(link))
    assert link.is_symlink(), "what it leads to is replaced"


def test_a_full_disk_or_a_folder_that_is_not_there_leaves_the_backup_of_yesterday(
    pivot: Topic, file: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking.back_up(str(file))
    before = file.read_bytes()
    monkeypatch.setattr(taking, "ROOM", 1 << 60)
    with pytest.raises(Unreachable, match=r"no room for .*as it was.*Make room"):
        taking.back_up(str(file))
    assert file.read_bytes() == before
    assert {one.name for one in file.parent.iterdir()} == {"var", file.name}
    with pytest.raises(Unreachable, match="No such file or directory"):
        taking.back_up(str(file.parent / "nowhere" / "b"))
    monkeypatch.setattr(taking, "ROOM", 0)
    settings.DKIM_KEY_FILE = "/proc/self/mem"  # can't be read, even by root
    with pytest.raises(Unreachable, match=r"^/proc/self/mem belongs .* can't be read"):
        taking.back_up(str(file))
    assert file.read_bytes() == before
    failed = Backup.objects.exclude(trouble="")
    assert "can't be read" in failed[0].trouble, "the doctor says so"
    assert "No such file" in failed[1].trouble
    assert "no room" in failed[2].trouble


def test_a_backup_goes_through_a_pipe_and_back(pivot: Topic, file: Path) -> None:
    readers(pivot, 3)
    piped = run("backup", "-")
    assert "Kept" in piped.stderr
    Subscriber.objects.all().delete()
    told = json.loads(run("restore", "-", "--replace", "--json", feed=piped.stdout_bytes).stdout)
    assert told["file"] == "-"
    assert Subscriber.objects.count() == 3
    near, far = os.openpty()
    with open(far, "w") as terminal, pytest.MonkeyPatch.context() as patched:  # noqa: PTH123
        patched.setattr(sys, "stdout", terminal)
        with pytest.raises(Refused, match="nothing for a terminal"):
            taking.back_up("-")
    os.close(near)


def test_a_backup_tells_of_one_moment_and_keeps_nobody_from_writing(pivot: Topic) -> None:
    readers(pivot, 3)
    (table,) = [one for one in tables_of(apps) if one.name == "subscribers_subscriber"]
    with snapshot() as database:
        with transaction.atomic():
            Subscriber.objects.all().delete()
        assert b"".join(lines(database, table)).count(b"\n") == 3
        with pytest.raises(DatabaseError), database.cursor() as cursor:
            cursor.execute("DELETE FROM subscribers_subscriber")
