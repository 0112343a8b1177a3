"""What a family of processes takes of this machine: memory and CPU, by its parts.  Linux alone.

Memory is PSS: what several processes share counts once, divided among them. So the sum over a
family is what would be free again without it.
"""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.signup import cpu

BY_COMMAND = {b"digest.rendering.worker": "renderers", b"guard.py": "guard"}


@dataclass(frozen=True)
class Footprint:
    """At one moment: megabytes and seconds of CPU by part, and how many processes each has."""

    memory: Counter[str]
    cpu: Counter[str]
    processes: Counter[str]

    @property
    def megabytes(self) -> float:
        return sum(self.memory.values())

    @property
    def seconds(self) -> float:
        return sum(self.cpu.values())


def footprint(root: int) -> Footprint:
    """Of this process and all below it."""
    found = Footprint(Counter(), Counter(), Counter())
    for pid, seconds in cpu(root).items():
        with contextlib.suppress(OSError):  # it has ended
            part = "supervisor" if pid == root else _part(pid)
            found.memory.update({part: _megabytes(pid)})  # type: ignore[dict-item]  # of floats
            found.cpu.update({part: seconds})  # type: ignore[dict-item]
            found.processes[part] += 1
    return found


def _part(pid: int) -> str:
    """By the log that it writes to, which it has from the part that started it."""
    place = Path(f"/proc/{pid}")
    command = place.joinpath("cmdline").read_bytes()
    named = next((name for word, name in BY_COMMAND.items() if word in command), "")
    return named or place.joinpath("fd/2").resolve().stem


def _megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


@dataclass
class Peak:
    """The largest footprint that was seen."""

    largest: Footprint = field(default_factory=lambda: Footprint(Counter(), Counter(), Counter()))

    def look(self, root: int) -> None:
        now = footprint(root)
        if now.megabytes > self.largest.megabytes:
            self.largest = now


@contextlib.contextmanager
def watched(root: int, every: float = 1.0) -> Iterator[Peak]:
    """The peak of a family while the block runs."""
    peak, over = Peak(), threading.Event()

    def watch() -> None:
        peak.look(root)
        while not over.wait(every):
            peak.look(root)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()
