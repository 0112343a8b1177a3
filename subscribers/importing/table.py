"""A CSV file as rows with their line numbers, however it was written.

The delimiter, a byte order mark and UTF-16 are found out; a row that can't be read is named
and the next one tried. Nothing is held but the row at hand.
"""

import codecs
import contextlib
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from digest.errors import Refused

LONGEST_LINE = 1_000_000
"""Characters in a line: far more than any list has, and little memory."""

_DELIMITERS = ",;\t|"
_UNDECODED = re.compile(r"[\udc80-\udcff]")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")  # what a spreadsheet runs, or our guard before it


class Row(NamedTuple):
    """One line of the list; as many cells as the header has."""

    line: int
    cells: list[str]


class Rejected(NamedTuple):
    """A line that was not taken, and why."""

    line: int
    why: str


@dataclass(frozen=True)
class Table:
    """A header, and the rows beneath it as they come."""

    header: list[str]
    rows: Iterator[Row | Rejected]


class _TooLong(Exception):
    """A line is longer than LONGEST_LINE; what follows can't be told from it."""


def read(file: BinaryIO) -> Table:
    """The file's header and rows; Refused where it holds no table with an email column."""
    lines = _lines(file)
    above, first = 0, ""
    try:
        while not first.strip():
            first = next(lines)
            above += 1
    except StopIteration:
        raise Refused("The file is empty; nothing was imported.") from None
    except _TooLong:
        raise Refused("The file has no lines of text; nothing was imported.") from None
    delimiter, header = _header(first)
    return Table([cell(name) for name in header], _rows(lines, delimiter, len(header), above))


def cell(text: str) -> str:
    """A cell's text, without the apostrophe that guards a spreadsheet against formulas."""
    guards = text.startswith("'") and _FORMULA.match(text)
    return (text[1:] if guards else text).strip()


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula; ``cell`` undoes it."""
    return f"'{text}" if _FORMULA.match(text) else text


def _lines(file: BinaryIO) -> Iterator[str]:
    buffered = io.BufferedReader(file)  # type: ignore[type-var]  # any binary file will do
    head = buffered.peek(4)
    # Bytes that are no UTF-8 come through as marks, so that only their rows are rejected.
    encoding, errors = "utf-8-sig", "surrogateescape"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, errors = "utf-16", "replace"
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


def _header(line: str) -> tuple[str, list[str]]:
    """(delimiter, names): the delimiter by which the line falls into most columns."""
    found = []
    for delimiter in _DELIMITERS:
        try:
            names = next(csv.reader([line], delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        found.append((delimiter, names))
    if not found:
        raise Refused("The first line can't be read as a header; nothing was imported.")
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
        except csv.Error as problem:
            last = above + reader.line_num
            upto = f" It and the lines up to {last} were left out." if last > line else ""
            yield Rejected(line, f"no CSV ({problem}); is a quote left open?{upto}")
            continue
        if not any(cells):
            continue
        if len(cells) != width:
            yield Rejected(line, f"has {len(cells)} cells where the header has {width}.")
        elif any(_UNDECODED.search(text) for text in cells):
            yield Rejected(line, "is not UTF-8; save the list as CSV in UTF-8.")
        else:
            yield Row(line, cells)
