"""``digest up`` as a person uses it: start, kill, start again at once, end."""

import os
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.system import until

DIGEST = str(Path(sys.executable).with_name("digest"))


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """Ours without what would have the program use another's servers."""
    foreign = {"DATABASE_URL", "REDIS_URL", "SMTP_URL", "BASE_URL", "DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return {**kept, "DATA_DIR": str(data_dir), **more}


class Running:
    """A ``digest up`` and its console."""

    def __init__(self, data_dir: Path, door: int, **more: str) -> None:
        self.process = subprocess.Popen(
            [DIGEST, "up", "--port", "0", "--workers", "1"],
            env=environment(data_dir, INBOUND_URL=f"lmtp://127.0.0.1:{door}", **more),
            cwd=data_dir,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def address(self) -> str:
        """Where it says it is, once everything is up."""
        assert self.process.stdout is not None
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith("Digest is at "):
                return line.split()[3]
        raise AssertionError("".join(said))

    def family(self) -> list[int]:
        """The processes below it, and itself."""
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        ).stdout
        parents = {int(pid): int(parent) for pid, parent in map(str.split, listed.splitlines())}
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return sorted(found)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture
def door() -> int:
    """A free port, at which mails are handed over."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path, door: int) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(**more: str) -> Running:
        started.append(Running(tmp_path, door, **more))
        return started[-1]

    yield start
    for one in started:
        one.close()


def answers(address: str) -> int:
    with urllib.request.urlopen(address, timeout=20) as page:
        return int(page.status)


def alive(pids: list[int]) -> list[int]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    states = dict(line.split()[:2] for line in listed.splitlines())
    return [pid for pid in pids if not states.get(str(pid), "Z").startswith("Z")]


@pytest.fixture
def runtime() -> Iterator[Path]:
    """As systemd's RuntimeDirectory=; short, for a socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="run-", dir="/tmp") as place:
        yield Path(place)


def megabytes(pids: list[int]) -> float:
    """What they take together: memory that several share counts once. 0 but on Linux."""
    rolls = [Path(f"/proc/{pid}/smaps_rollup") for pid in pids]
    lines = [line for roll in rolls if roll.exists() for line in roll.read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def test_it_starts_ends_with_its_killer_and_starts_again_at_once(
    start: Callable[..., Running], tmp_path: Path, door: int, runtime: Path
) -> None:
    first = start()
    assert answers(f"{first.address()}mailbox/") == 200
    with smtplib.LMTP("127.0.0.1", door) as server:
        assert server.sendmail("", ["bounce@example.org"], b"Subject: hello\r\n\r\n") == {}
    assert len(list((tmp_path / "inbound" / "new").iterdir())) == 1

    second = start()
    out, _ = second.process.communicate(timeout=60)
    assert second.process.returncode == 3
    assert f"runs already in {tmp_path} (process {first.process.pid})" in out

    family = first.family()
    assert len(family) > 8
    assert megabytes(family) < 400
    first.process.kill()
    first.process.wait()

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"{runtime}/notify")
        systemd.settimeout(60)
        third = start(NOTIFY_SOCKET=f"{runtime}/notify", RUNTIME_DIRECTORY=str(runtime))
        assert systemd.recv(100) == b"READY=1"
    assert Path((tmp_path / "broker").read_text().strip()).parent == runtime
    assert answers(f"{third.address()}mailbox/") == 200
    until(lambda: alive(family) == [], 30)

    family = third.family()
    third.process.send_signal(signal.SIGINT)
    assert third.process.wait(60) == 0
    until(lambda: alive(family) == [], 10)


def test_a_broker_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    ended = subprocess.run(
        [DIGEST, "up", "--port", "0"],
        env=environment(tmp_path, REDIS_URL=f"redis+socket://{tmp_path}/none"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 3
    assert ended.stderr.startswith("digest: The broker that REDIS_URL names does not answer")
    assert len(ended.stderr.splitlines()) <= 2
