"""A CSV file as rows with their line numbers, however it was written.

Delimiter, byte order mark, UTF-16 and Windows-1252 are found out by what the file holds; a row
that can't be read is named and the next one tried. Nothing is held but the row at hand.
"""

import codecs
import contextlib
import csv
import io
import itertools
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from digest.errors import Refused
from subscribers.importing.services import EMAIL_NAMES, plain

LONGEST_LINE = 1_000_000
"""Characters in a line: far more than any list has, and little memory."""

_DELIMITERS = ",;\t|"
_TOP = 10
"""Lines among which the header is looked for: programs put a title above it."""

_LOOKED_AT = 256 * 1024
"""Bytes from which the encoding is told."""

_UNDECODED = re.compile(r"[\udc80-\udcff]")
_UNICODE = re.compile(r"[^\x00-\x7f\udc80-\udcff]")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")  # what a spreadsheet runs, or our guard before it
_ADDRESS = re.compile(r"[^\s@\"<>]+@[^\s@\"<>]+\.[^\s@\"<>]+")
_SEPARATOR = re.compile(r'"?sep=([,;\t|])"?', re.IGNORECASE)


DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError)
"""What reading a list out of a broken archive may raise, at any place of it."""


class Row(NamedTuple):
    """One line of the list; no more cells than the header has."""

    line: int
    cells: list[str]


class Rejected(NamedTuple):
    """A line that was not taken, and why; ``file`` tells the lists of an archive apart."""

    line: int
    why: str
    file: str = ""
    email: str = ""


@dataclass(frozen=True)
class Table:
    """A header, and the rows beneath it as they come."""

    header: list[str]
    rows: Iterator[Row | Rejected]
    address_at: int | None = None  # the column in which an address was seen
    headless: bool = False  # the first line was somebody, and the names are ours


class _TooLong(Exception):
    """A line is longer than LONGEST_LINE; what follows can't be told from it."""


def read(file: BinaryIO) -> Table:
    """The file's header and rows; Refused where it holds no table."""
    lines = _lines(file)
    try:
        top, delimiter = _top(lines)
    except (_TooLong, *DAMAGED):
        raise Refused("The file has no lines of text; nothing was imported.") from None
    if not top:
        raise Refused("The file is empty; nothing was imported.")
    if not any(line.cells for line in top):
        raise Refused("The first line can't be read as a header; nothing was imported.")
    at, address_at = _header_of(top)
    found = top[max(at, 0)]
    rest = itertools.chain((line.text for line in top[at + 1 :]), lines)
    above = top[at].number if at >= 0 else top[0].number - 1
    rows = _rows(rest, delimiter or found.delimiter, len(found.cells), above)
    if at < 0:
        return Table(_names(found.cells), rows, address_at, headless=True)
    return Table([cell(name) for name in found.cells], rows, address_at)


class _Line(NamedTuple):
    number: int
    text: str
    delimiter: str
    cells: list[str]

    def address_at(self) -> int | None:
        """Where an address stands."""
        found = (i for i, text in enumerate(self.cells) if _ADDRESS.fullmatch(text.strip()))
        return next(found, None)


def _top(lines: Iterator[str]) -> tuple[list[_Line], str]:
    """The first lines, from the first that says anything; and Excel's own word on the delimiter."""
    top: list[_Line] = []
    delimiter = ""
    for number, text in enumerate(lines, 1):
        if said := _SEPARATOR.fullmatch(text.strip("\r\n")):
            delimiter = said[1]
        elif top or text.strip():
            top.append(_Line(number, text, *_split(text, delimiter or _DELIMITERS)))
            is_header = any(plain(name) in EMAIL_NAMES for name in top[-1].cells)
            if is_header or top[-1].address_at() is not None or len(top) == _TOP:
                break
    return top, delimiter


def _header_of(top: list[_Line]) -> tuple[int, int | None]:
    """(which line is the header, where addresses stand); -1 where there is none.

    Above it a title may stand. Where no name says what it is, an address beneath it does; then
    the line above is the header if it has as many cells.
    """
    last = len(top) - 1
    address_at = top[last].address_at()
    names = enumerate(top[last].cells)
    named_at = next((i for i, name in names if plain(name) in EMAIL_NAMES), None)
    # A column behind "email" may be called like an address.
    if address_at is None or (named_at is not None and named_at < address_at):
        return (0 if named_at is None else last), None
    if last and len(top[last - 1].cells) == len(top[last].cells) and top[last - 1].text.strip():
        return last - 1, address_at
    del top[:last]
    return -1, address_at


