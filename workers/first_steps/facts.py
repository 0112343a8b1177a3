"""What is there already, of the topic that is furthest along: nothing is remembered of clicks."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef

from digest import ending
from digest.briefings import Briefing
from digest.feeds import Feed
from digest.models import Stage, Topic, Update
from digest.requesting import RequestedTest
from subscribers.models import Subscription, SubscriptionState
from workers.models import Mailing, MailingKind, MailingState, Schedule

MANY = 1000
"""Readers that are counted; a list that was moved in may have a million."""


@dataclass(frozen=True)
class Facts:
    """What stands in the database. Without a topic there is nothing else."""

    topic: Topic | None = None
    topics: int = 0
    briefings: int = 0
    sources: int = 0
    update: Update | None = None
    """The newest, with ``size``: its items."""
    readers: int = 0
    asked: int = 0
    """People who have been asked whether they want to be readers, and haven't said yes."""
    test: RequestedTest | None = None
    """The newest."""
    tested: bool = False
    """Whether any has reached somebody."""
    schedule: Schedule | None = None
    mailing: Mailing | None = None
    """The newest of an update."""


def has_gone_out() -> bool:
    """Whether an update has reached anybody: with that the first hour is over."""
    done = Mailing.objects.filter(kind=MailingKind.SCHEDULED, state=MailingState.DONE)
    return done.filter(accepted__gt=0).exists()


def looked_up() -> Facts:
    """The facts, in a dozen small queries."""
    topic = _furthest()
    if topic is None:
        return Facts()
    updates = topic.updates.exclude(stage=Stage.DISCARDED)
    mailings = Mailing.objects.filter(topic=topic).select_related("update")
    tests = mailings.filter(kind=MailingKind.TEST, accepted__gt=0)
    return Facts(
        topic=topic,
        topics=ending.living().count(),
        briefings=topic.briefings.filter(withdrawn_at=None).count(),
        sources=Feed.objects.filter(topic=topic).count(),
        update=updates.annotate(size=Count("items")).order_by("-pk").first(),
        readers=_people(topic, SubscriptionState.CONFIRMED),
        asked=_people(topic, SubscriptionState.PENDING),
        test=RequestedTest.objects.filter(update__topic=topic).order_by("-pk").first(),
        tested=tests.exists(),
        schedule=Schedule.objects.filter(topic=topic).first(),
        mailing=mailings.filter(kind=MailingKind.SCHEDULED).order_by("-pk").first(),
    )


def _furthest() -> Topic | None:
    drafted = Update.objects.filter(topic=OuterRef("pk")).exclude(stage=Stage.DISCARDED)
    written = Briefing.objects.filter(topic=OuterRef("pk"), withdrawn_at=None)
    topics = ending.living().annotate(drafted=Exists(drafted), written=Exists(written))
    return topics.order_by("-drafted", "-written", "pk").first()


def _people(topic: Topic, state: SubscriptionState) -> int:
    """How many there are, up to one more than MANY."""
    return Subscription.objects.filter(topic=topic, state=state)[: MANY + 1].count()
