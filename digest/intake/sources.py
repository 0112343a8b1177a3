"""What a person names on the command line: files, folders, standard input."""

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from digest.errors import Refused
from digest.intake.outcomes import shown

STDIN = "-"
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of bytes, and what to call it."""

    name: str
    path: Path | None = None  # None: standard input

    @contextlib.contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The bytes, as a buffered stream.  Raises OSError."""
        if self.path is None:
            yield sys.stdin.buffer
        else:
            with self.path.open("rb") as stream:
                yield stream


def find(names: Iterable[str]) -> list[Source]:
    """The sources behind the names, a folder's files in the order of their paths.

    Hidden files, and folders behind links, are passed over.  Raises Refused for a
    name behind which there is nothing to read, before anything is loaded.
    """
    return [source for name in names for source in _find(name)]


def _find(name: str) -> list[Source]:
    if name == STDIN:
        return [Source(STDIN)]
    if _ADDRESS.match(name):
        raise Refused(
            f"{shown(name)}: addresses and feeds are not yet read; nothing was loaded. "
            "Save the page and name the file"
        )
    path = Path(name)
    if path.is_dir():
        files = list(_files(path))
        if not files:
            raise Refused(f"There is no file in {shown(name)}; nothing was loaded.")
        return files
    if not path.exists():
        raise Refused(f"There is no {shown(name)}; nothing was loaded. Check its name")
    return [Source(name, path)]


def _files(folder: Path) -> Iterator[Source]:
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in names if not name.startswith(".")]
    for path in sorted(found):
        if path.is_file():  # neither a socket nor a pipe, which might never end
            yield Source(str(path), path)
