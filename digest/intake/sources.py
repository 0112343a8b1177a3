"""What a person names on the command line: files, folders, standard input, addresses."""

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from digest.errors import Refused
from digest.intake.fetch import NotFetched, fetch
from digest.intake.outcomes import shown

STDIN = "-"
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Opened:
    """A source's bytes, and what is known of them beside their content."""

    stream: BinaryIO
    content_type: str = ""
    base: str = ""
    """The address that they came from: what their links are relative to."""


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of bytes, and what to call it."""

    name: str
    path: Path | None = None  # None: standard input, or an address
    url: str = ""

    @contextlib.contextmanager
    def opened(self) -> Iterator[Opened]:
        """The bytes, as a buffered stream.  Raises OSError and NotFetched."""
        if self.url:
            yield _fetched(self.url)
        elif self.path is None:
            yield Opened(sys.stdin.buffer)
        else:
            with self.path.open("rb") as stream:
                yield Opened(stream)


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
        return [Source(name, url=name)]
    path = Path(name)
    if path.is_dir():
        files = list(_files(path))
        if not files:
            raise Refused(f"There is no file in {shown(name)}; nothing was loaded.")
        return files
    if not path.exists():
        raise Refused(f"There is no {shown(name)}; nothing was loaded. Check its name")
    return [Source(name, path)]


def _fetched(url: str) -> Opened:
    """What an address answers, asked once by a person: robots.txt is for who comes by itself."""
    answer = fetch(url)
    if answer.status != 200:
        raise NotFetched(f"answered {answer.status}")
    return Opened(io.BytesIO(answer.body), answer.headers.get("content-type", ""), answer.url)


def _files(folder: Path) -> Iterator[Source]:
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in names if not name.startswith(".")]
    for path in sorted(found):
        if path.is_file():  # neither a socket nor a pipe, which might never end
            yield Source(str(path), path)
