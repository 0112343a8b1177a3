"""The file of a backup: a zip of tables, files, and a manifest that says what is in it.

Any program opens it. It is written in one go, so that it can go through a pipe; the manifest comes
last, and nothing is a backup without one. What each part says is held against its checksum.
"""

import hashlib
import lzma
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BufferedReader
from typing import IO, BinaryIO, Protocol, cast
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from pydantic import AwareDatetime, BaseModel, ValidationError

from digest.errors import Refused
from workers.backup.tables import Column, Kind, Table

FORMAT = 1
"""Raised when an older program could not read what a newer one writes."""

_MANIFEST = "manifest.json"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_AT_ONCE = 256 * 1024

_LONGEST = 20_000_000
"""Octets of a manifest, which is read at once: thousands of lists on their way in have room."""

_UNREADABLE = (
    BadZipFile, KeyError, EOFError, zlib.error, lzma.LZMAError, OSError, ValueError,
    RuntimeError,  # a flipped bit has it encrypted, or packed in a way that nobody knows
)  # fmt: skip
"""What a damaged zip may raise, wherever it is damaged."""


class Part(BaseModel):
    """What a member of the zip holds. ``rows``: its lines, in a table."""

    size: int = 0
    rows: int = 0
    sha256: str = ""


class TablePart(Part):
    """A table's rows: ``columns`` are names and kinds, in the order of a line's values."""

    key: str
    columns: list[tuple[str, Kind]]

    def table(self, name: str) -> Table:
        return Table(name, self.key, tuple(Column(*one) for one in self.columns))


class FilePart(Part):
    """A file; ``path`` says where it was, if not in DATA_DIR."""

    path: str = ""


class Manifest(BaseModel):
    """What is in a backup, and of what it was made."""

    format: int
    program: str  # the version that wrote it
    database: str  # sqlite or postgresql
    taken_at: AwareDatetime
    installation: str  # Pulse.database: which of all databases
    key_fingerprint: str  # of the SECRET_KEY in it
    migrations: list[tuple[str, str]]
    tables: dict[str, TablePart]
    files: dict[str, FilePart]

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.tables.values())


def table_member(name: str) -> str:
    return f"tables/{name}.tsv"


class Out(Protocol):
    """What a backup is written to."""

    def write(self, block: bytes, /) -> int: ...

    def flush(self) -> None: ...


class Writer:
    """Writes parts one after the other, then the manifest. For a ``with``: left by an error it
    ends without a manifest, and is no backup."""

    def __init__(self, to: Out) -> None:
        self._zip = ZipFile(cast("BinaryIO", to), "w", ZIP_DEFLATED, compresslevel=1)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, ValueError):  # what broke it off is told already
            self._zip.close()

    def write(self, member: str, blocks: Iterable[bytes], part: Part) -> None:
        """Write a member, and into ``part`` what was written."""
        seen = hashlib.sha256()
        with self._zip.open(member, "w", force_zip64=True) as file:
            for block in _gathered(blocks):
                file.write(block)
                seen.update(block)
                part.size += len(block)
                part.rows += block.count(b"\n")
        part.sha256 = seen.hexdigest()

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, and the end."""
        self._zip.writestr(_MANIFEST, manifest.model_dump_json(indent=1))
        self._zip.close()


def _gathered(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same in larger pieces: a row at a time would cost more than to compress it."""
    waiting, size = [], 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        if size >= _AT_ONCE:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


class Archive:
    """A backup that is read. Raises Refused for a file that is none, or one of a newer program."""

    def __init__(self, file: BinaryIO, called: str) -> None:
        self.called = called
        try:
            self._zip = ZipFile(file)
            if self._zip.getinfo(_MANIFEST).file_size > _LONGEST:
                raise ValueError(_MANIFEST)
            self.manifest = _read(self._zip.read(_MANIFEST))
        except _UNREADABLE:
            raise Refused(
                f"{called} is no backup of Digest, or was cut off; nothing was changed. "
                "Name a file that digest backup wrote."
            ) from None
        if self.manifest.format > FORMAT:
            raise Refused(
                f"{called} was written by a newer version ({self.manifest.program}); nothing was "
                "changed. Install that version, then restore."
            )

    def verify(self) -> None:
        """Read all of it once; Refused where a part is not as it was written."""
        for member, part in self._members():
            seen = hashlib.sha256()
            try:
                with self._zip.open(member) as file:
                    while block := file.read(1 << 20):
                        seen.update(block)
            except _UNREADABLE:
                seen = hashlib.sha256(b"unreadable")
            if seen.hexdigest() != part.sha256:
                raise Refused(
                    f"{self.called} is damaged (in {member}); nothing was changed. "
                    "Restore another backup, or copy this one anew from where it was kept."
                )

    def open(self, member: str) -> IO[bytes]:
        return self._zip.open(member)

    def blocks(self, table: str) -> Iterator[bytes]:
        """A table's lines, in pieces."""
        with self._zip.open(table_member(table)) as file:
            while block := file.read(_AT_ONCE):
                yield block

    def _members(self) -> Iterator[tuple[str, Part]]:
        for name, table in self.manifest.tables.items():
            yield table_member(name), table
        yield from self.manifest.files.items()


def _read(text: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as problem:
        raise ValueError from problem
    for name, part in manifest.tables.items():
        for one in (name, part.key, *(column for column, _ in part.columns)):
            if not _NAME.fullmatch(one):  # it becomes part of a statement
                raise ValueError(one)
    return manifest


def is_backup(file: BufferedReader) -> bool:
    """Whether it is one of ours, whole or not worth keeping: a file that somebody just made."""
    if not file.peek(1):
        return True
    try:
        Archive(file, "")
    except Refused:
        return False
    return True
