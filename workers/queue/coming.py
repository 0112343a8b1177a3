"""What comes next: approved updates that wait for their time, schedules, slots that are held."""

import datetime as dt
import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from digest.errors import Refused
from digest.models import Stage, Topic, Update
from workers import schedule
from workers.models import Mailing, MailingKind, Schedule, Slot, SlotResult

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
    """All that is due, the first first; in two queries."""
    now = timezone.now()
    return sorted([*_updates(now), *_runs(now)], key=lambda one: one.at)[:MOST]


def held() -> QuerySet[Slot]:
    """Slots that want a person: held, and nothing of their topic ran or was approved since."""
    later = Slot.objects.filter(topic=OuterRef("topic"), due_at__gt=OuterRef("due_at"))
    by_hand = Update.objects.filter(topic=OuterRef("topic"), approved_at__gt=OuterRef("begun_at"))
    return (
        Slot.objects.filter(~Exists(later), ~Exists(by_hand), result=SlotResult.HELD)
        .select_related("topic")
        .order_by("due_at")[:MOST]
    )


def _updates(now: dt.datetime) -> Iterator[Coming]:
    tried = Mailing.objects.filter(update=OuterRef("pk"), kind=MailingKind.SCHEDULED)
    waiting = (
        Update.objects.filter(~Exists(tried), stage=Stage.APPROVED, due_at__isnull=False)
        .select_related("topic")
        .annotate(readers=_last_readers("topic"))
        .order_by("due_at")[:MOST]
    )
    for update in waiting:
        at = update.due_at or now
        late = at < now - LATE
        yield Coming(
            at=at,
            topic=update.topic,
            what=str(update),
            tone="bad" if late else "ok",
            state="late" if late else "approved",
            then="No worker takes it up. Start them with: digest up" if late else _to(update),
            readers=update.readers,
            late=late,
        )


def _to(update: Update) -> str:
    audience = ", ".join(update.segments) or "every confirmed subscriber"
    rate = f", at {update.rate:g} a second" if update.rate else ""
    return f"Goes out to {audience}{rate}."


def _runs(now: dt.datetime) -> Iterator[Coming]:
    rules = Schedule.objects.select_related("topic").annotate(readers=_last_readers("topic"))
    for rule in rules.order_by("next_at")[:MOST]:
        late = rule.next_at < now - LATE
        done = "approved and sent without a person" if rule.auto else "left for an editor"
        yield Coming(
            at=rule.next_at,
            topic=rule.topic,
            what="Next update",
            tone="bad" if late else ("info" if rule.auto else "warn"),
            state="late" if late else ("by itself" if rule.auto else "needs an editor"),
            then=(
                "Nobody takes it up. Start the schedule with: digest up"
                if late
                else f"Assembled, then {done}.{_further(rule)}"
            ),
            readers=rule.readers,
            late=late,
        )


def _further(rule: Schedule) -> str:
    """The runs after the next one."""
    local = []
    with suppress(Refused):
        for time in itertools.islice(schedule.times(rule.cron, rule.zone, rule.next_at), RUNS - 1):
            there = time.astimezone(ZoneInfo(rule.zone))
            local.append(f"{there:%a} {there.day} {there:%b %H:%M}")
    return f" Then {', '.join(local)}." if local else ""


def _last_readers(topic: str) -> Subquery:
    """Candidates of the topic's latest main mailing."""
    latest = Mailing.objects.filter(
        update__topic=OuterRef(topic), kind=MailingKind.SCHEDULED, prepared_at__isnull=False
    ).order_by("-update__number")
    return Subquery(latest.values("candidates")[:1])
