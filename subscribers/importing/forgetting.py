"""What imports leave behind, and when it goes: lists, reports, and in them whoever was erased."""

import datetime as dt
import mmap
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone

from subscribers import addresses
from subscribers.importing import runs
from subscribers.importing.table import Rejected
from subscribers.imports import Import, ImportState
from subscribers.models import Suppression, SuppressionReason, address_hash

UNDECIDED = dt.timedelta(days=1)
"""How long a list waits for somebody to say what is to be done with it."""

REPORTS = dt.timedelta(days=30)
"""How long it can be looked up what became of each row."""

_LIKE_AN_ADDRESS = re.compile(r"[^\s@<>,;:\"'()\[\]]+@[^\s@<>,;:\"'()\[\]]+")
_WHERE = re.compile(rb'(?:"(?:[^"\n]|"")*"|[^,"\n]*),\d+,')
"""The cells of a report's line that say where in the list somebody stood."""


def erased_among(rows: Iterable[Rejected]) -> set[Rejected]:
    """Those that name somebody who was erased: what is told of them must not say whom."""
    named = {one: set(_LIKE_AN_ADDRESS.findall(f"{one.email} {one.why}")) for one in rows}
    hashes = {address_hash(text.rstrip(".")) for texts in named.values() for text in texts}
    found = Suppression.objects.filter(reason=SuppressionReason.ERASED, email_hash__in=hashes)
    erased = set(found.values_list("email_hash", flat=True)) if hashes else set()
    return {
        one
        for one, texts in named.items()
        if any(address_hash(text.rstrip(".")) in erased for text in texts)
    }


def forget(address: str) -> None:
    """Take a person out of the reports, whose every other line keeps its place, and out of the
    examples of a list that waits for somebody's word."""
    mention = re.compile(addresses.mention(address).encode(), re.IGNORECASE)
    for report in runs.folder().glob("*.report.csv"):
        if report.stat().st_size:
            _strike_out(report, mention)
    told = Import.objects.annotate(said=Cast("found", TextField()))
    for job in told.filter(said__icontains=address):
        kept = {
            key: [one for one in value if address not in str(one).lower()]
            if isinstance(value, list)
            else value
            for key, value in job.found.items()
        }
        Import.objects.filter(id=job.id).update(found=kept)


def _strike_out(report: Path, mention: re.Pattern[bytes]) -> None:
    """Write over all that lines say but where in the list they stood."""
    with report.open("r+b") as file, mmap.mmap(file.fileno(), 0) as text:
        for found in mention.finditer(text):
            begins = text.rfind(b"\n", 0, found.start()) + 1
            ends = text.find(b"\n", found.end())
            ends = len(text) if ends < 0 else ends
            where = _WHERE.match(text, begins, ends)
            begins = where.end() if where else begins
            text[begins:ends] = b"(erased)".ljust(ends - begins - 2) + b",,"


def sweep(now: dt.datetime | None = None) -> int:
    """Once a minute: forget lists about which nobody said anything for a day, and files that are
    a month old; how many."""
    now = now or timezone.now()
    if now.second:  # the tick comes once in each second
        return 0
    return _sweep_undecided(now) + _sweep_files(now)


def _sweep_undecided(now: dt.datetime) -> int:
    old = Import.objects.filter(
        is_stored=True,
        state__in=[ImportState.NEW, ImportState.CHECKED],
        created_at__lt=now - UNDECIDED,
    )
    why = "Nobody said within a day that it is to be imported; its file was deleted."
    jobs: Sequence[Import] = list(old)
    for job in jobs:
        Import.objects.filter(id=job.id).update(state=ImportState.FAILED, problem=why, found={})
        runs.forget_file(job)
        runs.report_of(job).unlink(missing_ok=True)  # of what it would have done
    return len(jobs)


def _sweep_files(now: dt.datetime) -> int:
    """By their own time, for they may be of another machine's import, or of none."""
    old = [
        path
        for path in runs.folder().iterdir()
        if dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC) < now - REPORTS
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
