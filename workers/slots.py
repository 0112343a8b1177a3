"""Slots: a due time of a schedule is drafted, and with ``auto`` approved, once.

A worker may die at any step. What it had written stands, and another takes the slot up five
minutes later; what a slot was taken up for is told from the rows, never done twice.
"""

import datetime as dt
import time
from zoneinfo import ZoneInfo

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from digest import approval, drafting
from digest.audit import audit
from digest.errors import DigestError, Refused
from digest.models import Stage, Topic, Update
from workers import rules
from workers.models import Schedule, Slot, SlotResult

log = structlog.get_logger()

GRACE = dt.timedelta(hours=6)
"""A slot missed by more than this is held for a person: its news is old."""

TRIES = 3
"""A slot that fails so often is held, and other topics go on."""

GIVEN_UP = dt.timedelta(minutes=5)
"""A slot that runs for longer was left by a worker that died: drafting takes seconds."""

BY = "schedule"

_NAMED = 5  # headlines of what waits


def run(now: dt.datetime, until: float) -> int:
    """Run the slots that wait, until the clock (``time.monotonic``) says so and at least one; how
    many ran."""
    ran = 0
    for slot_id in _waiting(now).order_by("due_at").values_list("id", flat=True)[:500]:
        slot = _taken(slot_id, now)
        if slot is not None:
            _fulfil(slot, now)
            ran += 1
        if time.monotonic() > until:
            break
    return ran


def held() -> QuerySet[Slot]:
    """Slots that want a person: held, and their topic neither ran, was approved nor ended since."""
    later = Slot.objects.filter(topic=OuterRef("topic"), due_at__gt=OuterRef("due_at"))
    by_hand = Update.objects.filter(topic=OuterRef("topic"), approved_at__gt=OuterRef("begun_at"))
    found = Slot.objects.filter(
        ~Exists(later), ~Exists(by_hand), result=SlotResult.HELD, topic__ended_at=None
    )
    return found.select_related("topic").order_by("due_at")


def assemble(slot: Slot, by: str) -> Update:
    """Draft a held slot's update now, for an editor to approve."""
    with transaction.atomic():
        _decide(slot, SlotResult.DRAFTED, f"{slot.why} Assembled by {by}.")
        update = drafting.draft(slot.topic, by=by)
        Slot.objects.filter(pk=slot.pk).update(update=update)
        audit(by, "assembled held slot", slot.topic.slug, due=slot.due_at.isoformat())
    return update


def let_go(slot: Slot, by: str) -> None:
    """Want a held slot no more; what it would have carried waits for the next update."""
    with transaction.atomic():
        _decide(slot, SlotResult.LET_GO, f"{slot.why} Let go by {by}.")
        audit(by, "let held slot go", slot.topic.slug, due=slot.due_at.isoformat())


def _decide(slot: Slot, result: SlotResult, why: str) -> None:
    still = Slot.objects.filter(pk=slot.pk, result=SlotResult.HELD)
    if not still.update(result=result, why=why):
        raise Refused("It is held no more; nothing was changed. Somebody has decided already.")


# ---- one slot ------------------------------------------------------------------------------


def _waiting(now: dt.datetime) -> QuerySet[Slot]:
    """Slots to run: filed, or left by a worker that died or failed."""
    left = Q(result=SlotResult.RUNNING, begun_at__lt=now - GIVEN_UP)
    return Slot.objects.filter(Q(result=SlotResult.DUE) | left)


def _taken(slot_id: int, now: dt.datetime) -> Slot | None:
    """The slot, if it is this tick's to run."""
    mine = _waiting(now).filter(id=slot_id)
    if not mine.update(result=SlotResult.RUNNING, begun_at=now, tries=F("tries") + 1):
        return None
    return Slot.objects.select_related("topic__schedule", "update").get(id=slot_id)


def _fulfil(slot: Slot, now: dt.datetime) -> None:
    """Do what the slot asks for; its trouble must not stop the others."""
    try:
        told = _given_up(slot) or _passed_by(slot, now) or _made(slot)
    except DigestError as problem:
        told = SlotResult.HELD, str(problem)
    except DatabaseError:
        raise
    except Exception as problem:
        log.exception("slot failed", topic=slot.topic.slug)
        why = f"{type(problem).__name__}: {problem}"
        told = (SlotResult.HELD if slot.tries >= TRIES else SlotResult.RUNNING), why
    _settle(slot, *told)


def _given_up(slot: Slot) -> tuple[SlotResult, str] | None:
    """One over which workers die is held, like one that fails."""
    if slot.tries <= TRIES:
        return None
    return SlotResult.HELD, f"The worker that ran it died, {TRIES} times. {slot.why}".strip()


