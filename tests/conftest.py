"""The people and things that tests speak of."""

import datetime as dt
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from digest import drafting, staff
from digest.briefings import Briefing
from digest.clicks.tally import Tally
from digest.models import Topic, Update
from subscribers.models import Subscriber, Subscription, SubscriptionState, address_hash
from tests import migrated, newsroom
from tests.sends import dead, due, outbox, relay, through
from workers import schedule
from workers.embedded import broker
from workers.models import Schedule
from workers.rules import Rule

__all__ = ["dead", "due", "outbox", "relay", "through"]  # fixtures

# WhiteNoise warns of a folder that isn't there, and warnings are errors here.
Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


Tally.later = lambda _self: None  # type: ignore[method-assign]  # a test says when

TODAY = timezone.now().replace(microsecond=0) - dt.timedelta(hours=2)
"""The same moment for a whole run: what one test has rendered need not be rendered for the next."""

LONG = {"journeys", "browser"}
"""Folders of tests that take real servers and browsers, and so their time."""

FIRST = {"journeys", "faults"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    elsewhere = []
    for item in items:
        if item.path.parent.name in LONG:
            item.add_marker("long")
        slow = item.get_closest_marker("long_on")
        if slow and slow.args[0] == connection.vendor:
            item.add_marker("long")
        only = item.get_closest_marker("only_on")
        if only and only.args[0] != connection.vendor:
            elsewhere.append(item)
    config.hook.pytest_deselected(items=elsewhere)
    gone = set(elsewhere)
    items[:] = [item for item in items if item not in gone]
    # Files of a few long tests first: else one of them runs alone at the end.
    items.sort(key=lambda item: item.path.parent.name not in FIRST)


if connection.vendor == "sqlite":

    @pytest.fixture(scope="session")
    def django_db_setup(django_test_environment: None) -> None:
        """Ours, migrated already, in place of one that each process of a run would migrate."""
        name = Path(settings.DATABASES["default"]["TEST"]["NAME"])
        migrated.copy(name)
        connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = str(name)


@pytest.fixture
def edda(db: None) -> User:
    """An editor: writes and arranges, does not approve."""
    return staff.add_user("edda@example.org", "editor")


@pytest.fixture
def pia(db: None) -> User:
    """A publisher: approves too."""
    return staff.add_user("pia@example.org", "publisher")


@pytest.fixture
def otto(db: None) -> User:
    """Ops: watches what is being sent."""
    return staff.add_user("otto@example.org", "ops")


@pytest.fixture
def ada(db: None) -> User:
    """An admin: may do everything."""
    return staff.add_user("ada@example.org", "admin")


@pytest.fixture
def signed_in() -> type["SignedIn"]:
    """``signed_in(edda)`` is her browser."""
    return SignedIn


class SignedIn(Client):
    """A browser in which somebody has signed in."""

    def __init__(self, user: User) -> None:
        super().__init__()
        self.force_login(user)


@pytest.fixture
def pivot(db: None) -> Topic:
    """The topic that most tests write about."""
    return Topic.objects.create(slug="medias-ai-pivot", name="Media's AI Pivot", zone="UTC")


@pytest.fixture
def retail(db: None) -> Topic:
    """Another topic."""
    return Topic.objects.create(slug="retail", name="Retail")


@pytest.fixture
def ann(pivot: Topic) -> Subscriber:
    """A reader, confirmed to the topic."""
    person = Subscriber.objects.create(
        email="ann@example.org", email_hash=address_hash("ann@example.org"), name="Ann Lee"
    )
    Subscription.objects.create(
        subscriber=person,
        topic=pivot,
        state=SubscriptionState.CONFIRMED,
        consent="Asked and confirmed in a test.",
        asked_at=timezone.now() - dt.timedelta(days=30),
        confirmed_at=timezone.now() - dt.timedelta(days=30),
    )
    return person


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A relay that writes down each recipient before it says 250: its URL, and the record."""
    record = tmp_path / "sink"
    with subprocess.Popen(
        [sys.executable, "-m", "workers.sink", "--port", "0", "--record", str(record)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        text=True,
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().split()[-1]
        try:
            yield f"smtp://127.0.0.1:{port}?connections=4", record
        finally:
            process.terminate()


NOBODY = "redis://127.0.0.1:1/0"
"""A broker's address where none answers."""


@pytest.fixture(scope="session")
def _valkey() -> Iterator[str]:
    ours = broker.make()
    with subprocess.Popen(ours.argv, stdout=subprocess.DEVNULL) as process:
        try:
            assert not broker.silence(ours.url)
            yield ours.url
        finally:
            process.terminate()
            process.wait()
            shutil.rmtree(ours.directory)


@pytest.fixture
def valkey(_valkey: str, settings: Any) -> redis.Redis:
    """A broker of our own, empty, that REDIS_URL names; and a client of it."""
    settings.REDIS_URL = _valkey
    client = redis.Redis.from_url(broker.for_redis_py(_valkey))
    client.flushall()
    return client


@pytest.fixture
def desk(edda: User, signed_in: type["SignedIn"]) -> Client:
    """Edda's browser."""
    return signed_in(edda)


@pytest.fixture
def press(pia: User, signed_in: type["SignedIn"]) -> Client:
    """Pia's browser."""
    return signed_in(pia)


@pytest.fixture
def stories(pivot: Topic) -> list[Briefing]:
    """Three briefings of today."""
    return [
        newsroom.briefing(pivot, name, published_at=TODAY, importance=weight)
        for name, weight in [("First story", 3), ("Second story", 2), ("Third story", 1)]
    ]


@pytest.fixture
def draft(pivot: Topic, stories: list[Briefing]) -> Update:
    """A draft of the three."""
    return drafting.draft(pivot, by="edda@example.org")


@pytest.fixture
def daily(pivot: Topic) -> Schedule:
    """The pivot, assembled at 07:00 in London by an editor, last due a minute ago."""
    return schedule.set_schedule(pivot, Rule("0 7 * * *", "Europe/London"), auto=False, by="test")
