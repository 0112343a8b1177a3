"""A SQLite database that is brought up to date once, and copied for whoever wants one.

To migrate an empty one takes longer than most tests do. It is kept with pytest's own cache, by what
all migrations say; where several processes begin at once one makes it, and the others wait.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".pytest_cache" / "migrated"


def copy(to: Path) -> None:
    """An empty database with all its tables, as a file of its own."""
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_made(), to)


@cache
def _made() -> Path:
    KEPT.mkdir(parents=True, exist_ok=True)
    wanted = KEPT / f"{_fingerprint()}.sqlite3"
    with (KEPT / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not wanted.exists():
            for old in KEPT.glob("*.sqlite3"):
                old.unlink()
            _make(wanted)
    return wanted


def _make(wanted: Path) -> None:
    with tempfile.TemporaryDirectory(dir=KEPT) as directory:
        env = {**os.environ, "DATA_DIR": directory, "DATABASE_URL": "", "SECRET_KEY": ""}
        env["DJANGO_SETTINGS_MODULE"] = "config.settings"
        command = [sys.executable, "-m", "django", "migrate", "--verbosity", "0"]
        subprocess.run(command, env=env, cwd=ROOT, check=True)
        Path(directory, "digest.sqlite3").replace(wanted)


def _fingerprint() -> str:
    said = [sys.version, django.__version__]
    said += [path.read_text() for path in sorted(ROOT.glob("*/migrations/*.py"))]
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:16]
