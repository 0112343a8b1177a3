"""Segments under their names: made, changed, renamed, deleted; and the updates that go to them."""

from typing import Any

from django.db import transaction

from digest.audit import audit
from digest.depths import Depths
from digest.errors import NotFound, Refused
from digest.models import Stage, Update
from subscribers import segments
from subscribers.models import Segment


@transaction.atomic
def keep(segment: Segment | None, name: str, rule: Any, variant: str, by: str) -> Segment:
    """Make a segment, or change one, its name too. Raises Refused as ``save`` does, and for a name
    that another has or that an approved update waits for."""
    name = segments.fit_name(name)
    segments.check(rule)
    if variant not in Depths.values:
        raise Refused(f"There is no depth {variant!r}; nothing was changed.")
    was = segment.name if segment else ""
    if name != was and Segment.objects.filter(name=name).exists():
        raise Refused(f"There is a segment {name} already; nothing was changed.")
    if was and name != was:
        _refuse_while_waited_for(was)
    one = segment or Segment()
    one.name, one.rule, one.variant = name, rule, variant
    one.save()
    audit(
        by,
        "changed segment" if was else "added segment",
        name,
        rule=rule,
        depth=variant,
        **({"was": was} if was and was != name else {}),
    )
    return one


@transaction.atomic
def rename(name: str, to: str, by: str) -> None:
    """Call a segment something else."""
    one = named(name)
    keep(one, to, one.rule, one.variant, by)


@transaction.atomic
def delete(name: str, by: str) -> None:
    """Delete a segment; Refused while an approved update waits to go to it."""
    one = named(name)
    _refuse_while_waited_for(name)
    audit(by, "deleted segment", name, rule=one.rule)
    one.delete()


def named(name: str) -> Segment:
    """The segment of this name; NotFound where there is none."""
    one = Segment.objects.filter(name=name).first()
    if one is None:
        raise NotFound(f"There is no segment {name!r}; nothing was changed. "
                       "digest segment list names them.")  # fmt: skip
    return one


def waiting_for(name: str) -> list[Update]:
    """Approved updates that go to this segment, and have not set out."""
    approved = Update.objects.filter(stage=Stage.APPROVED).select_related("topic")
    return [update for update in approved if name in update.segments]


def sent_to(name: str) -> list[Update]:
    """Updates that went to this segment, the newest first; of the last hundred that were sent."""
    sent = Update.objects.filter(stage=Stage.SENT).select_related("topic").order_by("-id")[:100]
    return [update for update in sent if name in update.segments]


def _refuse_while_waited_for(name: str) -> None:
    if waiting := waiting_for(name):
        refs = ", ".join(update.ref for update in waiting)
        raise Refused(
            f"{refs} is approved and goes to {name}; nothing was changed. Take the approval back, "
            "or wait until it has set out."
        )
