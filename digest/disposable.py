"""A process that may die: what libraries do with hostile input is done where it can't hurt.

It is kept warm between requests, has limits of time and memory, knows no secret of ours, and
is replaced after a crash, a refusal to answer in time, or some hundred requests.  One that nobody
asks is ended, and started anew when it is wanted.  Each request and each answer is JSON after its
length in four bytes.  The process ends with its standard input, hence with whoever started it,
however that ends.
"""

import atexit
import contextlib
import json
import os
import resource
import selectors
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Self

LENGTH = struct.Struct(">I")

IDLE = 120.0
"""Seconds after which one that nobody asks is ended: starting another takes half a second, while
every worker and web process that ever needed one would keep some 40 MB for good."""

_ROOT = Path(__file__).resolve().parents[1]


class Disposable:
    """One warm process, started when it is first needed.

    Safe in threads (which take turns), and in processes that were forked off later.
    """

    program: tuple[str, ...]
    """Arguments for Python; the limit of memory, in megabytes, comes after them."""

    def __init__(self, seconds: float, megabytes: int, uses: int, idle: float = IDLE) -> None:
        self.seconds, self.megabytes, self.uses, self.idle = seconds, megabytes, uses, idle
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._left = 0
        self._asked_at = 0.0

    def lasting(self) -> Self:
        """The same, for as long as this process lives."""
        atexit.register(self.close)
        os.register_at_fork(after_in_child=self.forget)
        return self

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """What it answers; TimeoutError or EOFError, in words, where it doesn't."""
        message = framed(request)
        with self._lock:
            try:
                return self._asked(message)
            except (TimeoutError, EOFError):
                self._end()
                raise
            finally:
                self._asked_at = time.monotonic()

    def close(self) -> None:
        """End the process; the next request starts another."""
        with self._lock:
            self._end()

    def forget(self) -> None:
        """In a child that was just forked off: the process belongs to the parent.

        The inherited ends of its pipes are closed, or it would outlive the parent.
        """
        process, self._process, self._lock = self._process, None, threading.Lock()
        if process is not None:
            _close_pipes(process)
            process.returncode = 0  # not ours to wait for

    @property
    def pid(self) -> int | None:
        """The process that answers now."""
        return self._process.pid if self._process else None

    def _asked(self, message: bytes) -> dict[str, Any]:
        process = self._ready()
        self._left -= 1
        deadline = time.monotonic() + self.seconds
        try:
            _send(_pipe(process.stdin), message, deadline)
            (length,) = LENGTH.unpack(_receive(_pipe(process.stdout), LENGTH.size, deadline))
            answer: dict[str, Any] = json.loads(_receive(_pipe(process.stdout), length, deadline))
        except TimeoutError:
            raise TimeoutError(f"it took longer than {self.seconds:g} s") from None
        except (EOFError, OSError):
            raise EOFError(f"it crashed its process ({_how(process)})") from None
        return answer

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._left <= 0 or self._process.poll() is not None:
            self._end()
            self._process, self._left = self._started(), self.uses
            ends = threading.Thread(target=self._end_unasked, args=(self._process,), daemon=True)
            ends.start()
        return self._process

    def _end_unasked(self, process: subprocess.Popen[bytes]) -> None:
        """End this process once nobody has asked it for long; in a thread of its own."""
        wait = self.idle
        while wait > 0:
            time.sleep(wait)
            with self._lock:
                if self._process is not process:
                    return  # it was replaced meanwhile
                wait = self._asked_at + self.idle - time.monotonic()
                if wait <= 0:
                    self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, *self.program, str(self.megabytes)],
            cwd=_ROOT,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},  # no secret of ours
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # Ctrl-C in a terminal is the parent's to handle
        )
        os.set_blocking(_pipe(process.stdin).fileno(), False)
        os.set_blocking(_pipe(process.stdout).fileno(), False)
        return process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            _close_pipes(self._process)
            self._process = None


# ---- within the process ----------------------------------------------------------------------


def serve(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer requests until there are no more; ``{"failed": text}`` whatever goes wrong."""
    while (request := _read(sys.stdin.buffer)) is not None:
        try:
            answered = answer(request)
        except MemoryError:
            answered = {"failed": "it needs too much memory"}
        except BaseException as problem:  # noqa: BLE001 - a panic in Rust is no Exception
            answered = {"failed": f"{type(problem).__name__}: {problem}"}
        sys.stdout.buffer.write(framed(answered))
        sys.stdout.buffer.flush()


def limit_memory(megabytes: int) -> None:
    """Let this process have so much address space, and leave no core file."""
    size = megabytes * 1024 * 1024
    # Some systems don't have the first, and no crash here is worth a core file.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def framed(message: dict[str, Any]) -> bytes:
    """The bytes of a message: its length, then JSON."""
    content = json.dumps(message).encode()
    return LENGTH.pack(len(content)) + content


def _read(stream: IO[bytes]) -> Any:
    """What was written; None at the stream's end."""
    head = stream.read(LENGTH.size)
    return json.loads(stream.read(*LENGTH.unpack(head))) if len(head) == LENGTH.size else None


# ---- pipes -------------------------------------------------------------------------------------


def _send(pipe: IO[bytes], content: bytes, deadline: float) -> None:
    rest = memoryview(content)
    while rest:
        _wait(pipe, selectors.EVENT_WRITE, deadline)
        with contextlib.suppress(BlockingIOError):
            rest = rest[os.write(pipe.fileno(), rest) :]


def _receive(pipe: IO[bytes], size: int, deadline: float) -> bytes:
    content = bytearray()
    while len(content) < size:
        _wait(pipe, selectors.EVENT_READ, deadline)
        piece = os.read(pipe.fileno(), size - len(content))
        if not piece:
            raise EOFError
        content += piece
    return bytes(content)


def _wait(pipe: IO[bytes], event: int, deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, event)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise TimeoutError


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            _pipe(pipe).close()


def _how(process: subprocess.Popen[bytes]) -> str:
    try:
        status = process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return "it stopped answering"
    return f"signal {-status}" if status < 0 else f"status {status}"
