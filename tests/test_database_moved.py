"""From SQLite to PostgreSQL and back, in one command: all of it, compared, or nothing."""

import json
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from django.db import connection, connections
from django.utils import timezone

from config.environment import SETTINGS
from digest import database
from digest.database import Installation
from digest.errors import Refused, Unreachable
from digest.models import Topic
from subscribers.models import Subscriber
from tests import migrated
from tests.sends import due_to
from tests.servers import postgres
from workers.backup import moving, taking
from workers.commands.move import move
from workers.models import Delivery, Mailing, MailingState, Pulse
from workers.routes.models import Pace

# From SQLite the tables on PostgreSQL are to be made first, and that takes its time.
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.both_databases,
    pytest.mark.long_on("sqlite"),
]


@pytest.fixture
def elsewhere(tmp_path: Path) -> str:
    """An empty database of the other kind."""
    if connection.vendor == "postgresql":
        migrated.copy(tmp_path / "moved.sqlite3")
        return f"sqlite:///{tmp_path}/moved.sqlite3"
    name = f"moved{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    return postgres().replace("/postgres?", f"/{name}?")


@pytest.fixture
def kept(pivot: Topic) -> Mailing:
    """A mailing under way, and what the two databases write differently."""
    sent = due_to(pivot, 5)
    Pulse.objects.create(at=timezone.now())
    Pace.objects.create(name="a", next_at=1e20, rate=1 / 3)
    Subscriber.objects.update(attributes={"b": "ü\t", "aa": 1e20, "n": [1, 2.50, None]})
    database.refuse_another_key()
    return sent


def test_all_of_it_is_moved_and_goes_on_where_it_was(kept: Mailing, elsewhere: str) -> None:
    told = CliRunner().invoke(move, [elsewhere, "--json"], obj=SETTINGS, catch_exceptions=False)
    moved = json.loads(told.stdout)
    assert moved["tables"]["workers_delivery"] == 5
    assert moved["env"] == f"DATABASE_URL={elsewhere}"
    was = {one.pk: one.address for one in Delivery.objects.all()}
    other = moving._connection(elsewhere)
    with moving._instead(other):
        assert {one.pk: one.address for one in Delivery.objects.all()} == was
        mailing = Mailing.objects.get()
        assert (mailing.state, mailing.queued) == (MailingState.SENDING, 5), "nothing is held"
        assert mailing.give_up_after == kept.give_up_after
        assert Pace.objects.get(name="a").rate == 1 / 3
        assert Subscriber.objects.all()[0].attributes["aa"] == 1e20
        assert Topic.objects.create(slug="new", name="New").pk > kept.topic_id, "ids go on"
        database.refuse_another_key()
    other.close()
    with pytest.raises(Refused, match=r"was moved to .*Set DATABASE_URL.*digest move --stay"):
        database.refuse_another_key()
    with pytest.raises(Refused, match="so that it is what you keep"):
        taking.back_up("-")
    assert Delivery.objects.count() == 5, "what it was moved from is as it was"
    CliRunner().invoke(move, ["--stay"], obj=SETTINGS, catch_exceptions=False)
    database.refuse_another_key()


@pytest.mark.only_on("postgresql")
def test_what_can_not_be_moved_is_said_and_nothing_is_moved(
    kept: Mailing, elsewhere: str, tmp_path: Path
) -> None:
    nowhere = "postgres://nobody@127.0.0.1:1/nothing"
    with pytest.raises(Unreachable, match=r"can't be used: .*Nothing was moved"):
        moving.move(nowhere, "test")
    with pytest.raises(Unreachable, match=r"can't be used: .*Nothing was moved"):
        moving.move("sqlite:////no/where/moved.sqlite3", "test")
    moving._connection(f"sqlite:///{tmp_path}/other.sqlite3").close()
    assert (tmp_path / "other.sqlite3").stat().st_mode & 0o777 == 0o600
    told = CliRunner().invoke(move, ["mysql://host/name"], obj=SETTINGS)
    assert told.exit_code == 2
    with pytest.raises(Refused, match="in use already"):
        moving.move(_address_of_this_one(), "test")
    other = moving._connection(elsewhere)
    with moving._instead(other), connections["default"].cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER strict BEFORE INSERT ON subscribers_subscriber "
            "BEGIN SELECT RAISE(ABORT, 'value too long'); END"
        )
    other.close()
    with pytest.raises(
        Refused, match=r"does not take all rows \(value too long.*nothing was moved"
    ):
        moving.move(elsewhere, "test")
    with moving._instead(other):
        assert not Topic.objects.exists(), "what came before that row is not there either"
        Topic.objects.create(slug="theirs", name="Theirs")
    other.close()
    with pytest.raises(Refused, match="is not empty; nothing was moved"):
        moving.move(elsewhere, "test")
    assert Installation.objects.get().moved_to == ""


def _address_of_this_one() -> str:
    said: Any = connection.settings_dict
    return f"postgres://{said['USER']}@{said['HOST']}/{said['NAME']}"
