"""What comes next: drafts and approved updates that have a time, and schedules."""

import datetime as dt
import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from digest.errors import Refused
from digest.models import Stage, Topic, Update
from workers import rules
from workers.brake import quiet
from workers.brake.models import Care
from workers.models import Mailing, MailingKind, Schedule
from workers.queue.clock import clock

LATE = dt.timedelta(seconds=60)
"""What is due for longer than this, and not taken up, wants a person: ticks come every second."""

MOST = 50
RUNS = 3  # due times of a schedule that are shown


@dataclass(frozen=True)
class Coming:
    """One thing that is due: an approved update, or a schedule's next run."""

    at: dt.datetime
    topic: Topic
    what: str
    tone: str
    state: str
    then: str
    readers: int | None
    """Candidates of the topic's last update; nobody has counted those of the next."""
    late: bool


def coming() -> list[Coming]:
    """All that is due, the first first; in three queries."""
    now = timezone.now()
    return sorted([*_drafts(now), *_updates(now), *_runs(now)], key=lambda one: one.at)[:MOST]


def _drafts(now: dt.datetime) -> Iterator[Coming]:
    """Drafts that go out at their time if somebody approves them by then, and only then."""
    planned = Update.objects.filter(stage=Stage.DRAFT, planned_at__isnull=False)
    found = planned.select_related("topic").annotate(readers=_last_readers("topic"))
    for update in found.order_by("planned_at")[:MOST]:
        at = update.planned_at or now
        missed = at <= now
        yield Coming(
            at=at,
            topic=update.topic,
            what=f"Draft · {update.title}" if update.title else "Draft",
            tone="bad" if missed else "warn",
            state="missed its time" if missed else "waits for approval",
            then=(
                "Nobody approved it in time, and nothing was sent. Approving it sends it at once."
                if missed
                else "Goes out then if it is approved by then; else it stays a draft."
            ),
            readers=update.readers,
            late=missed,
        )


def _updates(now: dt.datetime) -> Iterator[Coming]:
    tried = Mailing.objects.filter(update=OuterRef("pk"), kind=MailingKind.SCHEDULED)
    waiting = (
        Update.objects.filter(~Exists(tried), stage=Stage.APPROVED, due_at__isnull=False)
        .select_related("topic__care")
        .annotate(readers=_last_readers("topic"))
        .order_by("due_at")[:MOST]
    )
    for update in waiting:
        at = update.due_at or now
        late = at < now - LATE
        then = f"{_to(update)}{_quiet(update.topic, at, now)}"
        yield Coming(
            at=at,
            topic=update.topic,
            what=str(update),
            tone="bad" if late else "ok",
            state="late" if late else "approved",
            then="No worker takes it up. Start them with: digest up" if late else then,
            readers=update.readers,
            late=late,
        )


def _quiet(topic: Topic, at: dt.datetime, now: dt.datetime) -> str:
    """When quiet hours keep what is due then, until when."""
    care: Care | None = getattr(topic, "care", None)
    window = quiet.window_at(care.quiet, topic.zone, at) if care else None
    return f" Quiet hours keep it until {clock(window.end, topic.zone, now)}." if window else ""


def _to(update: Update) -> str:
    audience = ", ".join(update.segments) or "every confirmed subscriber"
    rate = f", at {update.rate:g} a second" if update.rate else ""
    return f"Goes out to {audience}{rate}."


def _runs(now: dt.datetime) -> Iterator[Coming]:
    living = Schedule.objects.filter(topic__ended_at=None).select_related("topic__care")
    found = living.annotate(readers=_last_readers("topic"))
    for rule in found.order_by("next_at")[:MOST]:
        late = rule.next_at < now - LATE
        yield Coming(
            at=rule.slot_at,
            topic=rule.topic,
            what="Next update",
            tone="bad" if late else ("info" if rule.auto else "warn"),
            state="late" if late else ("by itself" if rule.auto else "needs an editor"),
            then=(
                "Nobody takes it up. Start the schedule with: digest up"
                if late
                else f"{_then(rule, now)}{_quiet(rule.topic, rule.slot_at, now)}{_further(rule)}"
            ),
            readers=rule.readers,
            late=late,
        )


def _then(rule: Schedule, now: dt.datetime) -> str:
    """What is done with the next one."""
    with suppress(Refused, ValueError, OSError):
        if rules.is_blackout(rule.rule, rule.slot_at):
            return "A blackout day of its schedule: skipped."
    done = "approved, if every check passes" if rule.auto else "left for an editor"
    if not rule.lead:
        return f"Assembled, then {done}."
    return f"Assembled {clock(rule.next_at, rule.zone, now)}, then {done}."


def _further(rule: Schedule) -> str:
    """The runs after the next one."""
    local = []
    with suppress(Refused):
        for time in itertools.islice(rules.times(rule.cron, rule.zone, rule.slot_at), RUNS - 1):
            there = time.astimezone(ZoneInfo(rule.zone))
            local.append(f"{there:%a} {there.day} {there:%b %H:%M}")
    return f" Then {', '.join(local)}." if local else ""


def _last_readers(topic: str) -> Subquery:
    """Candidates of the topic's latest main mailing."""
    latest = Mailing.objects.filter(
        update__topic=OuterRef(topic), kind=MailingKind.SCHEDULED, prepared_at__isnull=False
    ).order_by("-update__number")
    return Subquery(latest.values("candidates")[:1])
