"""Starts the parts, starts again those that die, and ends them in order.

One process, no threads: each part is a fork of it, so that what all of them import stands
in memory once.  Signals and the parts' "I am up" arrive through pipes.
"""

import contextlib
import ctypes
import fcntl
import gc
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from workers.embedded import systemd

_LOG_LIMIT = 2_000_000  # bytes a log may have when its part starts; the one before is kept
_STEADY = 60.0  # seconds: a part that ran that long is started again at once when it dies


@dataclass
class Part:
    """One process of the system."""

    name: str
    run: Callable[[], object]  # in the fork; the process ends when it returns
    says: str = ""  # the line about it once it is up
    rank: int = 0  # parts end in this order, all of one rank together
    grace: float = 5.0  # seconds from "please end" to the kill
    crash_grace: float = 5.0  # the same, after the supervisor was killed
    orphaned: int = signal.SIGTERM  # what Linux sends it when supervisor and guard are killed
    once: bool = False  # it speaks on the terminal, and its end is the end of all…
    stays: bool = False  # …but for an end with status 0
    pid: int = 0
    up: bool = False
    deaths: int = 0
    started: float = field(default=0.0, repr=False)
    due: float = 0.0  # when it is to be started again


class Supervisor:
    """Runs parts until a signal, or until a part that runs once has ended."""

    def __init__(
        self,
        log: Path,
        say: Callable[[str], None],
        own: Iterable[int] = (),
        *,
        quiet: bool = False,
    ) -> None:
        self._log = log
        self._in_journal = systemd.journal_hears()
        self._say = say
        self._quiet = quiet  # only what goes amiss is said
        self._own = list(own)  # open files that no part may keep
        self._parts: list[Part] = []
        self._status = 0
        self._ending = False
        self._ends: dict[int, float] = {}  # rank -> when it was asked to end
        self._signals, self._signal_in = _pipe()
        self._ready, self._ready_in = _pipe()
        self._guard = _Guard()
        self._listen()

    # ---- what callers use ------------------------------------------------------------
    def start(self, part: Part) -> None:
        """Begin a part and keep it running."""
        self._parts.append(part)
        self._fork(part)

    def forget(self, directory: Path) -> None:
        """Have a directory removed should the supervisor be killed."""
        self._guard.tell(f"d {directory}")

    def up(self, part: Part) -> None:
        """Note that a part is up; parts themselves say so with ``is_up``."""
        if not part.up:
            part.up = True
            if part.says and not self._quiet:
                self._say(part.says)

    def is_up(self, name: str) -> None:
        """Called in a part's own process once it serves."""
        with contextlib.suppress(OSError):
            os.write(self._ready_in, f"{name}\n".encode())

    def log_of(self, name: str) -> str:
        """Where a part's words go: a file of its own, or systemd's journal."""
        return "the journal" if self._in_journal else f"{self._log}/{name}.log"

    def watch(self, when_up: Callable[[], None]) -> int:
        """Keep everything running; the exit status once all has ended.

        ``when_up`` is called once, as soon as every part is up.
        """
        told = False
        while True:
            self._wait()
            self._reap()
            if self._ending:
                if not self._end_next():
                    break
            elif not told and all(part.up for part in self._parts):
                told = True
                when_up()
            else:
                self._start_due()
        self._guard.dismiss()
        return self._status

    def end(self) -> None:
        """Begin to end, as on a signal."""
        self._ending = True
        for file in self._own:  # lets go of the lock that says "it runs"
            with contextlib.suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_UN)

    # ---- signals and pipes -----------------------------------------------------------
    def _listen(self) -> None:
        signal.set_wakeup_fd(self._signal_in, warn_on_full_buffer=False)
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(one, lambda *_: None)

    def _wait(self) -> None:
        ready, _, _ = select.select([self._signals, self._ready], [], [], self._patience())
        if self._signals in ready:
            for number in os.read(self._signals, 4096):
                if number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    self._asked_to_end(number)
        if self._ready in ready:
            names = os.read(self._ready, 65536).decode().split()
            for part in self._parts:
                if part.name in names:
                    self.up(part)

    def _patience(self) -> float | None:
        """How long nothing can need doing, in seconds; None: until something happens."""
        if self._ending:
            return 0.2
        due = [part.due for part in self._parts if not part.pid]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _asked_to_end(self, number: int) -> None:
        if not self._ending:
            self._say("Ending: workers finish what they are sending (Ctrl-C again ends at once)")
            self.end()
        elif number == signal.SIGINT:
            self._status = 130
            for part in self._parts:
                _kill_group(part.pid)

    # ---- parts -----------------------------------------------------------------------
    def _fork(self, part: Part) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        gc.collect()
        gc.freeze()  # the collector would otherwise copy pages that all parts share
        supervisor = os.getpid()
        part.pid = os.fork()
        if not part.pid:
            self._become(part, supervisor)
        part.started, part.up = time.monotonic(), False
        self._guard.tell(f"+ {part.rank} {part.crash_grace} {part.pid}")

    def _become(self, part: Part, supervisor: int) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(one, signal.SIG_DFL)
            if part.once:  # it speaks on the terminal, so it stays in its group
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            else:
                os.setsid()  # Ctrl-C reaches the supervisor alone
                if not self._in_journal:
                    _to_log(self._log / f"{part.name}.log")
            _when_orphaned(part.orphaned)
            if os.getppid() != supervisor:
                os._exit(1)
            for file in (*self._own, self._signals, self._signal_in, self._ready):
                os.close(file)
            self._guard.leave()
            part.run()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:  # noqa: BLE001  (nothing may escape into the supervisor's code)
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _reap(self) -> None:
        for part in self._parts:
            if not part.pid:
                continue
            pid, how = os.waitpid(part.pid, os.WNOHANG)
            if not pid:
                continue
            if not part.once:  # what it leaves behind: pool children, on macOS
                _send(os.killpg, part.pid, signal.SIGKILL)
            self._guard.tell(f"- {part.pid}")
            part.pid = 0
            if part.once:
                self._told(part, os.waitstatus_to_exitcode(how))
            elif not self._ending:
                self._plan_restart(part, os.waitstatus_to_exitcode(how))
        self._guard.mend(self._parts)

    def _told(self, part: Part, status: int) -> None:
        self._parts.remove(part)
        if part.stays and not status:
            return
        if not self._ending:
            self._status = status if status >= 0 else 1
        self.end()

    def _plan_restart(self, part: Part, status: int) -> None:
        steady = time.monotonic() - part.started > _STEADY
        part.deaths = 1 if steady else part.deaths + 1
        wait = min(30.0, 0.5 * 2 ** (part.deaths - 1))
        part.due = time.monotonic() + wait
        how = f"status {status}" if status >= 0 else signal.Signals(-status).name
        told = f"{part.name} ended ({how}); starting it again in {wait:g} s"
        self._say(f"{told} · {self.log_of(part.name)} says why")

    def _start_due(self) -> None:
        for part in self._parts:
            if not part.pid and part.due <= time.monotonic():
                self._fork(part)

    def _end_next(self) -> bool:
        """Ask the lowest rank that is left to end, kill what is late; False: all have ended."""
        left = [part for part in self._parts if part.pid]
        if not left:
            return False
        now = time.monotonic()
        rank = min(part.rank for part in left)
        for part in (part for part in left if part.rank == rank):
            if rank not in self._ends:
                os.kill(part.pid, signal.SIGTERM)
            elif now - self._ends[rank] > part.grace:
                _kill_group(part.pid)
        self._ends.setdefault(rank, now)
        return True


