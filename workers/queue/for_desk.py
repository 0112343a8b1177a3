"""Pieces of the desk's pages that only the queue knows, a page's worth in one answer.

Each piece names the place it belongs to (htmx's out-of-band swap); until it comes, and without
script, a link stands there.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import F, OuterRef, Q, Subquery, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from digest import ending
from digest.models import Topic
from workers import schedule, slots
from workers.models import Mailing, MailingKind, MailingState, Schedule, Slot
from workers.queue.cards import ENDED, UNCERTAIN_FOR, WANT_A_PERSON, Card, settled
from workers.queue.seen_by import looks

MOST = 100
"""Updates in one answer; a page of the desk has half as many."""

BARS = 8
"""Updates whose readers the chart on the desk's front page shows."""


TALL = 40
"""The chart's height."""


@dataclass(frozen=True)
class Bar:
    """An update in the chart: its readers and how many of them it has gone to, with the heights."""

    number: int
    readers: int
    accepted: int
    most: int

    @property
    def height(self) -> int:
        """Of all its readers."""
        return round(TALL * self.readers / self.most)

    @property
    def gone(self) -> int:
        """Of those it has gone to."""
        return round(TALL * self.accepted / self.most)

    @property
    def top(self) -> int:
        return TALL - self.height

    @property
    def gone_top(self) -> int:
        return TALL - self.gone


@dataclass
class OfTopic:
    """What the queue knows of a topic: when it goes out next, and what became of its last ones."""

    topic: Topic
    rule: Schedule | None
    next_at: dt.datetime | None
    last: Slot | None
    cards: list[Card] = field(default_factory=list)

    @property
    def card(self) -> Card | None:
        """The newest of its mailings."""
        return self.cards[0] if self.cards else None

    @property
    def bars(self) -> list[Bar]:
        """Its last mailings, the oldest first."""
        most = max((card.wanted for card in self.cards), default=0) or 1
        return [
            Bar(
                number=card.mailing.update.number or 0,
                readers=card.wanted,
                accepted=card.mailing.accepted,
                most=most,
            )
            for card in reversed(self.cards)
            if card.mailing.update
        ]


@looks
def of_desk(request: HttpRequest) -> HttpResponse:
    """For the desk's front page: every topic's next slot and last mailings, and what needs a
    person; in as many queries as for one topic."""
    page = {"topics": _topics(), "held": list(slots.held()[:MOST]), "pressing": _pressing()}
    return render(request, "queue/for_desk.html", page)


@looks
def of_topic(request: HttpRequest, topic: str) -> HttpResponse:
    """What became of the main mailings of a topic's updates, numbered ``from`` … ``to``."""
    found = get_object_or_404(Topic, slug=topic)
    rows = Mailing.objects.filter(
        update__topic=found,
        kind=MailingKind.SCHEDULED,
        update__number__range=(_number(request, "from"), _number(request, "to")),
    )
    mailings = rows.select_related("update__topic", "topic").order_by("-update__number")
    cards: list[Card] = settled(list(mailings[:MOST]))
    return render(request, "queue/for_topic.html", {"topic": found, "cards": cards})


def _topics() -> list[OfTopic]:
    now = timezone.now()
    slot = Slot.objects.filter(topic=OuterRef("pk"), due_at__lte=now).order_by("-due_at")
    topics = list(ending.living().annotate(last_slot=Subquery(slot.values("pk")[:1])))
    rules = {rule.topic_id: rule for rule in Schedule.objects.select_related("topic")}
    lasts = Slot.objects.select_related("update").in_bulk([one.last_slot for one in topics])
    found = {
        one.pk: OfTopic(
            topic=one,
            rule=rules.get(one.pk),
            next_at=schedule.next_update(rules[one.pk]) if one.pk in rules else None,
            last=lasts.get(one.last_slot),
        )
        for one in topics
    }
    for card in settled(_last_mailings()):
        if card.mailing.topic_id in found:
            found[card.mailing.topic_id].cards.append(card)
    return list(found.values())


def _last_mailings() -> Sequence[Mailing]:
    """Each topic's last main mailings, the newest first."""
    place = Window(RowNumber(), partition_by=F("topic"), order_by=F("update__number").desc())
    rows = Mailing.objects.filter(kind=MailingKind.SCHEDULED, update__number__isnull=False)
    newest = rows.annotate(place=place).filter(place__lte=BARS)
    return list(newest.select_related("update", "topic").order_by("-update__number"))


def _pressing() -> list[Card]:
    """Mailings that wait for a person: stopped, or with messages that nobody knows the fate of."""
    stopped = Q(state__in=[*WANT_A_PERSON, MailingState.PAUSED])
    since = timezone.now() - UNCERTAIN_FOR
    unsettled = Q(state__in=ENDED, uncertain__gt=0, due_at__gte=since)
    rows = Mailing.objects.filter(stopped | unsettled).select_related("update__topic", "topic")
    return settled(rows.order_by("due_at", "id")[:MOST])


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
