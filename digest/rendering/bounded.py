"""Rendering where it can't hurt: in a disposable process, with limits of time and memory.

mrml overflows its stack on deep input, and takes whoever called it along; what else the
libraries do with hostile text nobody knows.  The process is kept warm between renders, and
replaced after a crash, a refusal to end in time, or some hundred renders.
"""

import atexit
import contextlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from digest.rendering.rendered import RenderedEmail, RenderingFailed
from digest.rendering.view import View, named
from digest.rendering.worker import LENGTH, framed

__all__ = ["RenderedEmail", "Renderer", "RenderingFailed", "render"]

SECONDS = 10.0
"""For one email; 0.03 is usual."""

MEGABYTES = 400
"""Of address space; the libraries alone take 80."""

RENDERS = 500
"""After so many the process is replaced: what leaks, leaks no further."""

_ROOT = Path(__file__).resolve().parents[2]


def render(view: View) -> RenderedEmail:
    """The email of a view; RenderingFailed, in words, whatever goes wrong.

    Safe in threads (which take turns), and in processes that were forked off later.
    """
    return _RENDERER.render(view)


class Renderer:
    """One warm process, started when it is first needed."""

    program = ("-m", "digest.rendering.worker")

    def __init__(
        self, seconds: float = SECONDS, megabytes: int = MEGABYTES, renders: int = RENDERS
    ) -> None:
        self.seconds, self.megabytes, self.renders = seconds, megabytes, renders
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._left = 0

    def render(self, view: View) -> RenderedEmail:
        """As the module's ``render``."""
        request = framed(view.model_dump(mode="json"))
        with self._lock:
            try:
                answer = self._ask(request)
            except (TimeoutError, EOFError) as problem:
                self._end()
                raise RenderingFailed(_told(view, str(problem))) from None
        if "email" in answer:
            return RenderedEmail(**answer["email"])
        raise RenderingFailed(answer.get("refused") or _told(view, answer["failed"]))

    def close(self) -> None:
        """End the process; the next render starts another."""
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
        """The process that renders now."""
        return self._process.pid if self._process else None

    def _ask(self, request: bytes) -> dict[str, Any]:
        process = self._ready()
        self._left -= 1
        deadline = time.monotonic() + self.seconds
        try:
            _send(_pipe(process.stdin), request, deadline)
            (length,) = LENGTH.unpack(_receive(_pipe(process.stdout), LENGTH.size, deadline))
            answer: dict[str, Any] = json.loads(_receive(_pipe(process.stdout), length, deadline))
        except TimeoutError:
            raise TimeoutError(f"it took longer than {self.seconds:g} s") from None
        except (EOFError, OSError):
            raise EOFError(f"it crashed the renderer ({_how(process)})") from None
        return answer

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._left <= 0 or self._process.poll() is not None:
            self._end()
            self._process, self._left = self._started(), self.renders
        return self._process

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


def _told(view: View, what: str) -> str:
    return (
        f"{named(view)} can't be rendered: {what}. Nothing was kept of the email; shorten the "
        "text, or show the story at a lesser depth."
    )


_RENDERER = Renderer()
atexit.register(_RENDERER.close)
os.register_at_fork(after_in_child=_RENDERER.forget)
