"""What moves the mail, as a page and the terminal show it: workers, leases, broker and tick."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q
from django.db.models.functions import Now
from django.utils import timezone

from workers.models import Batch, BatchState, Delivery, DeliveryState
from workers.queue import cards
from workers.queue.clock import span
from workers.queue.crew import Crew, Hand, crew, gone
from workers.queue.speed import WINDOW
from workers.watch import readings
from workers.watch.readings import BrokerState

MEANT_FOR = {
    "tick": "what is due, each second",
    "urgent": "what a person waits for",
    "bulk": "updates to their audiences",
    "import": "lists, feeds and the mailbox",
}

MOST = 50
"""Leases that are shown."""


@dataclass(frozen=True)
class Line:
    """One queue: who serves it, and how many wake-ups wait in the broker."""

    name: str
    workers: int
    waiting: int | None  # None: the broker does not say

    @property
    def meant_for(self) -> str:
        return MEANT_FOR[self.name]


@dataclass(frozen=True)
class Lease:
    """A batch that a worker has, and how fast it goes."""

    batch: Batch
    left: int
    speed: float
    now: dt.datetime

    @property
    def title(self) -> str:
        return cards.title(self.batch.mailing)

    @property
    def machine(self) -> str:
        return self.batch.host.rpartition("-")[0] or self.batch.host

    @property
    def process(self) -> str:
        """The sending process, as its journal is named."""
        return self.batch.worker.partition("-")[0]

    @property
    def silent(self) -> str:
        """For how long its worker has not renewed it, where that is too long; else ""."""
        until = self.batch.leased_until
        return span(self.now - until) if until and until < self.now else ""


@dataclass(frozen=True)
class Works:
    """All of it at one moment."""

    crew: Crew
    gone: Sequence[Hand]
    broker: BrokerState
    lines: Sequence[Line]
    leases: Sequence[Lease]
    tick_age: float | None
    late: Sequence[str]

    @property
    def ticks(self) -> bool:
        return ticks(self.tick_age)

    @property
    def ticked(self) -> str:
        """When somebody last looked for what is due, in words."""
        if self.tick_age is None:
            return "Nobody has looked for what is due yet."
        if self.tick_age < 2:
            return "Looked for what is due within the last second."
        return f"Last looked for what is due {span(dt.timedelta(seconds=self.tick_age))} ago."


def ticks(age: float | None) -> bool:
    """Whether somebody looks for what is due, by the seconds since they last did."""
    return age is not None and age <= readings.TICK_LATE


def works() -> Works:
    """In few queries, and one round trip to the broker."""
    team, broker = crew(), readings.broker()
    return Works(
        crew=team,
        gone=gone(),
        broker=broker,
        lines=[
            Line(name, sum(name in hand.queues for hand in team.hands), broker.waiting.get(name))
            for name in readings.QUEUES
        ],
        leases=leases(),
        tick_age=readings.tick_age(timezone.now()),
        late=readings.late(),
    )


def leases() -> list[Lease]:
    """Batches on lease, the one that is silent for longest first."""
    rows = Batch.objects.filter(state=BatchState.LEASED).annotate(now=Now())
    found = list(
        rows.select_related("mailing__update__topic", "mailing__topic").order_by("leased_until")[
            :MOST
        ]
    )
    waits = Q(state=DeliveryState.QUEUED)
    lately = Q(settled_at__gte=Now() - WINDOW) & ~Q(state=DeliveryState.EXCLUDED)
    rows_of = Delivery.objects.filter(batch__in=[one.id for one in found]).values("batch_id")
    counted = {
        batch: (left, many)
        for batch, left, many in rows_of.annotate(
            left=Count("id", filter=waits), many=Count("id", filter=lately)
        ).values_list("batch_id", "left", "many")
    }
    return [_lease(one, *counted.get(one.id, (0, 0))) for one in found]


def _lease(batch: Batch, left: int, lately: int) -> Lease:
    now: dt.datetime = batch.now  # type: ignore[attr-defined]  # annotated above
    begun = batch.dated_at or now
    seconds = min(WINDOW, max(now - begun, dt.timedelta(seconds=1))).total_seconds()
    return Lease(batch, left, lately / seconds, now)