def _passed_by(slot: Slot, now: dt.datetime) -> tuple[SlotResult, str] | None:
    """Why nothing is drafted for the slot; None where something is."""
    schedule = getattr(slot.topic, "schedule", None)
    if schedule is None:
        return SlotResult.PASSED, "Its schedule was taken away before it could run."
    if slot.topic.ended_at:
        return SlotResult.PASSED, "Its topic has ended."
    if Slot.objects.filter(topic=slot.topic, due_at__gt=slot.due_at).exists():
        return SlotResult.PASSED, "A later one came due before it could run."
    day = max(now, slot.due_at)  # caught up, it would go out today
    if rules.is_blackout(schedule.rule, day):
        return SlotResult.SKIPPED, f"{_day(day, schedule)} is a blackout day of its schedule."
    last = drafting.last_approved(slot.topic)
    if last is not None and last.until >= slot.cutoff and last != slot.update:
        return SlotResult.SKIPPED, f"Update #{last.number}, approved since, has what it would have."
    if now - slot.due_at > GRACE:
        return SlotResult.HELD, (
            f"Due {slot.due_at:%d %B %H:%M %Z}, found {now:%d %B %H:%M %Z}: more than "
            "six hours late. Assemble it now if it is still wanted, else let it go."
        )
    return None


def _made(slot: Slot) -> tuple[SlotResult, str]:
    """Draft it, and with ``auto`` approve it: each in a transaction that says so on the slot."""
    if slot.update is None or slot.update.stage not in {Stage.APPROVED, Stage.SENT}:
        skipped = _drafted(slot)
        if skipped:
            return SlotResult.SKIPPED, skipped
    update = slot.update
    assert update is not None
    items = update.items.count()
    if update.stage in {Stage.APPROVED, Stage.SENT}:  # by whoever died before saying so
        return SlotResult.APPROVED, f"{_items(items)} approved by the schedule."
    if not slot.topic.schedule.auto:
        return (
            SlotResult.DRAFTED,
            f"{_items(items)} {'waits' if items == 1 else 'wait'} for an editor.",
        )
    if slot.topic.two_people:
        return SlotResult.DRAFTED, "Its topic takes two people: one asks, another approves."
    if update.number is not None:
        return SlotResult.DRAFTED, "Its approval was taken back, so a person is to give it anew."
    try:
        approval.approve(update, by=BY, unattended=True)
    except approval.Blocked as blocked:
        said = " ".join(f"{one.name}: {one.message}" for one in blocked.findings)
        return SlotResult.DRAFTED, f"Not approved by itself, since not every check passes. {said}"
    return SlotResult.APPROVED, f"{_items(items)} approved by the schedule."


@transaction.atomic
def _drafted(slot: Slot) -> str:
    """Draft it, and keep the draft on the slot; where it has too little news, discard it and say
    why.

    What came after the slot's cut-off waits for the next one. Nothing is done where another
    worker has taken the slot over meanwhile.
    """
    if not _mine(slot).select_for_update().exists():
        raise Refused("Another worker has taken it over.")
    topic, ahead = slot.topic, slot.cutoff < slot.due_at
    update = drafting.draft(topic, until=slot.cutoff, by=BY)
    headlines = [item.briefing.headline for item in update.items.select_related("briefing")]
    if len(headlines) < topic.minimum:
        if update.number is None and not update.arranged:
            drafting.discard(update, by=BY)
        return _too_little(topic, headlines)
    update.planned_at = slot.due_at if ahead else None
    update.save(update_fields=["planned_at"])
    slot.update = update
    _mine(slot).update(update=update)
    return ""


def _too_little(topic: Topic, headlines: list[str]) -> str:
    least = f"{topic.name} wants at least {topic.minimum}"
    if not headlines:
        return f"No news, and {least}."
    few = "One briefing" if len(headlines) == 1 else f"{len(headlines)} briefings"
    named = "; ".join(f"“{one}”" for one in headlines[:_NAMED])
    wait = "waits" if len(headlines) == 1 else "wait"
    return f"{few}, and {least}. What {wait} for the next update: {named}."


def _mine(slot: Slot) -> QuerySet[Slot]:
    """The slot, while nobody else has taken it over: each taking counts a try."""
    return Slot.objects.filter(pk=slot.pk, result=SlotResult.RUNNING, tries=slot.tries)


def _settle(slot: Slot, result: SlotResult, why: str) -> None:
    with transaction.atomic():
        if _mine(slot).update(result=result, why=why):
            about = {"due": slot.due_at.isoformat(), "result": result, "why": why}
            audit(BY, "ran slot", slot.topic.slug, **about)


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


def _day(at: dt.datetime, schedule: Schedule) -> str:
    local = at.astimezone(ZoneInfo(schedule.zone))
    return f"{local.day} {local:%B}"


def latest(topic: Topic) -> Slot | None:
    """The topic's last slot of all."""
    return Slot.objects.filter(topic=topic, due_at__lte=timezone.now()).order_by("-due_at").first()
