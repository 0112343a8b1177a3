"""Where each topic stands, for the desk's front page: in as many queries as for one."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from digest import closing
from digest.audit import AuditEntry
from digest.briefings import Briefing
from digest.drafting import FIRST_WINDOW
from digest.feeds import Feed
from digest.models import Item, Stage, Topic, Update
from digest.teamwork import Answer, ApprovalRequest


@dataclass
class Standing:
    """Where a topic stands: at most one draft, what is approved, what went out last."""

    topic: Topic
    draft: Update | None = None
    """With ``size``, ``touched_by`` and ``touched_at``: its items, and who did what to it last."""
    asked: ApprovalRequest | None = None
    """Who asks that the draft be approved, where somebody does."""
    sent_back: ApprovalRequest | None = None
    """Who had asked, where the draft was sent back with words on what to change."""
    approved: list[Update] = field(default_factory=list)
    last: Update | None = None
    waiting: int = 0
    """Briefings that are new, or have moved on, since the last update."""
    held: int = 0
    """Briefings that wait until an editor has looked at them."""
    ailing: int = 0
    """Sources that can't be read just now, or are gone for good."""

    @property
    def urgency(self) -> tuple[int, str]:
        """Sorts what needs a person first."""
        if self.draft:
            return 0, self.topic.name
        if self.waiting or self.held or self.ailing:
            return 1, self.topic.name
        return (2 if self.approved else 3), self.topic.name


def standings(now: dt.datetime) -> list[Standing]:
    """Every topic's standing, in eight queries however many topics there are."""
    by_topic = {topic.pk: Standing(topic) for topic in Topic.objects.all()}
    for update in _open_updates():
        standing = by_topic[update.topic_id]
        if update.stage == Stage.DRAFT:
            standing.draft = update
        else:
            standing.approved.append(update)
    for request in _requests():
        standing = by_topic[request.update.topic_id]
        standing.asked = request if request.answer == Answer.OPEN else None
        standing.sent_back = request if request.answer == Answer.SENT_BACK else None
    for update in _last_sent():
        by_topic[update.topic_id].last = update
    for topic, waiting in _waiting(now).items():
        by_topic[topic].waiting = waiting
    for topic, held in _counted(Briefing.objects.filter(withdrawn_at=None, held_at__isnull=False)):
        by_topic[topic].held = held
    ailing = Feed.objects.filter(Q(failures__gt=0) | ~Q(trouble="") | Q(gone_at__isnull=False))
    for topic, feeds in _counted(ailing.filter(paused_at=None)):
        by_topic[topic].ailing = feeds
    return sorted(by_topic.values(), key=lambda one: one.urgency)


def _counted(rows: QuerySet[Any]) -> Iterable[tuple[int, int]]:
    """How many there are of each topic, by its id."""
    return dict(rows.values_list("topic").annotate(Count("pk")).order_by()).items()


def _open_updates() -> list[Update]:
    stages = [Stage.DRAFT, Stage.APPROVED]
    found = Update.objects.filter(stage__in=stages).select_related("topic")
    touched = AuditEntry.objects.filter(update=OuterRef("pk")).order_by("-pk")
    return list(
        found.defer("left_out", "likely")
        .annotate(
            size=Count("items"),
            touched_by=Subquery(touched.values("who")[:1]),
            touched_at=Subquery(touched.values("at")[:1]),
        )
        .order_by("due_at")
    )


def _requests() -> QuerySet[ApprovalRequest]:
    """What was asked of the drafts, the newest last."""
    found = ApprovalRequest.objects.filter(update__stage=Stage.DRAFT).exclude(answer=Answer.VOID)
    return found.select_related("update").order_by("pk")


def _last_sent() -> list[Update]:
    sent = Update.objects.filter(stage=Stage.SENT, topic=OuterRef("topic")).order_by("-number")
    last = Update.objects.filter(stage=Stage.SENT, number=Subquery(sent.values("number")[:1]))
    return list(last.select_related("topic"))


def _waiting(now: dt.datetime) -> dict[int, int]:
    approved = Update.objects.filter(
        topic=OuterRef("topic"), stage__in=[Stage.APPROVED, Stage.SENT]
    ).order_by("-number")
    since = Coalesce(Subquery(approved.values("until")[:1]), Value(now - FIRST_WINDOW))
    fresh = Q(carried_in=None, published_at__gt=F("since")) | Q(moved_on=True)
    found = (
        Briefing.objects.filter(withdrawn_at=None, held_at=None).annotate(since=since).filter(fresh)
    )
    waiting = dict(found.values_list("topic").annotate(Count("pk")).order_by())
    for topic in _still_closed():
        if waiting.get(topic):  # they were counted a moment ago
            waiting[topic] -= 1
    return waiting


def _still_closed() -> list[int]:
    """For each story that was told as closed and has changed without opening again: its topic."""
    told = Item.objects.filter(
        closed=True,
        update=F("briefing__carried_in"),
        briefing__moved_on=True,
        briefing__withdrawn_at=None,
        briefing__held_at=None,
    ).select_related("briefing__topic")
    stories = [item.briefing for item in told]
    return [one.topic_id for one in stories if closing.closes(one.status, one.topic)]
