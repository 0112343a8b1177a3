"""The journal can't be written, as on a full disk; the database still can."""
# ruff: noqa: F811  # fixtures come from the sending tests

import errno
from pathlib import Path

import pytest

from tests.test_sending import due, received, relay, states  # noqa: F401
from workers import balance, sending
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
