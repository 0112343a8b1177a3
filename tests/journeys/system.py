"""The program as its users run it: commands and workers in processes of their own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DIGEST = Path(sys.executable).with_name("digest")


class System:
    """One installation: a data directory, and the settings that its processes share."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
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
