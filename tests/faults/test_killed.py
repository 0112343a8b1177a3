"""Killed in the middle of sending: nobody lost, nobody mailed twice in silence."""

import os
import signal
import sqlite3
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.journeys.system import DIGEST, ROOT, System, until

READERS = 1500
CONNECTIONS = 4


@pytest.fixture
def system(tmp_path: Path, sink: tuple[str, Path]) -> System:
    """An installation on SQLite and its own broker, with an update approved at 300 a second."""
    made = System(tmp_path / "var", SMTP_URL=sink[0])
    made.run("topic", "add", "medias-ai-pivot", "--name", "Media's AI Pivot")
    rows = "email,name\n" + "".join(f"reader{n}@example.org,Reader {n}\n" for n in range(READERS))
    made.run(
        "subscribers",
        "import",
        "-",
        "--topic",
        "medias-ai-pivot",
        "--consent",
        "a test",
        stdin=rows,
    )
    made.run("load", str(ROOT / "workers/demo/briefings/update-1"), "--topic", "medias-ai-pivot")
    made.run("assemble", "medias-ai-pivot", "--until", "2026-05-13T15:00:00Z")
    made.run("approve", "medias-ai-pivot/draft", "--rate", "300")
    return made


def test_a_killed_system_goes_on_where_it_was(system: System, sink: tuple[str, Path]) -> None:
    record = sink[1]
    kills = 3
    for kill in range(kills):
        with system.process(str(DIGEST), "up", "--port", "0", "--workers", "2") as up:
            until(lambda done=(kill + 1) * 300: received(record) >= done, 60, what=system.log)
            os.kill(up.pid, signal.SIGKILL)
            up.wait()
    with system.process(str(DIGEST), "up", "--port", "0", "--workers", "2"):
        until(lambda: state(system) == "done", 180, what=system.log)
    holds(system, record, kills)


def test_a_killed_worker_is_taken_over_from(system: System, sink: tuple[str, Path]) -> None:
    record = sink[1]
    with system.process(str(DIGEST), "up", "--port", "0", "--workers", "2"):
        until(lambda: received(record) >= 200, 60, what=system.log)
        worker = leasing(system)
        os.kill(worker, signal.SIGKILL)
        until(lambda: state(system) == "done", 180, what=system.log)
    holds(system, record, kills=1)


def holds(system: System, record: Path, kills: int) -> None:
    """The ledger's promise, checked against what the relay wrote down before it answered."""
    sheet = system.json("audit", "medias-ai-pivot/1")
    got = Counter(record.read_text().split())
    with sqlite3.connect(system.data_dir / "digest.sqlite3") as database:
        states = dict(database.execute("SELECT address, state FROM workers_delivery"))
    assert sheet["balanced"], sheet
    assert sheet["candidates"] == READERS
    assert [who for who, n in got.items() if n > 1] == [], "somebody was mailed twice"
    accepted = {who for who, state in states.items() if state == "accepted"}
    assert accepted <= set(got), "the ledger says accepted of what never arrived"
    unaccounted = {who for who in set(got) - accepted if states[who] != "uncertain"}
    assert unaccounted == set(), "arrived, and the ledger does not know"
    assert sheet["uncertain"] <= kills * CONNECTIONS * 2
    assert sheet["accepted"] + sheet["uncertain"] == READERS


def leasing(system: System) -> int:
    """The process that holds a batch now, by the name of its journal."""
    found: list[int] = []

    def holding() -> bool:
        with sqlite3.connect(system.data_dir / "digest.sqlite3") as database:
            found.extend(
                int(name.partition("-")[0])
                for (name,) in database.execute(
                    "SELECT worker FROM workers_batch WHERE state = 'leased'"
                )
            )
        return bool(found)

    until(holding, 20)
    return found[0]


def received(record: Path) -> int:
    return record.read_bytes().count(b"\n") if record.exists() else 0


def state(system: System) -> str:
    out = subprocess.run(
        [DIGEST, "audit", "medias-ai-pivot/1", "--json"],
        env=system.env,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return out.partition('"state": "')[2].partition('"')[0]
