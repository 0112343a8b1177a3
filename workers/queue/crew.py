"""Who is at work: workers alive, and the leases that are out."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from workers import presence
from workers.models import URGENT, Batch, BatchState, Mailing, Worker
from workers.routes import choosing

QUEUES = ("tick", "urgent", "bulk")
"""Each needs a worker: the schedule, what a person waits for, updates."""

GONE = dt.timedelta(hours=1)
"""How long a worker that ended without a word is named."""


@dataclass(frozen=True)
class Hand:
    """One worker that is alive."""

    queues: tuple[str, ...]
    host: str
    pid: int
    since: dt.datetime
    places: int
    seen: dt.datetime

    @property
    def machine(self) -> str:
        return _plain(self.host)


@dataclass(frozen=True)
class Crew:
    """The workers, and how many batches of which mailing and on which machine are leased."""

    hands: tuple[Hand, ...]
    leased: Counter[int]
    on_host: Counter[str]

    def serves(self, kind: str) -> bool:
        """Whether anybody is alive who sends mailings of this kind."""
        return self.has("urgent" if kind in URGENT else "bulk")

    def has(self, queue: str) -> bool:
        return any(queue in hand.queues for hand in self.hands)

    @property
    def missing(self) -> list[str]:
        """Queues that nobody serves."""
        return [queue for queue in QUEUES if not self.has(queue)]

    @property
    def machines(self) -> list[tuple[str, list[Hand], int]]:
        """(machine, its workers, batches they hold)."""
        hosts = dict.fromkeys([hand.host for hand in self.hands] + sorted(self.on_host))
        return [
            (_plain(host), [hand for hand in self.hands if hand.host == host], self.on_host[host])
            for host in hosts
        ]


def crew() -> Crew:
    """In two queries."""
    hands = tuple(_hand(one) for one in presence.alive())
    leases = list(Batch.objects.filter(state=BatchState.LEASED).values_list("mailing_id", "host"))
    return Crew(hands, Counter(one for one, _ in leases), Counter(host for _, host in leases))


def gone() -> list[Hand]:
    """Workers that fell silent within the hour, and said no goodbye."""
    return [_hand(one) for one in presence.silent(GONE)]


def _hand(one: Worker) -> Hand:
    queues = tuple(one.queues.split(","))
    return Hand(queues, one.host, one.pid, one.started_at, one.places, one.seen_at)


def asked(mailings: Iterable[Mailing]) -> dict[int, float | None]:
    """By mailing the messages a second that were asked for: its own, all mailings' and its routes';
    None: no limit."""
    found = choosing.ways() if choosing.is_any_limited() else []
    return {one.id: choosing.limit(found, one.rate, one.kind, one.topic_id) for one in mailings}


def _plain(host: str) -> str:
    """The machine's own name, without what makes it ours for good."""
    return host.rpartition("-")[0] or host
