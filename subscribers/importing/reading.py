"""A file as people: its lists are looked at first, then read row by row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, BinaryIO

from digest.errors import Refused
from subscribers import people_json
from subscribers.importing import columns as naming
from subscribers.importing import table
from subscribers.importing.columns import Columns
from subscribers.importing.rows import Ban, Person, Reader
from subscribers.importing.services import CSV, DIGEST, EVERY, MEDIUM, OUT, Field
from subscribers.importing.sources import Source, sources
from subscribers.importing.table import Rejected, Row

SAMPLES = 3
"""Rows of which a person is shown the values, to tell what a column holds."""


@dataclass(frozen=True)
class Wanted:
    """What somebody wants of an import."""

    topics: Sequence[str] = ()  # slugs, for the rows that name none
    consent: str = ""  # how and when the people in rows without a state agreed
    format: str = ""  # a service's name; empty: found by the content
    columns: Mapping[str, str] = field(default_factory=dict)  # name -> what it holds
    stands: str = ""  # of services.OUT: how everybody in it stands, whatever its rows say

    def as_json(self) -> dict[str, Any]:
        """As an import's row keeps it."""
        return {
            "topics": list(self.topics),
            "consent": self.consent,
            "format": self.format,
            "columns": dict(self.columns),
            "stands": self.stands,
        }


@dataclass(frozen=True)
class Look:
    """What one list of the file is."""

    file: str
    format: str = ""
    header: Sequence[str] = ()
    columns: Columns | None = None
    samples: Sequence[Sequence[str]] = ()
    is_json: bool = False
    why: str = ""  # it can't be read as a list of people: why not
    is_beside: bool = False  # it is no list at all: something else that an archive holds

    @property
    def names_topics(self) -> bool:
        """Whether its rows may say what they are about."""
        return self.is_json or bool(self.columns and self.columns.places(Field.TOPICS))

    def opened(
        self, source: Source
    ) -> tuple[Iterator[Row | Rejected], Callable[[Row], Person | Ban]]:
        """Its rows, and what makes a person of one."""
        if self.is_json:
            return people_json.rows(source.stream), people_json.person
        if self.columns is None:
            broken = Rejected(1, f"This file was passed over. {self.why}", source.name)
            return iter([] if self.is_beside else [broken]), people_json.person
        return table.read(source.stream).rows, Reader(self.columns, source.name).person


def look(file: BinaryIO, name: str, wanted: Wanted) -> list[Look]:
    """What each list of the file is, by its header and first rows; Refused where none is one."""
    if wanted.format and wanted.format not in EVERY:
        raise Refused(f"There is no format {wanted.format!r}. Known: {', '.join(EVERY)}.")
    if wanted.stands and wanted.stands not in OUT:
        raise Refused(f"Nobody can stand as {wanted.stands!r}. Known: {', '.join(OUT)}.")
    looks = [_look(source, name, wanted) for source in sources(file)]
    if all(one.why for one in looks):
        where = f"{looks[0].file}: " if looks[0].file else ""
        raise Refused(where + looks[0].why)
    looks = [_told_apart(one, looks, wanted) for one in looks]
    headers = [one.header for one in looks]
    for column in wanted.columns:
        if all(naming.unknown({column: ""}, header) for header in headers):
            known = ", ".join(repr(one) for header in headers for one in header)[:300]
            raise Refused(
                f"The list has no column {column!r}; nothing was imported. It has: {known}."
            )
    return looks


def _told_apart(one: Look, looks: Sequence[Look], wanted: Wanted) -> Look:
    """Beside a service's own lists in an archive any other is no list of subscribers: who opened
    a mail long ago may have left since."""
    known = {other.format for other in looks} - {CSV.name, MEDIUM.name, ""}
    if one.is_beside:
        return replace(one, why="Its first line names no email column.")
    if not known or wanted.format or one.why or one.format in known:
        return one
    why = "It isn't among the lists of subscribers that this archive holds."
    return Look(one.file, header=one.header, why=why, is_beside=True)


def _look(source: Source, name: str, wanted: Wanted) -> Look:
    header: Sequence[str] = ()
    try:
        if people_json.is_one(source.stream):
            why = "Its rows say how each stands; nothing was imported." if wanted.stands else ""
            return Look(source.name, DIGEST.name, is_json=not why, why=why)
        found = table.read(source.stream)
        header = found.header
        said = {
            column: what
            for column, what in wanted.columns.items()
            if not naming.unknown({column: ""}, header)
        }
        columns = naming.columns(found, file=source.name or name, service=wanted.format, said=said)
        columns = replace(columns, out=OUT.get(wanted.stands))
        rows = [row.cells for row in islice(found.rows, SAMPLES) if isinstance(row, Row)]
    except Refused as problem:
        beside = isinstance(problem, naming.NoAddresses)
        return Look(source.name, header=header, why=str(problem), is_beside=beside)
    except table.DAMAGED:
        return Look(source.name, header=header, why="It is damaged; nothing was imported.")
    return Look(source.name, columns.service.name, header, columns, rows)


def people(
    file: BinaryIO, looks: Sequence[Look], wanted: Wanted, topics: Mapping[str, int], skip: int
) -> Iterator[Person | Ban | Rejected]:
    """Each row's person, or why it has none; without the first ``skip`` rows."""
    known = {one.file: one for one in looks}
    file.seek(0)
    for source in sources(file):
        rows, judge = known[source.name].opened(source)
        for row in rows:
            if skip:
                skip -= 1
            elif isinstance(row, Rejected):
                yield row._replace(file=source.name)
            else:
                yield _judged(row, judge, source.name, wanted, topics)


def _judged(
    row: Row,
    judge: Callable[[Row], Person | Ban],
    file: str,
    wanted: Wanted,
    topics: Mapping[str, int],
) -> Person | Ban | Rejected:
    try:
        person = judge(row)
    except Refused as problem:
        return Rejected(row.line, str(problem), file, _address(row))
    if isinstance(person, Person):
        if not person.topics:
            person.topics = wanted.topics
        for one in (person, *person.more):
            for slug in one.topics:
                if slug not in topics:
                    return Rejected(row.line, f"there is no topic {slug!r}.", file, person.email)
    return person


def _address(row: Row) -> str:
    """Whom the row seems to be about, to find it by in a report."""
    found = next((text for text in row.cells if "@" in text), row.cells[0])
    return "".join(c if c.isprintable() else "?" for c in found[:254])
