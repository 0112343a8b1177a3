"""The database at the start: brought up to date, or refused in words."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection

from digest import database
from digest.database import Installation
from digest.errors import Refused, Unreachable

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_the_first_start_keeps_the_fingerprint_of_its_key_and_not_the_key(settings: Any) -> None:
    database.refuse_another_key()
    kept = Installation.objects.get().key_fingerprint
    assert len(kept) == 64
    assert settings.SECRET_KEY not in kept
    database.refuse_another_key()


def test_a_start_with_another_key_is_refused(settings: Any) -> None:
    database.refuse_another_key()
    settings.SECRET_KEY = "another"
    with pytest.raises(Refused, match="another SECRET_KEY; nothing was started"):
        database.refuse_another_key()


def test_a_database_that_is_newer_than_the_program_is_refused() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('workers', '9999_from_the_future', CURRENT_TIMESTAMP)"
        )
    with pytest.raises(Refused, match=r"newer than this program.*9999_from_the_future"):
        database.bring_up_to_date()


def test_a_shared_database_that_is_older_waits_for_digest_migrate(settings: Any) -> None:
    settings.DATABASE_IS_EMBEDDED = False
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'digest' AND name LIKE '0002%%'")
    with pytest.raises(Refused, match="run: digest migrate"):
        database.bring_up_to_date()


def test_a_database_that_can_not_be_reached_is_told_with_what_to_do() -> None:
    with (
        pytest.raises(Unreachable, match=r"no route.*What was committed is kept") as told,
        database.told(),
    ):
        raise OperationalError("no route\nmore")
    assert told.value.status == 3


@pytest.mark.only_on("sqlite")
def test_a_file_that_another_user_has_made_is_told_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tempfile.TemporaryDirectory() as made:  # not in pytest's, which its user keeps to itself
        Path(made).chmod(0o755)
        file = Path(made) / "digest.sqlite3"
        file.touch(0o444)
        monkeypatch.setitem(connection.settings_dict, "NAME", str(file))
        who = os.geteuid()
        if who == 0:
            os.seteuid(65534)
        try:
            with (
                pytest.raises(Unreachable, match=r"another user.*may be written"),
                database.told(),
            ):
                database.bring_up_to_date()
        finally:
            os.seteuid(who)


def test_a_file_that_is_no_database_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "digest.sqlite3").write_text("no database, but long enough to be looked at" * 9)
    done = subprocess.run(
        [sys.executable, "-c", "from config.cli import main; main()", "topic", "list"],
        env=os.environ
        | {
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "file is not a database" in done.stderr
    assert "name another DATA_DIR" in done.stderr
    assert len(done.stderr.splitlines()) == 1
