"""Nothing that a trial started outlives it, not even a trial that was killed with -9."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from workers.embedded import guard

GRACE = 60.0
"""Seconds that the program may take to end; as long as ``digest up`` gives it."""


class Guard:
    """A process that outlives this one, and then ends what it was told of.

    The lowest rank goes first: the program finishes its messages while the sink and the
    broker are still there.
    """

    def __init__(self) -> None:
        # In a session of its own: whoever kills this process's group doesn't reach it.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(guard.__file__))],
            stdin=subprocess.PIPE,
            cwd="/",
            start_new_session=True,
        )

    def watch(self, pid: int, rank: int, grace: float = 5.0) -> None:
        """End this process, and the group that it leads, should ours be killed."""
        self._tell(f"+ {rank} {grace} {pid}")

    def ended(self, pid: int) -> None:
        """It needs no ending any more; its number may soon be another's."""
        self._tell(f"- {pid}")

    def forget(self, directory: Path) -> None:
        """Remove this directory too, after all have ended."""
        self._tell(f"d {directory}")

    def dismiss(self) -> None:
        """Whatever is still watched is ended now."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # somebody killed the guard: the trial goes on without
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()


@contextmanager
def guarded() -> Iterator[Guard]:
    """A guard for as long as the block runs."""
    one = Guard()
    try:
        yield one
    finally:
        one.dismiss()
