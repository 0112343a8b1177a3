"""The program as its users run it: commands and workers in processes of their own."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests import migrated

ROOT = Path(__file__).resolve().parents[2]
DIGEST = Path(sys.executable).with_name("digest")


_ONE_BY_ONE = """
import json, sys
from config.cli import main
for words in json.loads(sys.argv[1]):
    if status := main(words, "digest", standalone_mode=False):
        sys.exit(f"{words}: {status}")
"""


class System:
    """One installation: a data directory, and the settings that its processes share.

    Its database has its tables already, where it is SQLite's; ``empty`` is as a newcomer begins.
    """

    def __init__(self, data_dir: Path, *, empty: bool = False, **settings: str) -> None:
        self.data_dir = data_dir
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(data_dir),
            "LC_ALL": "C.UTF-8",
            "DATA_DIR": str(data_dir),
            "LOG_LEVEL": "warning",
            **settings,
        }
        data_dir.mkdir(parents=True, exist_ok=True)
        if not empty and not settings.get("DATABASE_URL"):
            migrated.copy(data_dir / "digest.sqlite3")

    def run(self, *args: str, expect: int = 0, stdin: str = "") -> str:
        """A ``digest`` command's standard output; fails unless it ends with this status."""
        done = subprocess.run(
            [DIGEST, *args],
            env=self.env,
            cwd=self.data_dir,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=240,
            check=False,
        )
        assert done.returncode == expect, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if expect == 0 or done.stdout else done.stderr

    def run_all(self, *commands: Sequence[str], stdin: str = "") -> str:
        """Several commands in one process, for each takes two seconds to begin; what they said."""
        done = subprocess.run(
            [sys.executable, "-c", _ONE_BY_ONE, json.dumps(commands)],
            env=self.env,
            cwd=self.data_dir,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout

    def asked(self, question: str) -> list[tuple[Any, ...]]:
        """The database's own answer, which is cheaper to wait for than a command's."""
        if url := self.env.get("DATABASE_URL"):
            with psycopg.connect(url) as connection:
                return connection.execute(question).fetchall()
        with closing(sqlite3.connect(self.data_dir / "digest.sqlite3", timeout=20)) as database:
            return database.execute(question).fetchall()

    def json(self, *args: str, expect: int = 0) -> dict[str, Any]:
        """A command's one JSON object."""
        found: dict[str, Any] = json.loads(self.run(*args, "--json", expect=expect))
        return found

    @contextmanager
    def process(self, *command: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process that is ended, with what it started, when the block is left."""
        with (self.data_dir / "processes.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                env=self.env | env,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @contextmanager
    def workers(self, bulk: int = 1) -> Iterator[None]:
        """Celery workers for all queues, and beat, as in production."""
        celery = [sys.executable, "-m", "celery", "-A", "workers.celery", "--quiet"]
        with (
            self.process(*celery, "worker", "-Q", "tick,urgent", "-c", "2", "-n", "hasty@%h"),
            self.process(*celery, "worker", "-Q", "bulk,import", "-c", str(bulk), "-n", "bulk@%h"),
            self.process(*celery, "beat", "-s", str(self.data_dir / "beat"), "--pidfile="),
        ):
            yield

    def log(self) -> str:
        """What the processes printed, for a failing test to show."""
        return (self.data_dir / "processes.log").read_text(errors="replace")[-5000:]


def until(true: Callable[[], bool], seconds: float, what: Callable[[], object] = str) -> None:
    """Wait for something that other processes do; a test's only wait."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what()}"
        time.sleep(0.05)