def cell(text: str) -> str:
    """A cell's text, without the apostrophe that guards a spreadsheet against formulas."""
    return unguarded(text).strip()


def unguarded(text: str) -> str:
    """The text as it was before ``guarded``."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula; ``unguarded`` undoes it."""
    return f"'{text}" if _FORMULA.match(text) else text


def _names(cells: list[str]) -> list[str]:
    """Names for the columns of a list that has no header: who looks like an address is one."""
    at = next(i for i, text in enumerate(cells) if _ADDRESS.fullmatch(text.strip()))
    others = ["name"] if len(cells) == 2 else [f"column {i + 1}" for i in range(len(cells))]
    return ["email" if i == at else others[i % len(others)] for i in range(len(cells))]


def _lines(file: BinaryIO) -> Iterator[str]:
    buffered = io.BufferedReader(file, _LOOKED_AT)  # type: ignore[type-var]  # any binary file
    encoding = _encoding(buffered.peek(_LOOKED_AT)[:_LOOKED_AT])
    # Bytes that can't be read come through as marks, so that only their rows are rejected.
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    text = io.TextIOWrapper(buffered, encoding, errors, newline="")
    try:
        while line := text.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise _TooLong
            yield line
    finally:
        # The file is the caller's to close.
        with contextlib.suppress(ValueError):  # where they have closed it already
            text.detach()
            buffered.detach()


def _encoding(head: bytes) -> str:
    """What the file is written in. No valid sequence of UTF-8 and some invalid: Windows-1252."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) > 3 and not any(head[1:200:2]) and all(head[0:200:2]):
        return "utf-16-le"  # ASCII without a mark
    text = head.decode("utf-8", "surrogateescape")
    cut = _UNDECODED.search(text, max(0, len(text) - 3))  # perhaps the half of a character
    invalid = _UNDECODED.search(text, 0, cut.start() if cut else len(text))
    return "cp1252" if invalid and not _UNICODE.search(text) else "utf-8-sig"


def _split(line: str, delimiters: str) -> tuple[str, list[str]]:
    """(delimiter, cells): the delimiter by which the line falls into most cells."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for delimiter in delimiters:
        with contextlib.suppress(csv.Error):
            found.append((delimiter, next(csv.reader([line], delimiter=delimiter, strict=True))))
    return max(found, key=lambda pair: len(pair[1]))


def _rows(lines: Iterator[str], delimiter: str, width: int, above: int) -> Iterator[Row | Rejected]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = above + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _TooLong:
            yield Rejected(line, f"longer than {LONGEST_LINE:,} characters; reading stopped here.")
            return
        except DAMAGED:
            yield Rejected(line, "the archive is damaged here; reading stopped.")
            return
        except csv.Error as problem:
            last = above + reader.line_num
            upto = f" It and the lines up to {last} were left out." if last > line else ""
            yield Rejected(line, f"no CSV ({problem}); is a quote left open?{upto}")
            continue
        if not any(cells):
            continue
        if len(cells) > width and not any(cells[width:]):
            del cells[width:]  # spreadsheets leave empty ones at the end
        if len(cells) > width:
            yield Rejected(line, f"has {len(cells)} cells where the header has {width}.")
            continue
        joined = "".join(cells)
        if joined.isascii() or not _UNDECODED.search(joined):
            yield Row(line, cells)
        else:
            yield _recovered(line, cells, joined)


def _recovered(line: int, cells: list[str], joined: str) -> Row | Rejected:
    """A row with bytes that aren't UTF-8: Windows-1252, unless other characters of it are."""
    if not _UNICODE.search(joined):
        with contextlib.suppress(UnicodeDecodeError):
            raw = (text.encode("ascii", "surrogateescape") for text in cells)
            return Row(line, [text.decode("cp1252") for text in raw])
    return Rejected(line, "is not UTF-8; save the list as CSV in UTF-8.")
