"""Where briefings are kept: identity is topic + slug, and loading again changes nothing.

What an edited briefing said before is kept as a ``BriefingVersion``.  A briefing is
written whole or not at all; a long load is written batch by batch.
"""

import contextlib
import datetime as dt
import enum
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from digest import carrying, searching
from digest.audit import audit
from digest.briefings import Briefing, BriefingVersion
from digest.changes import content_hash, is_material
from digest.errors import Refused
from digest.intake import sources
from digest.intake.feed_briefings import EARLIEST
from digest.intake.gathering import Gathered
from digest.intake.outcomes import Outcome, Rejected, shown
from digest.intake.reading import read
from digest.models import Topic
from digest.parts import BriefingData
from digest.same_story import signature

FAR_AHEAD = dt.timedelta(days=366)
"""A date further ahead than this is no embargo."""

BATCH = 500
"""Briefings written in one transaction: others who write wait no longer than that takes."""

_SAME_NAME = (
    "slug",
    "headline",
    "short_headline",
    "published_at",
    "updated_at",
    "read_minutes",
    "tag",
    "status",
    "summary",
    "key_takeaway",
    "body",
    "importance",
    "url",
)
_AS_JSON = {
    "first_reported": "first_reported_in",
    "sources": "sources",
    "analysis": "analysis",
    "perspectives": "perspectives",
    "image": "image",
    "extra": "extra",
}
_COUNTED = ["searched", "content_hash", "changed_at", "moved_on"]
_WRITTEN = [*_SAME_NAME, *_AS_JSON, *signature.COLUMNS, *_COUNTED]


class Result(enum.StrEnum):
    """What became of a briefing that was kept."""

    CREATED = "created"  # its identity was not known
    UPDATED = "updated"  # it says something else now; what it said is in its history
    UNCHANGED = "unchanged"  # it says what it said; nothing was written


@dataclass
class LoadReport:
    """What became of everything that was read."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)

    @property
    def kept(self) -> int:
        """Briefings that could be used."""
        return self.created + self.updated + self.unchanged

    @property
    def read(self) -> int:
        """Briefings met; a source that can't be read at all counts as one."""
        return self.kept + len(self.rejected)

    @property
    def status(self) -> int:
        """The exit status: 0 done, 1 some rejected, 2 nothing usable."""
        return 2 if not self.kept else 1 if self.rejected else 0

    def count(self, results: Iterable[Result]) -> None:
        """Add what became of some briefings."""
        for result in results:
            setattr(self, result, getattr(self, result) + 1)

    def plain(self) -> dict[str, Any]:
        """As the contract's JSON has it."""
        return {
            "read": self.read,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": [
                {"source": one.source, "line": one.line, "why": one.why} for one in self.rejected
            ],
            "warnings": self.told_warnings(),
        }

    def told_warnings(self) -> list[str]:
        """Each warning once, with how many briefings it is about."""
        return [
            text if times == 1 else f"{text} ({times:,} briefings)"
            for text, times in self.warnings.items()
        ]


def load(
    names: Iterable[str],
    topic: str | None = None,
    *,
    dry_run: bool = False,
    by: str = "command line",
) -> LoadReport:
    """Read every source, then keep its briefings; ``topic`` wins over what they say.

    Where one identity comes twice the last is kept.  Raises Refused, with nothing
    changed, when the topic or a source doesn't exist.
    """
    found = sources.find(names)
    if topic is not None and not _topics([topic]):
        raise Refused(
            f"There is no topic {shown(topic)}; nothing was loaded. Add it with: {_adding(topic)}"
        )
    outcomes = (outcome for source in found for outcome in read(source, topic))
    return load_outcomes(outcomes, topic, dry_run=dry_run, by=by)


def load_outcomes(
    outcomes: Iterable[Outcome], topic: str | None, *, dry_run: bool, by: str
) -> LoadReport:
    """Keep what was read, wherever it came from; as ``load``."""
    report = LoadReport()
    with contextlib.closing(Gathered()) as gathered:
        _gather(outcomes, gathered, report)
        for known in _topics(gathered.topics()):
            for batch in gathered.batches(known.slug, BATCH):
                report.count(_compare(known, batch) if dry_run else _write(known, batch, by))
    if not dry_run and report.created + report.updated:
        about = topic or "several topics"
        audit(by, "loaded briefings", about, created=report.created, updated=report.updated)
    return report


class Overtaken(Refused):
    """The briefing says something else by now than whoever changes it has seen."""


def keep(data: BriefingData, topic: Topic, by: str, *, over: str | None = None) -> Result:
    """Keep one briefing; ``by`` goes into its history and the audit log.

    ``over``: the hash of the content that this one is to replace, "" where there was none. Raises
    Overtaken, with nothing changed, where it is another by now.
    """
    with transaction.atomic():
        if over is not None:
            Topic.objects.select_for_update(no_key=True).get(pk=topic.pk)  # two who save take turns
            if _hashes(topic, [data]).get(data.slug, "") != over:
                raise Overtaken(f"{data.headline!r} was saved by somebody else meanwhile.")
        result = _write(topic, [data], by)[0]
        if result is not Result.UNCHANGED:
            audit(by, f"{result} briefing", f"{topic.slug}/{data.slug}"[:200])
    return result


def keep_all(batch: Sequence[BriefingData], topic: Topic, by: str) -> dict[str, Result]:
    """Keep briefings of one topic, each slug once; what became of each, by its slug."""
    with transaction.atomic():
        results = dict(zip((data.slug for data in batch), _write(topic, batch, by), strict=True))
        counts = Counter(results.values())
        if counts[Result.CREATED] + counts[Result.UPDATED]:
            audit(
                by,
                "loaded briefings",
                topic.slug,
                created=counts[Result.CREATED],
                updated=counts[Result.UPDATED],
            )
    return results


