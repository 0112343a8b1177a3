"""A mailing to five readers, and the relay that it goes to: for tests that send.

``tests/test_sending.py`` and ``tests/faults`` have these as fixtures.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from digest import approval, drafting
from digest.models import Topic
from tests.briefings import keep_briefing
from tests.ledgering import readers
from workers import audience, balance, departures, identity, ledger, sending
from workers.drill.checker import Claim, Rule, judge
from workers.journal import Journal
from workers.models import BULK, Mailing
from workers.relay import Limits, Relay
from workers.routes import carriers, choosing
from workers.routes.models import Route
from workers.smtp import Client


@pytest.fixture
def relay(sink: tuple[str, Path], settings: Any) -> Iterator[Path]:
    """A relay that takes everything; what it took is in this file."""
    settings.SMTP_URL = sink[0]
    yield sink[1]
    carriers.close_all()


Through = Callable[[Relay, Limits], None]


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> Iterator[Through]:
    """``through(relay, limits)``: from now on mail goes that way."""
    clients: list[Client] = []

    def choose(relay: Relay, limits: Limits) -> None:
        clients.append(Client(relay, limits))
        monkeypatch.setattr(carriers, "carrier", lambda _, hurried: clients[-1])
        looked_at()

    yield choose
    for client in clients:
        client.close()


def looked_at() -> None:
    """As if every route that was set aside had been looked at, and were well."""
    Route.objects.update(aside_until=None, trouble="")


@pytest.fixture
def due(pivot: Topic) -> Mailing:
    """A mailing of an approved update to five readers, its audience filled."""
    return due_to(pivot, 5)


def due_to(topic: Topic, many: int, rate: float | None = None) -> Mailing:
    """The same to so many, reader1@example.org and on."""
    readers(topic, many)
    keep_briefing(topic, "story")
    approval.approve(drafting.draft(topic), by="pia", rate=rate)
    (made,) = departures.take_due_updates()
    audience.fill(made)
    return Mailing.objects.get(id=made)


@pytest.fixture
def dead(due: Mailing) -> Journal:
    """The journal of a worker that claimed the batch and is then no more."""
    assert ledger.claim(BULK, identity.host(), "dead") is not None
    return Journal.open(identity.journals(), "dead")


@pytest.fixture
def outbox(due: Mailing) -> Iterator[sending._Outbox]:
    """What a client that is slow to begin asks of the batch."""
    batch = ledger.claim(BULK, identity.host(), identity.worker())
    assert batch is not None
    journal = Journal.open(identity.journals(), "slow")
    yield sending._Outbox(batch, journal, choosing.default())
    journal.close(remove=True)


def received(relay: Path) -> list[str]:
    return sorted(relay.read_text().split()) if relay.exists() else []


def states(sent: Mailing) -> dict[str, str]:
    return dict(sent.deliveries.order_by("id").values_list("address", "state"))


def holds(sent: Mailing, got: Iterable[str], *, uncertain: int = 0, ended: bool = True) -> None:
    """The drill's checker: what every fault must leave true of the ledger and the relay."""
    sheet = balance.sheet(sent)
    claim = Claim(list(states(sent).items()), sheet.candidates, sheet.balanced)
    broken = dict(judge(got, claim, sheet.candidates, uncertain).broken)
    if not ended:
        broken.pop(Rule.SETTLED, None)
    assert broken == {}
