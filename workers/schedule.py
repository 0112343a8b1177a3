"""Schedules: set, taken away, and their due times filed as slots, each once.

``rules.py`` says when a rule comes due; ``slots.py`` does what a slot asks for.
"""

import datetime as dt
import time

from django.db import transaction
from django.utils import timezone

from digest.audit import audit
from digest.errors import NotFound, Refused
from digest.models import Topic
from workers import rules, slots
from workers.models import Schedule, Slot, SlotResult
from workers.rules import Rule

BUSY = 0.8
"""Seconds for which a tick files schedules and runs slots."""

CHUNK = 500
"""Schedules filed in one transaction: others who write wait no longer than that takes."""

_NEVER = dt.timedelta(days=36500)
"""A rule that comes due no more."""


def set_schedule(topic: Topic, rule: Rule, auto: bool, by: str) -> Schedule:
    """Give a topic its rule; the first slot is the next one after now.

    One whose draft would have been due already gets it at the next tick.
    """
    rule = rules.checked(rule)
    now = timezone.now()
    upcoming = next(rules.runs(rule, now))
    schedule, _ = Schedule.objects.update_or_create(
        topic=topic, defaults={**rule._asdict(), "auto": auto, "next_at": upcoming.cutoff}
    )
    audit(by, "set schedule", topic.slug, **rule._asdict(), auto=auto)
    return schedule


def clear(topic: Topic, by: str) -> None:
    """Take a topic's schedule away; its updates are assembled by hand then."""
    of(topic).delete()
    audit(by, "cleared schedule", topic.slug)


def of(topic: Topic) -> Schedule:
    """The topic's schedule; NotFound says how to give it one."""
    found = Schedule.objects.filter(topic=topic).select_related("topic").first()
    if found is None:
        raise NotFound(
            f"{topic.slug} has no schedule. Give it one with: digest schedule set {topic.slug} "
            "'0 7 * * 1-5' --zone Europe/London"
        )
    return found


def next_update(schedule: Schedule) -> dt.datetime | None:
    """When the next update goes out, blackout days left out; None where that can't be told, as
    while no tick moves the schedule on, and for a topic that has ended."""
    if schedule.topic.ended_at or schedule.slot_at <= timezone.now():
        return None
    first = schedule.slot_at - dt.timedelta(microseconds=1)
    try:
        run = rules.first_out(schedule.rule, first)
    except Refused:
        return None
    return run.at if run else None


def run_due(now: dt.datetime | None = None) -> int:
    """File what is due and run it, each slot once; how many ran.

    For a while only: a tick has other things to do, and what is left waits for the next one.
    """
    now, begun = now or timezone.now(), time.monotonic()
    while _file_due(now) and time.monotonic() - begun < BUSY / 2:
        pass
    return slots.run(now, until=begun + BUSY)


def hold_due(until: dt.datetime, why: str) -> None:
    """Hold what was due by then, unrun: a person is to decide.  In the caller's transaction."""
    waiting = [SlotResult.DUE, SlotResult.RUNNING]
    Slot.objects.filter(result__in=waiting).update(result=SlotResult.HELD, why=why)
    while _file_due(until, hold=why):
        pass


def _file_due(now: dt.datetime, hold: str = "") -> int:
    """Make the slot of some schedules that are due, and move them on; how many.

    Several at once, in four statements however many: the schedules are locked, the slot is
    unique, and both are written in one transaction.
    """
    due = Schedule.objects.filter(next_at__lte=now)
    if not due.exists():  # so that a tick that finds nothing takes no lock
        return 0
    with transaction.atomic():
        rows = due.select_for_update(skip_locked=True, of=("self",)).select_related("topic")
        taken = list(rows.order_by("next_at")[:CHUNK])
        made = [(schedule.topic.ended_at, _moved_on(schedule, now, hold)) for schedule in taken]
        # An ended topic's schedule moves on without a slot, so that reopened it waits for the next.
        wanted = [slot for ended_at, slot in made if ended_at is None]
        Slot.objects.bulk_create(wanted, ignore_conflicts=True)
        Schedule.objects.bulk_create(
            taken, update_conflicts=True, unique_fields=["id"], update_fields=["next_at"]
        )
    return len(taken)


def _moved_on(schedule: Schedule, now: dt.datetime, hold: str) -> Slot:
    """The latest slot of those that are due; the schedule then waits for the first after it."""
    slot = Slot(topic_id=schedule.topic_id, begun_at=now, why=hold)
    slot.result = SlotResult.HELD if hold else SlotResult.DUE
    slot.due_at, slot.cutoff = schedule.slot_at, schedule.next_at
    try:
        latest, upcoming = rules.around(
            schedule.cron, schedule.zone, schedule.slot_at, now + schedule.ahead
        )
    except Refused as problem:  # a zone that is no more
        slot.result, slot.why = SlotResult.HELD, f"Its schedule can't be read: {problem}."
        schedule.next_at = now + dt.timedelta(days=1)
        return slot
    slot.due_at, slot.cutoff = latest, latest - schedule.ahead
    schedule.next_at = upcoming - schedule.ahead if upcoming else now + _NEVER
    return slot
