"""What a trial is made of: a sink, a broker, and the program itself, as processes to end."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from digest.errors import CheckFailed
from workers.embedded import broker
from workers.trial.orphans import GRACE, Guard

_FIRST, _LAST = 0, 1
"""In which order they end, should the trial be killed: the program before what it needs."""


class Record:
    """What the sink wrote down: one recipient a line, before it answered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = self._lines = 0

    def count(self) -> int:
        """How many there are by now."""
        with self.path.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        self._lines += new.count(b"\n")
        return self._lines

    def recipients(self) -> list[str]:
        return self.path.read_text("utf-8").split()


@contextmanager
def sink(record: Path, guard: Guard, *options: str, program: str = "") -> Iterator[int]:
    """The port of a running sink: the built-in one, or a program that is called like it."""
    command = [program] if program else [sys.executable, "-P", "-m", "workers.sink"]
    record.touch()
    with subprocess.Popen(
        [*command, "--record", str(record), *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        guard.watch(process.pid, _LAST)
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()
    guard.ended(process.pid)


class Broker:
    """A Redis or Valkey of the trial's own, to be flushed, killed and started again."""

    def __init__(self, guard: Guard) -> None:
        self._guard, self._server = guard, broker.make()
        self.url = self._server.url
        guard.forget(self._server.directory)
        self._back_at = 0.0  # 0: it is there
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._server.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._guard.watch(self._process.pid, _LAST)
        if why := broker.silence(self.url):
            raise CheckFailed(f"The trial's broker does not answer: {why}")

    def flush(self) -> None:
        import redis

        with redis.Redis.from_url(broker.for_redis_py(self.url)) as client:
            client.flushall()

    def kill(self, seconds: float) -> None:
        """``kill -9``; it stays away until ``return_in_time`` is called after so long."""
        self._process.kill()
        self._process.wait()
        self._guard.ended(self._process.pid)
        self._back_at = time.monotonic() + seconds

    def return_in_time(self, *, now: bool = False) -> None:
        """Start it again once its time away is over, or now."""
        if self._back_at and (now or time.monotonic() >= self._back_at):
            self._back_at = 0.0
            self._start()

    def close(self) -> None:
        self.kill(0)
        shutil.rmtree(self._server.directory, ignore_errors=True)


class System:
    """The program as ``digest up`` runs it, but for the pages and the mailbox."""

    def __init__(self, directory: Path, workers: int, guard: Guard, **settings: str) -> None:
        self._directory, self._workers, self._guard = directory, workers, guard
        self._env = {**os.environ, **settings}
        self.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> None:
        """Start it; one that was killed a moment ago may still be ending, it waits for that."""
        log = self._directory / "log"
        log.mkdir(exist_ok=True)
        with (log / "up.log").open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "workers.trial", str(self._workers)],
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._guard.watch(self._process.pid, _FIRST, GRACE)

    def kill(self) -> None:
        """``kill -9``, of the supervisor alone."""
        self._process.kill()
        self._process.wait()
        self._guard.ended(self._process.pid)

    def close(self) -> None:
        """End it in good order, however it was going."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.kill()
        self._guard.ended(self._process.pid)

    def family(self) -> dict[int, int]:
        """Each of its living processes, by id, and the one that started it."""
        parents = living()
        return {pid: parent for pid, parent in parents.items() if self._is_ours(pid, parents)}

    def _is_ours(self, pid: int, parents: dict[int, int]) -> bool:
        while pid > 1 and pid != self.pid:
            pid = parents.get(pid, 0)
        return pid == self.pid


def living() -> dict[int, int]:
    """The processes of this machine, and who started each; not those that only wait to be seen."""
    listed = subprocess.run(
        ["ps", "-axo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    rows = [line.split() for line in listed]
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}


def until(true: Callable[[], bool], seconds: float, what: str, pause: float = 0.02) -> None:
    """Wait for what other processes do; CheckFailed when it takes too long."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise CheckFailed(f"{what} did not come about within {seconds:.0f} s.")
        time.sleep(pause)
