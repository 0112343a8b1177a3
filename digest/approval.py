"""Approval: number and content fixed, editions frozen, when and to whom written down.

Only rows of this room are written; the workers find the approved update when it is due.
"""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from digest import (
    asking,
    carrying,
    changes,
    closing,
    editions,
    ending,
    fitting,
    parties,
    versions,
)
from digest.audit import audit
from digest.briefings import Briefing
from digest.checks import Finding
from digest.errors import CheckFailed, Refused
from digest.models import Stage, Topic, Update
from digest.parties import Statement
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView, content_hash
from digest.updates import provisional_number

TRIES = 3
"""How often approval renders anew when the draft changes under it."""

_GIVEN = (
    "number", "stage", "approved_at", "approved_by", "content_hash", "due_at", "until", "segments",
    "rate", "despite", "unattended",
)  # fmt: skip
"""What an approval writes down of the update."""


class Blocked(CheckFailed):
    """A check found something that must be mended first; ``findings`` are those that block."""

    def __init__(self, update: Update, findings: Sequence[Finding]) -> None:
        super().__init__(
            f"{update.ref} was not approved: {len(findings)} to mend before it may go out. "
            "Mend it, or approve it despite that with a reason (--despite REASON)."
        )
        self.findings = findings


def approve(
    update: Update,
    by: str,
    *,
    at: dt.datetime | None = None,
    segments: Sequence[str] = (),
    rate: float | None = None,
    despite: str = "",
    seen_hash: str = "",
    unattended: bool = False,
) -> Update:
    """Give the draft its number for good, freeze it, and make it due.

    ``at``: by default when its schedule wants it out, else now.  ``seen_hash`` binds the approval
    to what was looked at: another content is refused.  ``unattended``: nobody looks at it, so a
    warning, which is meant for somebody's eyes, stops it like a block.  Raises Blocked where a
    check stops it and no reason is given (``despite``, kept), Refused where there is nothing to
    approve, or where the topic takes two people and nobody else has asked for this content.
    """
    fitting.refuse_text("The reason", despite, asking.LONGEST)
    for _ in range(TRIES):
        _refuse_unready(update, by)
        _refuse_unseen(update, seen_hash)
        _time(update, at)
        view = editions.view_of(update)
        email = editions.rendered(view)
        report = editions.checked(update, view, email)
        findings = report.amiss if unattended else report.blocking
        if findings and not despite.strip():
            raise Blocked(update, findings)
        update.segments, update.rate = list(segments), rate
        update.despite = despite.strip() if findings else ""
        update.unattended, update.approved_by = unattended, by
        others = editions.variants(update, report)
        if _fixed(update, view, email, others):
            return update
        update = Update.objects.select_related("topic").get(pk=update.pk)
    raise Refused("The draft keeps changing; nothing was approved. Try again in a moment.")


def unapprove(update: Update, by: str, did: str = "") -> Update:
    """Take an approval back, until the first message; the number stays with the draft.

    ``did``: what somebody has done that makes it void ("withdrew “A pier reopens”").
    """
    with transaction.atomic():
        Topic.objects.select_for_update(no_key=True).get(pk=update.topic_id)
        # Locked: the tick that makes its mailing waits for us, or we for it.
        update.refresh_from_db(from_queryset=Update.objects.select_for_update(no_key=True))
        _refuse_to_take_back(update)
        if did:
            audit(by, "voided approval", update, did=did, given_by=update.approved_by)
        else:
            audit(by, "unapproved update", update)
        _thaw(update)
        said = f"{did}, and so voided the approval" if did else "took the approval back"
        versions.keep(update, by, said, anew=True)
    return update


def mark_sent(update: Update) -> None:
    """Its mailing begins: from here nothing calls it back.  In the caller's transaction.

    Raises Refused when it was unapproved, stopped or given another time a moment ago.
    """
    due = Update.objects.filter(pk=update.pk, stage=Stage.APPROVED, due_at=update.due_at)
    if not due.update(stage=Stage.SENT):
        raise Refused(f"{update.label} is not approved for that time any more; nothing was sent.")


def _refuse_unready(update: Update, by: str) -> None:
    if update.stage in {Stage.APPROVED, Stage.SENT}:
        raise Refused(f"{update.label} of {update.topic} is approved already; nothing was changed.")
    if update.stage != Stage.DRAFT:
        raise Refused(f"{update.label} was discarded; nothing was approved.")
    ending.refuse_ended(update.topic, "nothing was approved")
    items = list(update.items.select_related("briefing"))
    if not items:
        raise Refused(
            f"The draft of {update.topic} has no items; nothing was approved. Load "
            f"briefings, then: digest assemble {update.topic.slug}"
        )
    shown = [item.briefing for item in items] + [fold.briefing for fold in update.shown_folds()]
    gone = [briefing.headline for briefing in shown if briefing.withdrawn_at]
    if gone:
        raise Refused(
            f"Withdrawn since: {'; '.join(gone)}. Nothing was approved; assemble the "
            f"draft again: digest assemble {update.topic.slug}"
        )
    if update.topic.two_people:
        asking.refuse_alone(update, by, content_hash(editions.view_of(update)))


