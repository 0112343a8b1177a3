"""A topic that has ended: nothing new comes of it, and what it was stays.

No slot comes due, no feed is read, nothing is drafted or approved, and nobody is asked to sign up.
Its updates stay in the archive and can be corrected; its readers keep their links, and nobody of
them is written to. It can be reopened, and then goes on where it stood.
"""

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from digest.audit import audit
from digest.errors import Refused
from digest.models import Stage, Topic, Update


@transaction.atomic
def end(topic: Topic, by: str) -> Topic:
    """End it; Refused while an update of it is approved or on its way."""
    topic = Topic.objects.select_for_update(no_key=True).get(pk=topic.pk)
    if topic.ended_at:
        raise Refused(f"{topic} has ended already; nothing was changed.")
    if update := _leaving(topic):
        what = "is approved" if update.stage == Stage.APPROVED else "is on its way"
        mend = "Take that back" if update.stage == Stage.APPROVED else "Wait until it is done"
        raise Refused(
            f"{update.label} of {topic} {what}; nothing was changed. {mend}, then end the topic."
        )
    topic.ended_at = timezone.now()
    topic.save(update_fields=["ended_at"])
    # Its draft stays, and waits for no time any more.
    topic.updates.filter(stage=Stage.DRAFT).update(planned_at=None)
    audit(by, "ended topic", topic.slug)
    return topic


@transaction.atomic
def reopen(topic: Topic, by: str) -> Topic:
    """Have it go on: its schedule from its next time, its feeds at once."""
    topic = Topic.objects.select_for_update(no_key=True).get(pk=topic.pk)
    if not topic.ended_at:
        raise Refused(f"{topic} has not ended; nothing was changed.")
    topic.ended_at = None
    topic.save(update_fields=["ended_at"])
    audit(by, "reopened topic", topic.slug)
    return topic


def living() -> QuerySet[Topic]:
    """Topics that have not ended."""
    return Topic.objects.filter(ended_at=None)


def refuse_ended(topic: Topic, kept: str) -> None:
    """Refused where it has ended; ``kept`` says what was not done."""
    if topic.ended_at:
        raise Refused(
            f"{topic} ended on {topic.ended_at:%d %B %Y}; {kept}. Reopen it first, in its "
            f"settings or with: digest topic reopen {topic.slug}"
        )


def _leaving(topic: Topic) -> Update | None:
    """An update of it that is approved, or has a mailing that is not done; the earliest."""
    sending = Q(stage=Stage.SENT, mailings__isnull=False, mailings__finished_at=None)
    waiting = topic.updates.filter(Q(stage=Stage.APPROVED) | sending)
    return waiting.order_by("number").first()
