"""Ends what the supervisor started when the supervisor itself was killed.

Runs alone, on the standard library only, and outlives everything: it reads its standard
input, whose other end the supervisor alone holds.  One line per change:

    + RANK GRACE PID    this process leads a process group; end it, GRACE seconds each
    - PID               it has ended
    d PATH              a directory to remove at the end

When the input ends it asks the processes to end, the lowest rank first, so that the
workers can finish what they send while the mailbox and the broker are still there, and
kills the groups of those that take longer than their grace.
"""

import os
import shutil
import signal
import sys
import time


def main() -> None:
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(one, signal.SIG_IGN)
    left: dict[int, tuple[int, float]] = {}
    directories: list[str] = []
    for line in sys.stdin:
        kind, *words = line.rstrip("\n").split(" ", 3)
        if kind == "+":
            left[int(words[2])] = (int(words[0]), float(words[1]))
        elif kind == "-":
            left.pop(int(words[0]), None)
        elif kind == "d":
            directories.append(" ".join(words))
    for rank in sorted({rank for rank, _ in left.values()}):
        end({pid: grace for pid, (of, grace) in left.items() if of == rank})
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


def end(graces: dict[int, float]) -> None:
    """Ask these processes to end, wait, then kill their groups."""
    begun = time.monotonic()
    for pid in graces:
        send(os.kill, pid, signal.SIGTERM)
    while late := [pid for pid in graces if send(os.kill, pid, 0)]:
        waited = time.monotonic() - begun
        if all(waited > graces[pid] for pid in late):
            break
        time.sleep(0.05)
    for pid in graces:  # those that ended may have left children in their group
        send(os.killpg, pid, signal.SIGKILL)


def send(how, pid: int, number: int) -> bool:  # type: ignore[no-untyped-def]  # kill or killpg
    try:
        how(pid, number)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
