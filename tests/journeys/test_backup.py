"""A backup of yesterday's version on a bare machine, by the commands as a person types them."""

import subprocess
import sys
from pathlib import Path

from tests.journeys.system import ROOT, System

OLDER = ("workers", "0023_share_came_back")


def test_a_backup_of_an_older_version_starts_on_a_bare_machine(tmp_path: Path) -> None:
    old = System(tmp_path / "old")
    old.run_all(
        ("topic", "add", "harbour", "--name", "Harbour"),
        ("subscribers", "import", "-", "--topic", "harbour", "--consent", "a test"),
        stdin="email,name\nann@example.org,Ann Lee\n",
    )
    older = [sys.executable, "-m", "django", "migrate", "--verbosity", "0", *OLDER]
    settings = old.env | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run(older, env=settings, cwd=ROOT, check=True)
    (old.data_dir / ".env").write_text("FROM_ADDRESS=Harbour <news@harbour.example.org>\n")
    file = tmp_path / "monday.backup"
    made = old.json("backup", str(file))
    assert made["tables"]["subscribers_subscriber"] == 1
    assert "workers_backup" not in made["tables"], "it is kept as it is, not as it would be"

    (old.data_dir / ".env").unlink()  # that machine is no more
    bare = System(tmp_path / "bare", empty=True)
    told = bare.json("restore", str(file))
    assert told["rows"] == made["rows"]
    assert bare.asked("SELECT email, name FROM subscribers_subscriber") == [
        ("ann@example.org", "Ann Lee")
    ]
    assert bare.asked("SELECT count(*) FROM workers_backup") == [(1,)], "it is of today"
    kept = bare.data_dir / "restored" / str(old.data_dir / ".env").lstrip("/")
    assert kept.read_text() == "FROM_ADDRESS=Harbour <news@harbour.example.org>\n"
    key = (old.data_dir / "secret-key").read_text()
    assert (bare.data_dir / "secret-key").read_text() == key
