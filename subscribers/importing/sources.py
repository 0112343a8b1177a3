"""What a file holds: one list, or an archive of several; or something that is no list at all.

An archive is read as it streams, and nothing of it is ever written under a name of its own.
"""

import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, BinaryIO

from digest.errors import Refused

_NOT_A_LIST = {
    b"\xd0\xcf\x11\xe0": "an Excel workbook; save its sheet as CSV",
    b"%PDF": "a PDF; export the list as CSV",
    b"\x1f\x8b": "packed with gzip; unpack it first",
    b"\x89PNG": "a picture, and names no email column; export the list as CSV",
    b"7z\xbc\xaf": "packed with 7-Zip; unpack it first, or pack it as ZIP",
    b"Rar!": "packed with RAR; unpack it first, or pack it as ZIP",
    b"SQLite format 3": "a database; export the list as CSV",
}
_LISTS = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson"}
_MOST_ENTRIES = 10_000
_LARGEST_DIRECTORY = 8_000_000
_LARGEST = 8_000_000_000
"""Bytes of one list, unpacked."""
_STEEPEST, _STEEP_FROM = 150, 20_000_000
"""How many times its packed size a list may be: names and addresses pack to a tenth."""


@dataclass(frozen=True)
class Source:
    """One list. ``name`` is its path in an archive, else empty."""

    name: str
    stream: BinaryIO


def sources(file: BinaryIO) -> Iterator[Source]:
    """Each list that the file holds. Refused where there is none, or none may be unpacked."""
    head = file.read(16)
    file.seek(0)
    for mark, what in _NOT_A_LIST.items():
        if head.startswith(mark):
            raise Refused(f"The file is {what}. Nothing was imported.")
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        yield Source("", file)
        return
    with _opened(file) as archive:
        for entry in _entries(archive):
            with _unpacked(archive, entry) as stream:
                yield Source(entry.filename, stream)  # type: ignore[arg-type]  # it reads bytes


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    _refuse_a_huge_directory(file)
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise Refused(
            "The ZIP file is damaged or cut off; nothing was imported. Fetch it once more."
        ) from None


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return archive.open(entry)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError):
        raise Refused(
            f"{entry.filename[:80]!r} in the ZIP file is damaged; nothing was imported. Fetch it "
            "once more."
        ) from None


def _refuse_a_huge_directory(file: BinaryIO) -> None:
    """Its list of entries is read into memory whole, so its size is looked at first."""
    end = file.seek(0, 2)
    file.seek(max(0, end - 66_000))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        return  # ZipFile says so in its own way
    entries, size = struct.unpack("<HI", tail[at + 10 : at + 16])
    if entries > _MOST_ENTRIES or size > _LARGEST_DIRECTORY:
        raise Refused(
            f"The ZIP file has more than {_MOST_ENTRIES:,} entries; nothing was imported. "
            "Pack the lists alone."
        )


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The lists in it; Refused where one can't be trusted, or it is no archive of lists."""
    entries = [one for one in archive.infolist() if not one.is_dir()]
    names = {one.filename for one in entries}
    if "xl/workbook.xml" in names or "content.xml" in names:
        raise Refused("The file is a workbook; save its sheet as CSV. Nothing was imported.")
    for one in entries:
        _refuse_odd_path(one)
    kinds = {one.filename: PurePosixPath(one.filename).suffix.lower() for one in entries}
    found = [one for one in entries if kinds[one.filename] in _LISTS and not _is_chaff(one)]
    if not found:
        inner = " It holds other archives; unpack it first." if ".zip" in kinds.values() else ""
        raise Refused(f"The ZIP file holds no CSV; nothing was imported.{inner}")
    for one in found:
        _refuse_unfit(one)
    return found


def _is_chaff(entry: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(entry.filename)
    return path.parts[0] == "__MACOSX" or path.name.startswith(".")


def _refuse_odd_path(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename.replace("\\", "/")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or name[1:2] == ":":
        raise Refused(
            f"The ZIP file has an entry {name[:80]!r} that points outside of it; nothing was "
            "imported. Pack the lists anew."
        )


def _refuse_unfit(entry: zipfile.ZipInfo) -> None:
    why = ""
    if entry.flag_bits & 0x1:
        why = "is encrypted. Unpack it first"
    elif entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        why = "is packed in a way that can't be read. Pack it as a plain ZIP"
    elif entry.file_size > _LARGEST or (
        entry.file_size > _STEEP_FROM and entry.file_size > _STEEPEST * entry.compress_size
    ):
        why = f"would unpack to {entry.file_size:,} bytes. Unpack it first, if it is a list"
    if why:
        raise Refused(f"{entry.filename[:80]!r} in the ZIP file {why}. Nothing was imported.")
