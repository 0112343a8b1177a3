"""Schedules: which slots are due, and each run once.

A cron rule in a time zone, its times by cronsim, which is right where clocks change: a time
that a change skips runs once, right after it; one that comes twice runs once.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from cronsim import CronSim, CronSimError
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from digest import approval, drafting
from digest.errors import DigestError, Refused
from digest.models import Topic, Update, audit
from workers.models import Schedule, Slot, SlotResult

log = structlog.get_logger()

GRACE = dt.timedelta(hours=6)
"""A slot missed by more than this is held for a person: its news is old."""

TRIES = 3
"""A slot that fails so often is held, and other topics go on."""

_NEVER = dt.timedelta(days=36500)
"""A rule that comes due no more."""


def times(cron: str, zone: str, after: dt.datetime) -> Iterator[dt.datetime]:
    """The rule's due times after an instant, in UTC.  Raises Refused for a bad rule or zone."""
    try:
        local = after.astimezone(ZoneInfo(zone))
        return (time.astimezone(dt.UTC) for time in CronSim(cron, local))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused(
            f"{zone!r} is no time zone; nothing was changed. Write for example Europe/London"
        ) from None
    except CronSimError as problem:
        raise Refused(
            f"{cron!r} is no cron rule ({problem}); nothing was changed. Write for "
            "example '0 7 * * 1-5' for 07:00 from Monday to Friday"
        ) from None


def set_schedule(topic: Topic, cron: str, zone: str, auto: bool, by: str) -> Schedule:
    """Give a topic its rule; the first slot is the next one after now."""
    upcoming = next(times(cron, zone, timezone.now()), None)
    if upcoming is None:
        raise Refused(f"{cron!r} never comes due; nothing was changed.")
    schedule, _ = Schedule.objects.update_or_create(
        topic=topic, defaults={"cron": cron, "zone": zone, "auto": auto, "next_at": upcoming}
    )
    audit(by, "set schedule", topic.slug, cron=cron, zone=zone, auto=auto)
    return schedule


def run_due(now: dt.datetime | None = None) -> int:
    """Run every slot that is due, each once; how many."""
    now = now or timezone.now()
    due = Schedule.objects.filter(next_at__lte=now).select_related("topic").order_by("next_at")
    return sum(_ran(schedule, now) for schedule in due)


def hold_due(until: dt.datetime, why: str) -> None:
    """Hold what was due by then, unrun: a person is to decide.  In the caller's transaction."""
    Slot.objects.filter(result=SlotResult.RUNNING).update(result=SlotResult.HELD, why=why)
    for schedule in Schedule.objects.filter(next_at__lte=until):
        with suppress(Refused):  # a zone that is no more runs nothing either
            latest, upcoming = _around(schedule, until)
            Slot.objects.get_or_create(
                topic_id=schedule.topic_id,
                due_at=latest,
                defaults={"result": SlotResult.HELD, "why": why, "begun_at": timezone.now()},
            )
            schedule.next_at = upcoming
            schedule.save(update_fields=["next_at"])


def _ran(schedule: Schedule, now: dt.datetime) -> bool:
    """Run one; its trouble, a zone that is no more say, must not stop the others."""
    try:
        return _run(schedule, now)
    except DatabaseError:
        raise
    except Exception:
        log.exception("schedule failed", topic=schedule.topic.slug)
        return False


def _run(schedule: Schedule, now: dt.datetime) -> bool:
    """Take the latest slot that is due, if nobody else has; earlier missed ones are passed by."""
    latest, upcoming = _around(schedule, now)
    slot = _taken(schedule.topic, latest, now)
    if slot is not None:
        _fulfil(schedule, slot, now)
    if Slot.objects.filter(topic=schedule.topic, due_at=latest, result=SlotResult.RUNNING).exists():
        return False  # another tick has it, or it failed and is tried again in a while
    Schedule.objects.filter(id=schedule.id, next_at=schedule.next_at).update(next_at=upcoming)
    return slot is not None


def _around(schedule: Schedule, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The schedule's last time up to now, of those that have not run, and its first after now."""
    latest = schedule.next_at
    for time in times(schedule.cron, schedule.zone, schedule.next_at):
        if time > now:
            return latest, time
        latest = time
    return latest, now + _NEVER


def _taken(topic: Topic, due_at: dt.datetime, now: dt.datetime) -> Slot | None:
    """The slot, if it is this tick's to run: new, or left by a worker that died or failed."""
    try:
        with transaction.atomic():
            return Slot.objects.create(
                topic=topic, due_at=due_at, result=SlotResult.RUNNING, tries=1, begun_at=now
            )
    except IntegrityError:
        again = Slot.objects.filter(
            topic=topic,
            due_at=due_at,
            result=SlotResult.RUNNING,
            begun_at__lt=now - dt.timedelta(minutes=5),
        )
        if not again.update(begun_at=now, tries=F("tries") + 1):
            return None
        return Slot.objects.get(topic=topic, due_at=due_at)


def _fulfil(schedule: Schedule, slot: Slot, now: dt.datetime) -> None:
    """Draft, and with ``auto`` approve; what became of it is kept on the slot."""
    try:
        if now - slot.due_at > GRACE:
            slot.result = SlotResult.HELD
            slot.why = (
                f"Due {slot.due_at:%d %B %H:%M %Z}, found {now:%d %B %H:%M %Z}: more than "
                "six hours late. Assemble it by hand if it is still wanted."
            )
        else:
            slot.result, slot.why, slot.update = _made(schedule, slot)
    except DigestError as problem:
        slot.result, slot.why = SlotResult.HELD, str(problem)
    except Exception as problem:
        log.exception("slot failed", topic=schedule.topic.slug)
        slot.why = f"{type(problem).__name__}: {problem}"
        if slot.tries >= TRIES:
            slot.result = SlotResult.HELD
    slot.save()
    audit(
        "schedule",
        "ran slot",
        schedule.topic.slug,
        due=slot.due_at.isoformat(),
        result=slot.result,
        why=slot.why,
    )


def _made(schedule: Schedule, slot: Slot) -> tuple[SlotResult, str, Update | None]:
    topic = schedule.topic
    update = drafting.draft(topic, until=slot.due_at, by="schedule")
    items = update.items.count()
    if items < topic.minimum:
        if update.number is None and not update.arranged:
            drafting.discard(update, by="schedule")
        return (
            SlotResult.SKIPPED,
            (
                f"{items} briefings, and {topic.name} wants at least {topic.minimum}. They wait "
                "for the next update."
            ),
            None,
        )
    if not schedule.auto:
        return SlotResult.DRAFTED, f"{items} items wait for an editor.", update
    approval.approve(update, by="schedule", unattended=True)
    return SlotResult.APPROVED, f"{items} items approved by the schedule.", update
