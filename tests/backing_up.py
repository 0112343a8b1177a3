"""What tests of backups share: a DATA_DIR of their own, a file, and what the database says."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.apps import apps
from django.db import connection

from workers.backup import restoring
from workers.backup.archive import Archive
from workers.backup.restoring import Restored
from workers.backup.tables import lines, tables_of
from workers.commands.backup import backup
from workers.commands.restore import restore as restore_command


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: Any) -> Path:
    """A DATA_DIR of its own, with the key that signs here."""
    settings.DATA_DIR = tmp_path / "var"
    settings.DATA_DIR.mkdir()
    (settings.DATA_DIR / "secret-key").write_text(settings.SECRET_KEY)
    settings.SECRET_KEY_IS_KEPT = True
    return tmp_path


@pytest.fixture
def file(place: Path) -> Path:
    """Where a backup goes."""
    return place / "monday.backup"


def restore(file: Path, *, replace: bool = True) -> Restored:
    with file.open("rb") as opened:
        return restoring.restore(Archive(opened, str(file)), "test", replace=replace)


def said() -> dict[str, bytes]:
    """Every table's rows."""
    return {one.name: b"".join(lines(connection, one)) for one in tables_of(apps)}


def changed(before: dict[str, bytes]) -> set[str]:
    """Tables that say something else by now."""
    return {name for name, rows in said().items() if rows != before[name]}


def run(*words: str, feed: bytes | None = None) -> Any:
    """The command, as ``digest`` runs it; its errors become words there."""
    command = {"backup": backup, "restore": restore_command}[words[0]]
    return CliRunner().invoke(command, words[1:], input=feed)
