"""Lists of people in.

``sources`` says what a file holds, ``table`` reads one list, ``columns`` what its columns mean
(of ``services`` that it knows), ``doubts`` which of them nobody explained, ``rows`` makes people,
``merge`` keeps them, ``runs`` remembers how far an import is, ``forgetting`` what goes and when.
"""

import datetime as dt
import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import BinaryIO

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from digest import updates
from digest.errors import Refused
from digest.garbage import no_collecting
from digest.models import Topic
from digest.turns import by_turns
from subscribers import planner, suppression
from subscribers.importing import forgetting, merge, reading, runs, writing
from subscribers.importing.merge import Became, Outcome
from subscribers.importing.reading import Look, Wanted
from subscribers.importing.report import Lines, Report, addresses_in, lines
from subscribers.importing.rows import Ban, Person
from subscribers.importing.table import Rejected
from subscribers.imports import Import
from subscribers.models import SubscriptionState

__all__ = ["NoTopics", "Report", "Wanted", "load"]

BATCH = 5_000
"""Rows in one transaction."""

ON_SQLITE = 1_000
"""At most: other writers wait for one, a tenth of a second."""

COLLECTING = 20
"""Batches between two looks for garbage: refused rows leave some."""

Item = Person | Ban | Rejected
Progress = Callable[[Report, int], bool]
"""Told the report and how many bytes are read; False: stop here, somebody else goes on."""


class NoTopics(Refused):
    """Neither the list nor whoever brings it says what its people subscribe to."""


def load(
    file: BinaryIO,
    name: str,
    *,
    topics: Sequence[str] = (),
    consent: str = "",
    format: str = "",  # noqa: A002  # as everybody calls it
    columns: dict[str, str] | None = None,
    stands: str = "",
    dry_run: bool = False,
    by: str = "command line",
    report_to: BinaryIO | None = None,
    progress: Progress | None = None,
) -> Report:
    """Import a list from a seekable file; ``name`` is what it is called in what is kept about it.

    ``topics``: slugs for the rows that name none. ``consent``: how and when the people in rows
    without a state agreed; without it these are pending, and not mailed. ``format`` and
    ``columns`` say what would else be found and guessed; ``stands``, that everybody in it is out.
    ``report_to`` gets a line for each row. A dry run changes nothing. The same file with the same
    wishes goes on where it was stopped.

    Raises Refused where the file can't be used at all, NotFound for an unknown topic; then
    nothing was changed.
    """
    wanted = Wanted(tuple(topics), consent.strip(), format, columns or {}, stands)
    looks = look(file, name, wanted)
    job = None if dry_run else runs.begun(file, name, wanted, by)
    run = Run(file, looks, wanted, name, job, report_to, progress, dry_run=dry_run)
    if run.go() and job:
        planner.learn()
        runs.finish(job, run.report)
    return run.report


def look(file: BinaryIO, name: str, wanted: Wanted) -> list[Look]:
    """What the file is; Refused where it can't be imported as is wanted."""
    for slug in wanted.topics:
        updates.topic(slug)
    looks = reading.look(file, name, wanted)
    if not wanted.topics and not all(one.names_topics or one.why for one in looks):
        known = ", ".join(Topic.objects.values_list("slug", flat=True)[:10])
        raise NoTopics(
            "The list has no topics column; nothing was imported. Say which topic these people "
            f"subscribe to. Topics are: {known or 'none yet'}."
        )
    return looks


