"""One worker's memory between the ledger's commits: what it began and what it was answered.

A file per worker process, lines of two kinds::

    B <delivery>                            about to write this message's body
    S <delivery> <letter> <code> <reply>    the outcome (letters: ``LETTERS``)

A line is one ``write`` to a file opened for appending: it survives ``kill -9`` as soon as the
call returns, and power loss where ``fsync`` is asked for. A last line without its end counts as
never written, which errs on the safe side for both kinds.

Whether the owner lives is told by a POSIX record lock, held for the life of the process and not
inherited by ``fork``. Beware: closing *any* descriptor of the file within the owning process
drops that lock, which is why ``abandoned`` never opens what this process owns.
"""

import errno
import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path

from workers.outbox import Outcome, Verdict

LETTERS = {
    Verdict.ACCEPTED: "a",
    Verdict.DEFERRED: "d",
    Verdict.FAILED: "f",
    Verdict.UNCERTAIN: "u",
    Verdict.UNTRIED: "n",
}
_VERDICTS = {letter.encode("ascii"): verdict for verdict, letter in LETTERS.items()}
_LINE = re.compile(rb"B (?P<begun>\d+)|S (?P<settled>\d+) ([adfun]) (\d+) (.*)")

_owned: dict[Path, tuple[int, int]] = {}
"""The journals whose locks this process holds: path -> (its pid, descriptor)."""


class Journal:
    """This process's journal. Not for several threads at once."""

    def __init__(self, path: Path, descriptor: int, *, fsync: bool) -> None:
        self.path = path
        self._descriptor = descriptor
        self._fsync = fsync
        self._size = os.fstat(descriptor).st_size
        self._in_flight: set[int] = set()

    @classmethod
    def open(cls, directory: Path, worker: str, *, fsync: bool = False) -> "Journal":
        """Open ``<directory>/<worker>.log`` and lock it for the life of this process.

        Raises BlockingIOError when a live process has it. What a dead namesake wrote is kept
        (``read`` it and settle it first), but for a torn last line.
        """
        directory.mkdir(parents=True, exist_ok=True)
        path = (directory / f"{worker}.log").resolve()
        descriptor = _locked(path, os.O_CREAT | os.O_APPEND)
        if descriptor is None:
            raise BlockingIOError(errno.EAGAIN, "a live process has this journal", str(path))
        os.ftruncate(descriptor, _content(descriptor).rfind(b"\n") + 1)
        return cls(path, descriptor, fsync=fsync)

    def begin(self, delivery: int) -> None:
        """Write down that this message's body comes next; OSError if that can't be done."""
        self._append(b"B %d\n" % delivery)
        self._in_flight.add(delivery)

    def settle(self, delivery: int, outcome: Outcome) -> None:
        """Write down what became of it; OSError if that can't be done.

        Even then it is no longer in flight: the caller knows the outcome, and commits it.
        """
        self._in_flight.discard(delivery)
        letter = LETTERS[outcome.verdict]
        reply = " ".join(outcome.text.split())
        line = f"S {delivery} {letter} {outcome.code} {reply}\n"
        self._append(line.encode("utf-8", "backslashreplace"))

    def truncate(self) -> bool:
        """Empty it, once all results so far are committed; False, not done, while any are due."""
        if self._in_flight:
            return False
        os.ftruncate(self._descriptor, 0)
        self._size = 0
        return True

    def close(self, *, remove: bool = False) -> None:
        """Let go of it; ``remove`` when all of it is committed and the process ends."""
        if remove:
            self.path.unlink(missing_ok=True)
        _release(self.path, self._descriptor)

    def _append(self, line: bytes) -> None:
        try:
            written = os.write(self._descriptor, line)
            if self._fsync and written == len(line):
                os.fdatasync(self._descriptor)
        except OSError:
            self._cut_back()
            raise
        if written != len(line):
            self._cut_back()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self._size += written

    def _cut_back(self) -> None:
        """Half a line must not become the beginning of the next one."""
        os.ftruncate(self._descriptor, self._size)


class Abandoned:
    """A journal whose owner is dead, locked by us so that nobody else settles it meanwhile."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.worker = path.stem
        self._descriptor = descriptor

    def read(self) -> dict[int, Outcome | None]:
        """See ``read``."""
        return _parsed(_content(self._descriptor))

    def discard(self) -> None:
        """Remove it, once all that it says is committed."""
        self.path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Leave it for another time."""
        _release(self.path, self._descriptor)


def abandoned(directory: Path) -> list[Abandoned]:
    """The journals in the directory whose owners are dead; end each by discard or release."""
    found = []
    for path in sorted(directory.resolve().glob("*.log")):
        with suppress(FileNotFoundError):
            descriptor = _locked(path)
            if descriptor is not None:
                found.append(Abandoned(path, descriptor))
    return found


def read(path: Path) -> dict[int, Outcome | None]:
    """What the journal says of each delivery: its last outcome, or None: begun, and no more."""
    path = path.resolve()
    pid, descriptor = _owned.get(path, (0, 0))
    return _parsed(_content(descriptor) if pid == os.getpid() else path.read_bytes())


def _parsed(content: bytes) -> dict[int, Outcome | None]:
    said: dict[int, Outcome | None] = {}
    for line in content.split(b"\n")[:-1]:
        found = _LINE.fullmatch(line)
        if found is None:
            continue  # zeroes, where a machine lost power without fsync
        if found["begun"]:
            said[int(found["begun"])] = None
        else:
            reply = found[5].decode("utf-8", "replace")
            said[int(found["settled"])] = Outcome(_VERDICTS[found[3]], int(found[4]), reply)
    return said


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _locked(path: Path, flags: int = 0) -> int | None:
    """A descriptor of the file, locked by this process; None while any process has the lock."""
    while _owned.get(path, (0, 0))[0] != os.getpid():
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                _owned[path] = (os.getpid(), descriptor)
                return descriptor
        except (BlockingIOError, PermissionError):  # POSIX leaves the choice between the two
            os.close(descriptor)
            return None
        except FileNotFoundError:
            pass
        os.close(descriptor)  # settled and removed by another process between open and lock
    return None


def _release(path: Path, descriptor: int) -> None:
    _owned.pop(path, None)
    os.close(descriptor)
