"""One ``digest up`` at a time in a DATA_DIR.

Two locks.  ``up.lock`` is handed on to every part by fork and so is held until the last
of them has ended; ``up.pid`` is the supervisor's own and let go when it begins to end.
Both held: it runs.  Only the first held: it is ending, and is worth waiting for.
"""

import fcntl
import os
import pwd
import time
from collections.abc import Callable
from pathlib import Path

from digest.errors import Unreachable

_PATIENCE = 60.0  # seconds for one that is ending; it gives its workers 40 itself


def take(directory: Path, say: Callable[[str], None]) -> tuple[int, int]:
    """Both locks of this directory as open files; waits for one that is ending.

    Raises Unreachable when another runs, or does not end in a minute.
    """
    directory.mkdir(parents=True, exist_ok=True)
    family = _open(directory / "up.lock")
    own = _open(directory / "up.pid")
    said = False
    until = time.monotonic() + _PATIENCE
    while not _lock(family):
        if not _lock(own, fcntl.LOCK_SH):  # shared: two that wait don't stand in each other's way
            raise Unreachable(
                f"Digest runs already in {directory} (process {_pid(own)}); nothing was started. "
                "Use that one, end it with Ctrl-C, or set another DATA_DIR."
            )
        fcntl.flock(own, fcntl.LOCK_UN)
        if time.monotonic() > until:
            raise Unreachable(
                f"The one before is still ending in {directory} and did not finish in a minute; "
                "nothing was started. Look at its log folder, end its processes, then try again."
            )
        if not said:
            say("Waiting for the one before to end")
            said = True
        time.sleep(0.05)
    fcntl.flock(own, fcntl.LOCK_EX)
    os.ftruncate(own, 0)
    os.pwrite(own, f"{os.getpid()}\n".encode(), 0)
    return family, own


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError:
        raise Unreachable(
            f"{path} can't be written by this user ({_name(os.geteuid())}); nothing was started. "
            f"Run it as whoever DATA_DIR belongs to ({_name(path.parent.stat().st_uid)}), or, as "
            f"root, give it to this one: chown -R {_name(os.geteuid())} {path.parent}"
        ) from None


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _lock(file: int, how: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid(file: int) -> str:
    return os.pread(file, 20, 0).decode("ascii", "replace").strip() or "unknown"