class Run:
    """One go through a file, from where its ``job`` stands; a dry one may do without a job."""

    def __init__(
        self,
        file: BinaryIO,
        looks: Sequence[Look],
        wanted: Wanted,
        name: str,
        job: Import | None = None,
        report_to: BinaryIO | None = None,
        progress: Progress | None = None,
        *,
        dry_run: bool = False,
    ) -> None:
        self.file, self.looks, self.wanted, self.job = file, looks, wanted, job
        self.progress, self.dry_run = progress, dry_run
        self.report = Report.of(looks, job)
        told = job.report_bytes if job else 0
        self._seen = addresses_in(report_to, told) if dry_run and report_to and told else set()
        self.lines = Lines(report_to, told) if report_to else None
        self.terms = _terms(name, wanted, timezone.now())

    def go(self) -> bool:
        """Go through the rows that are left; False where ``progress`` stopped it."""
        rows = reading.people(
            self.file, self.looks, self.wanted, self.terms.topics, self.report.read
        )
        with no_collecting():
            batches = _ahead(_batches(rows, self.file))
            turns = batches if self.dry_run else by_turns(batches)
            for at, (batch, done_bytes) in enumerate(turns, 1):
                self._take(batch, done_bytes)
                if self.progress and not self.progress(self.report, done_bytes):
                    return False
                if at % COLLECTING == 0:
                    gc.collect()
        return True

    def _take(self, rows: Sequence[Item], done_bytes: int) -> None:
        rows = _without_the_erased(rows)
        people = [row for row in rows if not isinstance(row, Rejected)]
        if self.dry_run or self.job is None:
            self._foresee(rows, people, done_bytes)
            return
        try:
            self._keep(self.job, rows, people, done_bytes)
        except IntegrityError:
            # Somebody signed up with one of the addresses at this very moment: look again.
            self._keep(self.job, rows, people, done_bytes)

    def _keep(
        self, job: Import, rows: Sequence[Item], people: Sequence[Person | Ban], done_bytes: int
    ) -> None:
        """These rows' people and the checkpoint behind them, or neither."""
        with transaction.atomic():
            writing.without_waiting()
            batch = merge.Batch.load(people, self.terms, lock=True)
            became = [(row, _became(batch, row)) for row in rows]
            batch.save()
            told = self.lines.write(lines(became)) if self.lines else 0
            report = self.report.with_more(became, merge.states(batch))
            runs.checkpoint(job, report, done_bytes, told)
        self.report = report

    def _foresee(
        self, rows: Sequence[Item], people: Sequence[Person | Ban], done_bytes: int
    ) -> None:
        """What would become of these rows. Who stood in an earlier batch, and isn't known here,
        counts as unchanged: to know more would take all of them in memory."""
        batch = merge.Batch.load(people, self.terms, lock=False)
        became = []
        for row in rows:
            again = row.email not in batch.people and hash(row.email) in self._seen
            seen = again and isinstance(row, Person)
            became.append((row, Became(Outcome.UNCHANGED) if seen else _became(batch, row)))
        self._seen.update(hash(row.email) for row in people)
        told = self.lines.write(lines(became)) if self.lines else 0
        self.report = self.report.with_more(became, merge.states(batch))
        if self.job:
            found = self.report.as_found()
            runs.checkpoint(self.job, self.report, done_bytes, told, found=found)


def _without_the_erased(rows: Sequence[Item]) -> Sequence[Item]:
    """The rows, in which no reason for rejecting one tells of somebody who was erased."""
    erased = forgetting.erased_among(row for row in rows if isinstance(row, Rejected))
    why = "names somebody who was erased."
    return [
        row._replace(email="(erased)", why=why)
        if isinstance(row, Rejected) and row in erased
        else row
        for row in rows
    ]


def _became(batch: merge.Batch, row: Item) -> Became:
    if isinstance(row, Rejected):
        return Became(Outcome.REJECTED, row.why)
    return batch.take(row) if isinstance(row, Person) else batch.ban(row)


def _batches(rows: Iterable[Item], file: BinaryIO) -> Iterator[tuple[list[Item], int]]:
    """Some rows at a time, and how far into the file they go."""
    rest = iter(rows)
    size = min(BATCH, ON_SQLITE) if connection.vendor == "sqlite" else BATCH
    while batch := list(islice(rest, size)):
        yield batch, file.tell()


def _ahead(batches: Iterator[tuple[list[Item], int]]) -> Iterator[tuple[list[Item], int]]:
    """One batch is read and judged, which asks no database, while another is being kept."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, batches, None)
        while batch := coming.result():
            coming = reader.submit(next, batches, None)
            yield batch


def _terms(name: str, wanted: Wanted, now: dt.datetime) -> merge.Terms:
    agreed = wanted.consent or "the list says they are subscribed"
    return merge.Terms(
        topics=dict(Topic.objects.values_list("slug", "id")),
        stateless=SubscriptionState.CONFIRMED if wanted.consent else SubscriptionState.PENDING,
        consent=f"{now.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC, import of {name}: “{agreed}”",
        left_why=f"import of {name}",
        barred_domains=suppression.domains(),
        now=now,
    )
