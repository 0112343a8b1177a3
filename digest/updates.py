"""Finding topics and updates by the names that people type."""

import re

from django.db.models import Max

from digest.errors import NotFound, Refused
from digest.models import Stage, Topic, Update

_REF = re.compile(r"(?P<topic>[a-z0-9-]+)/(?P<number>[1-9][0-9]{0,8}|draft)")


def topic(slug: str) -> Topic:
    """The topic with this slug; NotFound says which there are."""
    found = Topic.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(Topic.objects.values_list("slug", flat=True)[:10])
        raise NotFound(
            f"There is no topic {slug!r}; nothing was changed. "
            + (
                f"Topics are: {known}."
                if known
                else f"Add it with: digest topic add {slug} --name NAME"
            )
        )
    return found


def find(ref: str) -> Update:
    """The update that ``topic/2`` or ``topic/draft`` names."""
    match = _REF.fullmatch(ref)
    if match is None:
        raise Refused(
            f"{ref!r} names no update. Write topic/number or topic/draft, e.g. medias-ai-pivot/2"
        )
    of = topic(match["topic"])
    updates = Update.objects.select_related("topic").filter(topic=of)
    if match["number"] == "draft":
        found = updates.filter(stage=Stage.DRAFT).first()
        mend = f"Make one with: digest assemble {of.slug}"
    else:
        found = updates.filter(number=int(match["number"])).first()
        last = updates.exclude(number=None).order_by("-number").first()
        mend = f"The last one is #{last.number}." if last else "None has a number yet."
    if found is None:
        raise NotFound(f"{of.name} has no {ref.rpartition('/')[2]!r} update. {mend}")
    return found


def provisional_number(update: Update) -> int:
    """The number that approval would give now; the update's own once it has one."""
    if update.number is not None:
        return update.number
    last = update.topic.updates.aggregate(last=Max("number"))["last"]
    return (last or 0) + 1