def _gather(outcomes: Iterable[Outcome], gathered: Gathered, report: LoadReport) -> None:
    """Read everything, and sort the accepted from the rejected."""
    known = set(Topic.objects.values_list("slug", flat=True))
    for outcome in outcomes:
        if isinstance(outcome, Rejected):
            report.rejected.append(outcome)
        elif (slug := outcome.briefing.topic) not in known:
            why = f"no topic {shown(slug)}: add it with {_adding(slug)}"
            report.rejected.append(Rejected(outcome.source, outcome.line, why))
        else:
            report.warnings.update(outcome.warnings + _odd_date(outcome.briefing))
            gathered.add(outcome.briefing)
    if gathered.repeated:
        report.unchanged += gathered.repeated
        report.warnings[
            f"{gathered.repeated:,} came before another with the same topic and slug, e.g. "
            f"{shown(gathered.example)}: the last was kept"
        ] = 1


def _odd_date(data: BriefingData) -> tuple[str, ...]:
    """A warning of a date that is likely a program's mistake; the source's word is kept."""
    said = f"{data.slug} was published on {data.published_at:%Y-%m-%d} by its date"
    if data.published_at < EARLIEST:
        return (f"{said}: older than the web, is that right?",)
    if data.published_at > timezone.now() + FAR_AHEAD:
        return (f"{said}: it goes into no update before that, is that right?",)
    return ()


def _compare(topic: Topic, batch: Sequence[BriefingData]) -> list[Result]:
    """What writing would do."""
    batch = _with_known_dates(topic, batch)
    known = _hashes(topic, batch)
    return [_result(known.get(data.slug), content_hash(data)) for data in batch]


def _write(topic: Topic, batch: Sequence[BriefingData], by: str) -> list[Result]:
    """Keep briefings of one topic, each slug at most once, in one transaction."""
    with transaction.atomic():
        # Two loads at once would both find a slug missing: the second waits for the first here.
        Topic.objects.select_for_update(no_key=True).get(pk=topic.pk)
        batch = _with_known_dates(topic, batch)
        known = _hashes(topic, batch)
        said = {data.slug: content_hash(data) for data in batch}
        results = [_result(known.get(data.slug), said[data.slug]) for data in batch]
        by_result = {
            kind: [data for data, result in zip(batch, results, strict=True) if result is kind]
            for kind in Result
        }
        Briefing.objects.bulk_create(
            Briefing(topic=topic, content_hash=said[data.slug], **_columns(data, topic))
            for data in by_result[Result.CREATED]
        )
        if by_result[Result.UPDATED]:
            _rewrite(topic, by_result[Result.UPDATED], said, by)
    return results


def _with_known_dates(topic: Topic, batch: Sequence[BriefingData]) -> Sequence[BriefingData]:
    """What gives no date of its own keeps the one of its first reading (feed_briefings.py)."""
    undated = [data.slug for data in batch if data.extra.get("undated")]
    if not undated:
        return batch
    rows = topic.briefings.filter(slug__in=undated).values_list("slug", "published_at")
    known = dict(rows)
    return [
        data.model_copy(update={"published_at": known[data.slug]})
        if data.slug in known and data.extra.get("undated")
        else data
        for data in batch
    ]


def _rewrite(topic: Topic, batch: Sequence[BriefingData], said: dict[str, str], by: str) -> None:
    now = timezone.now()
    after = {data.slug: data for data in batch}
    rows = list(topic.briefings.filter(slug__in=after).select_related("topic"))
    before = {row.pk: row.data for row in rows}
    BriefingVersion.objects.bulk_create(
        BriefingVersion(
            briefing=row,
            content=before[row.pk].model_dump(mode="json"),
            replaced_at=now,
            replaced_by=by[:320],
        )
        for row in rows
    )
    carried = carrying.as_carried(rows)
    for row in rows:
        new = after[row.slug]
        # Small edits add up: what counts for an update is what its readers last had.
        moved_on = row.pk in carried and is_material(carried[row.pk], new)
        if is_material(before[row.pk], new) or (moved_on and not row.moved_on):
            row.changed_at = now
        row.moved_on = moved_on
        for column, value in _columns(new, topic).items():
            setattr(row, column, value)
        row.content_hash = said[row.slug]
        # Row by row: bulk_update of as many columns took ten times as long.
        row.save(update_fields=_WRITTEN)


def _columns(data: BriefingData, topic: Topic) -> dict[str, Any]:
    plain = data.model_dump(mode="json")
    return (
        {name: getattr(data, name) for name in _SAME_NAME}
        | {column: plain[part] for column, part in _AS_JSON.items()}
        | signature.columns(data, topic.language)
        | {"searched": searching.searched(data)}
    )


def _hashes(topic: Topic, batch: Sequence[BriefingData]) -> dict[str, str]:
    slugs = [data.slug for data in batch]
    return dict(topic.briefings.filter(slug__in=slugs).values_list("slug", "content_hash"))


def _result(known: str | None, said: str) -> Result:
    if known is None:
        return Result.CREATED
    return Result.UNCHANGED if known == said else Result.UPDATED


def _topics(slugs: Iterable[str]) -> list[Topic]:
    # A name in broken bytes can't even be asked for.
    return list(Topic.objects.filter(slug__in=[slug for slug in slugs if slug.isascii()]))


def _adding(topic: str) -> str:
    return f"digest topic add {topic} --name …"
