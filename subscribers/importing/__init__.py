"""Lists of people in: ``table`` reads the file, ``rows`` judges each row, ``merge`` writes."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone

from digest import updates
from digest.errors import Refused
from digest.models import Topic, audit
from subscribers import planner
from subscribers.importing import merge, table
from subscribers.importing.rows import Columns, Person
from subscribers.importing.table import Rejected
from subscribers.models import SubscriptionState
from subscribers.signup import consent as consent_record

BATCH = 1_000
"""Rows in one transaction."""


@dataclass
class Report:
    """What became of each row: every one read is in exactly one of the other counts."""

    format: str = "csv"
    read: int = 0
    created: int = 0
    updated: int = 0
    suppressed: int = 0  # the address is on the suppression list, since before or by this row
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The exit status: 1 when part was rejected, 2 when all was (contract)."""
        if not self.rejected:
            return 0
        return 2 if len(self.rejected) == self.read else 1


def load(
    file: BinaryIO,
    name: str,
    *,
    topics: Sequence[str] = (),
    consent: str = "",
    dry_run: bool = False,
    by: str = "command line",
) -> Report:
    """Import a CSV list; ``name`` is what the file is called in what is kept about it.

    ``topics``: slugs for the rows that name none. ``consent``: how and when the people in rows
    without a state agreed; without it these are pending, and not mailed. A dry run does it all
    and takes it back. Raises Refused where the file can't be used at all, NotFound for an
    unknown topic; then nothing was changed.
    """
    given = [updates.topic(slug).slug for slug in topics]
    sheet = table.read(file)
    columns = Columns.of(sheet.header)
    if not given and "topics" not in columns.places:
        known = ", ".join(Topic.objects.values_list("slug", flat=True)[:10])
        raise Refused(
            "The list has no topics column; nothing was imported. Name the topic that these "
            f"people subscribe to: --topic SLUG. Topics are: {known or 'none yet'}."
        )
    terms = _terms(name, consent.strip(), columns, timezone.now())
    report = Report()
    rows = _people(sheet.rows, columns, given, terms, report)
    if not dry_run:
        _write(rows, terms, report)
        planner.learn()
        audit(by, "imported subscribers", name, created=report.created, updated=report.updated)
        return report
    with transaction.atomic():
        _write(rows, terms, report)
        transaction.set_rollback(True)
    return report


def _terms(name: str, consent: str, columns: Columns, now: dt.datetime) -> merge.Terms:
    agreed = consent or "the list says they are subscribed"
    return merge.Terms(
        topics=dict(Topic.objects.values_list("slug", "id")),
        stateless=SubscriptionState.CONFIRMED if consent else SubscriptionState.PENDING,
        consent=consent_record(agreed, f"import of {name}", now),
        left_why=f"import of {name}",
        source="" if "source" in columns.places else "import",
        now=now,
    )


def _people(
    rows: Iterable[table.Row | Rejected],
    columns: Columns,
    given: Sequence[str],
    terms: merge.Terms,
    report: Report,
) -> Iterator[Person]:
    """The people of the rows; what can't be one goes to the report."""
    for row in rows:
        report.read += 1
        if isinstance(row, Rejected):
            report.rejected.append(row)
            continue
        try:
            person = columns.person(row.line, row.cells)
        except Refused as problem:
            report.rejected.append(Rejected(row.line, str(problem)))
            continue
        person.topics = person.topics or given
        if unknown := [slug for slug in person.topics if slug not in terms.topics]:
            report.rejected.append(Rejected(row.line, f"there is no topic {unknown[0]!r}."))
        else:
            yield person


def _write(people: Iterator[Person], terms: merge.Terms, report: Report) -> None:
    batch: list[Person] = []
    for person in people:
        batch.append(person)
        if len(batch) == BATCH:
            _add(merge.write(batch, terms), report)
            batch.clear()
    if batch:
        _add(merge.write(batch, terms), report)


def _add(counts: dict[str, int], report: Report) -> None:
    report.created += counts["created"]
    report.updated += counts["updated"]
    report.suppressed += counts["suppressed"]
    report.unchanged += counts["unchanged"]
