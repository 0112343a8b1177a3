"""An approval holds for what was approved: what changes that voids it, until the first message.

The update becomes a draft again, with its number, and waits for a new approval. Where it can't,
since a later one is drafted or approved, it is stopped: it has no time any more, so nothing goes
out until a person has looked.
"""

from django.db import transaction
from django.db.models import Q

from digest import approval, editions, versions
from digest.audit import audit
from digest.briefings import Briefing
from digest.errors import Refused
from digest.models import Stage, Topic, Update, from_address
from digest.rendering.view import content_hash


def of_briefing(briefing: Briefing, by: str, did: str) -> list[Update]:
    """Void the approvals of updates that wait and tell this briefing; those updates."""
    told = Q(items__briefing=briefing) | Q(folds__briefing=briefing)
    waiting = Update.objects.filter(told, stage=Stage.APPROVED).distinct()
    return [one for one in waiting.order_by("-number") if void(one, by, did)]


def of_topic(topic: Topic, by: str, did: str) -> list[Update]:
    """Void those of the topic whose mails would be others now: its name or look was changed."""
    waiting = topic.updates.filter(stage=Stage.APPROVED).select_related("topic")
    return [one for one in waiting.order_by("-number") if _differs(one) and void(one, by, did)]


@transaction.atomic
def void(update: Update, by: str, did: str) -> bool:
    """Make it a draft again, or stop it; False where it is on its way already."""
    try:
        with transaction.atomic():
            approval.unapprove(update, by, did)
    except Refused:
        return _stopped(update, by, did)
    return True


def _stopped(update: Update, by: str, did: str) -> bool:
    """Without a time nothing of it goes out."""
    if not Update.objects.filter(pk=update.pk, stage=Stage.APPROVED).update(due_at=None):
        return False
    update.refresh_from_db()
    audit(by, "stopped update", update, did=did, given_by=update.approved_by)
    versions.keep(update, by, f"{did}, and so stopped it", anew=True)
    return True


def told(update: Update) -> str:
    """What became of it, for whoever has just done that."""
    name = f"Update #{update.number} of {update.topic}"
    if update.stage == Stage.DRAFT:
        return f"{name} was approved and waited: it is a draft again, and wants a new approval."
    return (
        f"{name} was approved and waited: it is stopped, and nothing of it goes out. It can't be a "
        "draft again while a later one is drafted or approved."
    )


def _differs(update: Update) -> bool:
    edition = editions.frozen(update)
    if edition is None or edition.sender != from_address(update.topic):
        return True
    return content_hash(editions.view_of(update)) != update.content_hash
