"""What became of a list: counts, examples, and a line for each row."""

import csv
import dataclasses
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO

from subscribers.importing.merge import Became, Outcome
from subscribers.importing.reading import SAMPLES, Look
from subscribers.importing.rows import Ban, Person
from subscribers.importing.services import EVERY
from subscribers.importing.table import Rejected, guarded, unguarded
from subscribers.imports import Import, ImportState

NAMED = 10_000
"""Rejected rows that are held by name; the report to download has all of them."""

SHOWN = 5
"""Rows that a summary shows: of one list; of each of several at least MOST_OF_EACH."""
MOST_OF_EACH, MOST_SHOWN = 2, 20

HEADER = ("file", "line", "address", "outcome", "why")


@dataclass
class Report:
    """What became of each row: every one read is in exactly one of the other counts."""

    format: str = "csv"
    read: int = 0
    created: int = 0
    updated: int = 0
    suppressed: int = 0  # the address is on the suppression list, since before or by this row
    unchanged: int = 0
    rejections: int = 0
    resumed_at: int = 0  # rows that an earlier run had done
    rejected: list[Rejected] = field(default_factory=list)  # the first NAMED
    passed_over: list[dict[str, str]] = field(default_factory=list)  # files beside the lists
    columns: list[dict[str, Any]] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)  # of standings new or changed
    stays_out: Counter[str] = field(default_factory=Counter)  # by reason
    first: list[dict[str, str]] = field(default_factory=list)  # some of each list
    of_each: int = SHOWN  # how many of one list ``first`` may hold

    @classmethod
    def of(cls, looks: Sequence[Look], job: Import | None) -> "Report":
        """A new one, or one that goes on from where the import stopped."""
        found = next(one for one in looks if not one.why)
        report = cls(format=found.format, columns=shown(looks))
        lists = sum(1 for one in looks if not one.why)
        report.of_each = max(MOST_OF_EACH, SHOWN // lists)
        report.passed_over = [{"file": one.file, "why": one.why} for one in looks if one.is_beside]
        if job:
            report.read = report.resumed_at = job.rows
            report.created, report.updated = job.created, job.updated
            report.suppressed, report.unchanged = job.suppressed, job.unchanged
            report.rejections = job.rejected
            if job.state == ImportState.CHECKING and job.rows:
                report.recall(job.found)
        return report

    def recall(self, found: Mapping[str, Any]) -> None:
        """What a check's earlier turns had found, as ``as_found`` kept it."""
        self.states, self.stays_out = Counter(found["states"]), Counter(found["stays_out"])
        self.first = found["first"]
        self.rejected = [Rejected(**one) for one in found["first_rejected"]]

    @property
    def status(self) -> int:
        """The exit status: 1 when part was rejected, 2 when all was (contract)."""
        if not self.rejections:
            return 0
        return 2 if self.rejections == self.read else 1

    @property
    def label(self) -> str:
        """Whose list it is, in words."""
        return EVERY[self.format].label

    def with_more(
        self, rows: Iterable[tuple[Person | Ban | Rejected, Became]], states: Mapping[str, int]
    ) -> "Report":
        """This one and these rows: a new one, for the rows may yet be taken back."""
        report = dataclasses.replace(
            self,
            rejected=[*self.rejected],
            states=self.states + Counter(states),
            stays_out=Counter(self.stays_out),
            first=[*self.first],
        )
        for row, became in rows:
            report.count(row, became)
        return report

    def count(self, row: Person | Ban | Rejected, became: Became) -> None:
        """One more row has its outcome."""
        self.read += 1
        if isinstance(row, Rejected):
            self.rejections += 1
            if len(self.rejected) < NAMED:
                self.rejected.append(row)
            return
        name = str(became.outcome)
        setattr(self, name, getattr(self, name) + 1)
        if became.outcome is Outcome.SUPPRESSED:
            self.stays_out[became.why] += 1
        if isinstance(row, Person) and not became.is_erased and self._may_show(row.file):
            self.first.append(_example(row, became))

    def _may_show(self, file: str) -> bool:
        of_it = sum(one["file"] == file for one in self.first)
        return of_it < self.of_each and len(self.first) < MOST_SHOWN

    def as_found(self) -> dict[str, Any]:
        """As an import's row keeps it, for the page."""
        return {
            "read": self.read,
            "created": self.created,
            "updated": self.updated,
            "suppressed": self.suppressed,
            "unchanged": self.unchanged,
            "rejected": self.rejections,
            "states": dict(self.states),
            "stays_out": dict(self.stays_out.most_common(20)),
            "first": self.first,
            "first_rejected": [one._asdict() for one in self.rejected[:SHOWN]],
        }


def shown(looks: Sequence[Look]) -> list[dict[str, Any]]:
    """Each column, what it is taken for, and what it holds in the first rows.

    The lists of an archive share most of their columns, and what somebody says of a column counts
    by its name: so each is told once, with its lists where only some of them have it.
    """
    told: dict[str, dict[str, Any]] = {}
    lists = 0
    for one in looks:
        if one.columns is None:
            continue
        lists += 1
        for name in dict.fromkeys(one.header):
            at = one.header.index(name)
            kind = one.columns.fields[at]
            new = {
                "name": name,
                "field": str(kind),
                "label": kind.label,
                "files": [],
                "samples": [],
            }
            column = told.setdefault(name, new)
            column["files"].append(one.file)
            column["samples"] += _samples(one, at)
    for column in told.values():
        column["files"] = ", ".join(column["files"]) if len(column["files"]) < lists else ""
        del column["samples"][SAMPLES:]
    return list(told.values())


def _samples(one: Look, at: int) -> list[str]:
    return [text for cells in one.samples if (text := "".join(cells[at : at + 1])[:80])]


def _example(row: Person, became: Became) -> dict[str, str]:
    some = islice(row.attributes.items(), 4)
    standing = row.standing.label if row.standing else ""
    return {
        "file": row.file,
        "email": row.email,
        "name": row.name,
        "standing": str(standing),
        "topics": ", ".join(row.topics),
        "tags": ", ".join(row.tags),
        "joined": row.joined.date().isoformat() if row.joined else "",
        "others": ", ".join(f"{name}: {text}"[:60] for name, text in some),
        "outcome": str(became.outcome.label),
    }


class Lines:
    """The row-by-row report: a CSV that no spreadsheet runs anything of."""

    def __init__(self, file: BinaryIO, kept: int = 0) -> None:
        """``kept``: how much of it an earlier run had written and told of."""
        file.seek(0, io.SEEK_END)
        self.file = file
        if kept and file.tell() >= kept:
            file.seek(kept)
            file.truncate()
        else:
            file.seek(0)
            file.truncate()
            self.write([HEADER])

    def write(self, rows: Sequence[Sequence[object]]) -> int:
        """Add these lines, safe from a crash of ours; how long it is now."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(
            [_on_one_line(guarded(str(one))) for one in row] for row in rows
        )
        self.file.write(text.getvalue().encode())
        self.file.flush()
        return self.file.tell()


def addresses_in(file: BinaryIO, kept: int) -> set[int]:
    """Hashes of the addresses in the rows that a report, as far as it is kept, told of and that
    weren't rejected."""
    file.seek(0)
    told = (line.decode() for line in file if file.tell() <= kept)
    return {hash(unguarded(row[2])) for row in csv.reader(told) if row[3] != Outcome.REJECTED}


def _on_one_line(text: str) -> str:
    """So that a line can be struck out by itself."""
    return text if text.isprintable() else text.replace("\r", " ").replace("\n", " ")


def lines(rows: Sequence[tuple[Person | Ban | Rejected, Became]]) -> list[Sequence[object]]:
    """The report's lines about these rows."""
    return [
        (
            row.file,
            row.line,
            "(erased)" if became.is_erased else row.email,
            became.outcome.value,
            became.why,
        )
        for row, became in rows
    ]
