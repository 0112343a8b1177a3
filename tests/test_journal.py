"""The journal: what survives a worker that is killed, and who may read it."""

import fcntl
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.journal import LETTERS, Journal, abandoned, read
from workers.outbox import Outcome, Verdict

OK = Outcome(Verdict.ACCEPTED, 250, "250 2.0.0 OK queued as 4F1")

OWNER = """
import os, sys
from pathlib import Path
from workers.journal import Journal
journal = Journal.open(Path(sys.argv[1]), "owner")
journal.begin(7)
if "fork" in sys.argv and os.fork():
    os.close(1)
    os._exit(0)
print("ready", flush=True)
sys.stdin.read()
"""

LOOK = """
import sys
from pathlib import Path
from workers.journal import abandoned
print(abandoned(Path(sys.argv[1])))
"""


@contextmanager
def owner(directory: Path, *how: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has a journal, until it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(directory), *how],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1],
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def room_for(octets: int) -> Iterator[None]:
    """No file can grow past this many octets: a full disk, as ``write`` sees it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_was_begun_and_settled_is_read_back(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "w")
    for delivery in (1, 2, 3):
        journal.begin(delivery)
    journal.settle(2, OK)
    assert read(journal.path) == {1: None, 2: OK, 3: None}
    assert (tmp_path / "w.log").read_bytes().splitlines()[-1] == (
        b"S 2 a 250 250 2.0.0 OK queued as 4F1"
    )
    journal.close()


def test_a_message_begun_again_after_an_outcome_counts_as_begun(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "w")
    journal.begin(1)
    journal.settle(1, Outcome(Verdict.UNTRIED, 0, "connection lost"))
    journal.begin(1)
    assert read(journal.path) == {1: None}
    journal.close()


@given(
    verdict=st.sampled_from(Verdict),
    code=st.integers(0, 999),
    text=st.text(st.characters(exclude_categories=["Cs"])).map(lambda t: " ".join(t.split())),
)
def test_every_outcome_survives_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, verdict: Verdict, code: int, text: str
) -> None:
    outcome = Outcome(verdict, code, text)
    journal = Journal.open(tmp_path_factory.mktemp("journal"), "w")
    journal.settle(5, outcome)
    assert read(journal.path) == {5: outcome}
    journal.close()


def test_every_verdict_has_its_own_letter() -> None:
    assert set(LETTERS) == set(Verdict)
    assert len(set(LETTERS.values())) == len(Verdict)


def test_a_reply_of_several_lines_stays_one_line_of_the_journal(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "w")
    journal.settle(1, Outcome(Verdict.DEFERRED, 450, "450-wait\r\nS 2 a 250 250 forged\nB 3"))
    assert set(read(journal.path)) == {1}
    journal.close()


def test_a_torn_last_line_counts_as_never_written(tmp_path: Path) -> None:
    whole = b"B 12\nS 12 a 250 250 OK\nB 13\nB 14\n"
    said = Outcome(Verdict.ACCEPTED, 250, "250 OK")
    states: list[dict[int, Outcome | None]] = []
    for length in range(len(whole) + 1):
        (tmp_path / "torn.log").write_bytes(whole[:length])
        states.append(read(tmp_path / "torn.log"))
    begun, settled = {12: None}, {12: said}
    assert [state for at, state in enumerate(states) if at == 0 or state != states[at - 1]] == [
        {}, begun, settled, {**settled, 13: None}, {**settled, 13: None, 14: None},
    ]  # fmt: skip


def test_zeroes_left_by_a_power_cut_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "w.log").write_bytes(b"B 1\n\0\0\0\0\nB x\nB 2\n\0\0")
    assert read(tmp_path / "w.log") == {1: None, 2: None}


def test_a_namesake_keeps_what_it_finds_but_for_a_torn_line(tmp_path: Path) -> None:
    (tmp_path / "w.log").write_bytes(b"B 1\nB 23")
    journal = Journal.open(tmp_path, "w")
    journal.begin(4)
    assert read(journal.path) == {1: None, 4: None}
    journal.close()


def test_emptying_waits_for_what_is_in_flight(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "w")
    journal.begin(1)
    journal.begin(2)
    journal.settle(1, OK)
    assert not journal.truncate()
    journal.settle(2, OK)
    assert journal.truncate()
    assert journal.path.read_bytes() == b""
    journal.begin(3)
    assert read(journal.path) == {3: None}
    journal.close()


def test_a_full_disk_is_told_before_the_body_and_leaves_no_half_line(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "w")
    journal.begin(111)
    with room_for(9), pytest.raises(OSError, match=r"No space|too large"):
        journal.begin(222)
    assert journal.path.read_bytes() == b"B 111\n"
    with room_for(6), pytest.raises(OSError, match=r"No space|too large"):
        journal.begin(222)
    journal.begin(333)
    assert read(journal.path) == {111: None, 333: None}
    journal.close()


def test_with_fsync_every_line_reaches_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(os.pread(file, 99, 0)))
    journal = Journal.open(tmp_path, "w", fsync=True)
    journal.begin(1)
    journal.settle(1, OK)
    assert [len(content.splitlines()) for content in synced] == [1, 2]
    journal.close()


def test_the_journal_of_a_live_process_is_left_alone(tmp_path: Path) -> None:
    with owner(tmp_path) as process:
        assert abandoned(tmp_path) == []
        with pytest.raises(BlockingIOError):
            Journal.open(tmp_path, "owner")
        process.kill()
        process.wait()
        (found,) = abandoned(tmp_path)
        assert (found.worker, found.read()) == ("owner", {7: None})
        found.discard()
        assert not list(tmp_path.iterdir())


def test_a_child_that_outlives_its_parent_does_not_keep_the_journal(tmp_path: Path) -> None:
    with owner(tmp_path, "fork") as parent:
        parent.wait()
        (found,) = abandoned(tmp_path)
        found.release()


def test_ones_own_journal_is_never_abandoned_and_reading_it_keeps_the_lock(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "mine")
    with pytest.raises(BlockingIOError):
        Journal.open(tmp_path, "mine")
    assert abandoned(tmp_path) == []
    assert read(journal.path) == {}
    seen = subprocess.run(
        [sys.executable, "-c", LOOK, tmp_path],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert seen.stdout == "[]\n"
    journal.close(remove=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("replaced", [False, True])
def test_a_journal_that_is_settled_and_removed_while_it_is_opened_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replaced: bool
) -> None:
    path, lock, calls = tmp_path / "w.log", fcntl.lockf, []

    def late(descriptor: int, how: int) -> None:
        calls.append(how)
        if len(calls) == 1:
            path.unlink()
            if replaced:
                path.touch()
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "lockf", late)
    journal = Journal.open(tmp_path, "w")
    journal.begin(1)
    assert path.read_bytes() == b"B 1\n"
    assert len(calls) == 2
    journal.close()


def test_an_abandoned_journal_is_settled_by_one_process_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "dead.log").write_bytes(b"B 1\n")
    (tmp_path / "host").write_text("no journal")
    (first,) = abandoned(tmp_path)
    assert abandoned(tmp_path) == []
    first.release()
    (second,) = abandoned(tmp_path)
    second.discard()
    assert abandoned(tmp_path) == []