def _refuse_unseen(update: Update, seen_hash: str) -> None:
    if seen_hash and seen_hash != content_hash(editions.view_of(update)):
        raise Refused(
            "The draft has changed since you looked at it; nothing was approved. Look at "
            "it again, then approve."
        )


def _refuse_to_take_back(update: Update) -> None:
    if update.stage == Stage.SENT:
        raise Refused(
            f"{update.label} is on its way; it can only be cancelled: digest cancel {update.ref}"
        )
    if update.stage != Stage.APPROVED:
        raise Refused(f"{update.label} of {update.topic} is not approved; nothing was changed.")
    if update.topic.updates.filter(stage=Stage.DRAFT).exists():
        raise Refused(
            f"{update.topic} has a newer draft; nothing was changed. Discard that first: "
            f"digest discard {update.topic.slug}/draft"
        )
    if update.topic.updates.filter(number__gt=update.number or 0).exists():
        raise Refused(f"{update.label} is followed by a later number; nothing was changed.")


def _time(update: Update, at: dt.datetime | None) -> None:
    now = timezone.now()
    # The masthead's date: never one that has passed.
    update.due_at = max(at or update.planned_at or now, now)
    # The next update begins where this one ends: an end that lies ahead would put it off.
    update.until = min(update.until, now)


@transaction.atomic
def _fixed(
    update: Update, view: EmailView, email: RenderedEmail, others: Sequence[editions.Variant]
) -> bool:
    """Fix number and content; False when the draft is no longer what was rendered.

    The topic's row is locked, so that two approvals at once take their turn, and numbers have
    neither gaps nor doubles; the update's too, so that an edit comes before or after, never within.
    """
    Topic.objects.select_for_update(no_key=True).get(pk=update.topic_id)
    locked = Update.objects.select_for_update(no_key=True, of=("self",))
    now = locked.select_related("topic").get(pk=update.pk)
    _refuse_unready(now, update.approved_by)
    now.due_at = update.due_at
    if content_hash(editions.view_of(now)) != content_hash(view):
        return False
    update.number = provisional_number(now)
    update.stage, update.approved_at = Stage.APPROVED, timezone.now()
    update.content_hash = content_hash(view)
    update.save(update_fields=_GIVEN)  # what else was changed while it was rendered stands
    _freeze(update, now)
    editions.keep(view, email, now.topic, update)
    for other in others:
        if not other.faults:
            editions.keep(other.view, other.email, now.topic, update, other.name)
    audit(
        update.approved_by,
        "approved update",
        update,
        hash=update.content_hash,
        despite=update.despite,
        segments=update.segments,
        not_to_be_had={one.name: one.faults[0].message for one in others if one.faults},
    )
    asking.approved(update, update.approved_by)
    versions.keep(update, update.approved_by, f"approved it as {update.label}", anew=True)
    return True


def _freeze(update: Update, now: Update) -> None:
    """Keep what it says, whatever becomes of its briefings; they are consumed from here on.

    ``now``: the same update, as the database has it.
    """
    items = list(update.items.select_related("briefing__topic"))
    for item, said in zip(items, carrying.contents(now, items), strict=True):
        item.frozen = said.model_dump(mode="json")
        item.closed = closing.closes(item.briefing.status, now.topic)
        item.save(update_fields=["frozen", "closed"])
    parties.keep(items)
    for fold in update.folds.select_related("briefing__topic"):
        fold.frozen = fold.briefing.data.model_dump(mode="json")
        fold.save(update_fields=["frozen"])
    consumed = Q(items__update=update) | Q(folds__update=update)
    Briefing.objects.filter(pk__in=Briefing.objects.filter(consumed).values("pk")).update(
        carried_in=update, moved_on=False
    )


def _thaw(update: Update) -> None:
    """Undo all that an approval wrote, but for the number."""
    update.stage, update.content_hash, update.approved_at = Stage.DRAFT, "", None
    update.approved_by, update.due_at, update.despite = "", None, ""
    update.save()
    update.editions.filter(kind="update").delete()  # what was sent as a test stays as sent
    update.links.all().delete()
    update.items.update(frozen=None, closed=False)
    update.folds.update(frozen=None)
    Statement.objects.filter(item__update=update).delete()
    for item in update.items.select_related("briefing"):
        _carry_back(item.briefing)
    for fold in update.folds.select_related("briefing__topic"):
        _carry_back(fold.briefing)


def _carry_back(briefing: Briefing) -> None:
    """Make the briefing what it was before the approval that is taken back."""
    before = carrying.last_carried(briefing)
    briefing.carried_in = before[0] if before else None
    briefing.moved_on = before is not None and changes.is_material(before[1], briefing.data)
    briefing.save(update_fields=["carried_in", "moved_on"])
