"""A full disk: sending stops before the next body, says so, and resumes.

The journal's own write is made to fail: a test can't fill the disk. SQLite really has no room.
"""

import errno
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from config.cli import main
from digest.models import Topic
from tests.relays import BRISK, PoliteRelay
from tests.sends import Through, due_to, holds, received, states
from workers import balance, insisting, room, sending
from workers.journal import Journal
from workers.models import BULK, Mailing, MailingState

pytestmark = pytest.mark.django_db


def no_room_for(kind: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on lines of this kind can't be appended."""
    real = Journal._append

    def append(self: Journal, line: bytes) -> None:
        if line.startswith(kind):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(self, line)

    monkeypatch.setattr(Journal, "_append", append)


def test_an_answer_that_can_not_be_written_down_is_recorded_and_nobody_mailed_again(
    due: Mailing, relay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_room_for(b"S", monkeypatch)
    sending.send(BULK, seconds=5)
    once = received(relay)
    assert once, "the relay took what was on its way"
    assert [who for who, state in states(due).items() if state == "accepted"] == once
    assert balance.sheet(due).balanced
    assert sending._journal().path.read_bytes() == b"", "all of it is committed"
    for _ in range(4):
        sending.send(BULK, seconds=5)
    monkeypatch.undo()
    sending.send(BULK, seconds=5)
    assert received(relay) == [f"reader{n}@example.org" for n in range(1, 6)]
    assert set(states(due).values()) == {"accepted"}


def test_a_full_disk_stops_before_the_next_body_says_so_and_sending_resumes(
    due: Mailing, relay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_room_for(b"B", monkeypatch)
    for _ in range(5):  # more often than a mailing may fail
        sending.send(BULK, seconds=5)
    due.refresh_from_db()
    assert received(relay) == []
    assert "No space left on device" in due.why
    assert (due.state, due.tries) == (MailingState.SENDING, 0), "it is not the mailing's fault"
    monkeypatch.undo()
    sending.send(BULK, seconds=5)
    due.refresh_from_db()
    assert len(received(relay)) == 5
    assert due.why == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.only_on("sqlite")
def test_a_database_without_room_keeps_the_results_until_there_is_some(
    pivot: Topic, through: Through, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = due_to(pivot, 60)
    long = PoliteRelay(lambda verb, *_: f"250 {'x' * 480}" if verb == "DOT" else None)
    waited = []
    monkeypatch.setattr(insisting.time, "sleep", waited.append)
    with long.running(connections="1") as relay, connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")  # of this connection
        through(relay, BRISK)
        sending.send(BULK, seconds=5)
    assert waited, "the first commit found no room"
    for _ in range(3):
        if "queued" in states(sent).values():
            with long.running(connections="1") as relay:
                through(relay, BRISK)
                sending.send(BULK, seconds=5)
    holds(sent, [who for who, _ in long.accepted])


def test_a_disk_that_is_all_but_full_is_told_where_sending_is_watched(
    otto: User, signed_in: type[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mailing can't say so itself where the database has no room either."""
    browser = signed_in(otto)  # type: ignore[call-arg]  # SignedIn of conftest

    def told(free: int) -> list[bool]:
        monkeypatch.setattr(room.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
        page = browser.get("/queue/").content.decode()
        status = CliRunner().invoke(main, ["status"]).output
        return ["all but full: 3.2 MB left" in " ".join(text.split()) for text in (page, status)]

    assert told(3_200_000) == [True, True]
    assert told(32_000_000) == [False, False]