class _Guard:
    """The process that ends the parts when the supervisor was killed (``guard.py``)."""

    def __init__(self) -> None:
        self._told: list[str] = []
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        script = Path(__file__).with_name("guard.py")
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(script)],
            stdin=subprocess.PIPE,
            cwd="/",
            start_new_session=True,
        )

    def tell(self, line: str) -> None:
        if line.startswith("d "):
            self._told.append(line)
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it died: ``mend`` starts another
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()

    def mend(self, parts: list[Part]) -> None:
        """Start another should it have been killed, and tell it everything."""
        if self._process.poll() is not None:
            self._process = self._start()
            told, self._told = self._told, []
            for line in told:
                self.tell(line)
            for part in parts:
                if part.pid:
                    self.tell(f"+ {part.rank} {part.crash_grace} {part.pid}")

    def leave(self) -> None:
        """In a fork: let go of the pipe, whose end tells the guard that all is over."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            os.close(self._process.stdin.fileno())

    def dismiss(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait()


def _pipe() -> tuple[int, int]:
    out, into = os.pipe()
    os.set_blocking(into, False)
    return out, into


def _when_orphaned(number: int) -> None:
    """Have Linux send this signal to this process when its parent dies; 0: none."""
    if sys.platform == "linux":  # elsewhere the guard alone sees to it
        ctypes.CDLL(None).prctl(1, number)  # PR_SET_PDEATHSIG


def _kill_group(pid: int) -> None:
    if pid:
        _send(os.killpg, pid, signal.SIGKILL)
        _send(os.kill, pid, signal.SIGKILL)  # forked a moment ago, it leads no group yet


def _send(how: Callable[[int, int], None], pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        how(pid, number)


def _to_log(path: Path) -> None:
    """Send this process's output to a file, whose forerunner is kept when it grew long."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        if path.stat().st_size > _LOG_LIMIT:
            path.replace(path.with_name(f"{path.name}.1"))
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for file, number in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(file, number)
    os.close(log)
    os.close(nothing)
