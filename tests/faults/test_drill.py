"""``digest drill`` as users run it: eight kills, and the checker's verdict."""

import json
import os
import shlex
import signal
import sys
from pathlib import Path

import psycopg
import pytest

from tests.journeys.system import DIGEST, System, until
from workers.trial.parts import living

SEEDS = [2, 5]
_CRASH = """
import os, psycopg, signal, sys
found = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
with psycopg.connect(sys.argv[1]) as connection:
    (pid,) = connection.execute(found).fetchone()
os.kill(pid, signal.SIGKILL)
"""
"""PostgreSQL then throws everybody out at once and recovers, as after an immediate restart."""


@pytest.mark.parametrize("seed", SEEDS)
def test_on_sqlite_nobody_is_lost_and_nobody_mailed_twice(tmp_path: Path, seed: int) -> None:
    told = drill(System(tmp_path / "var"), seed)
    assert set(told["faults"]) >= {"worker", "flush", "broker"}
    assert list((tmp_path / "var").glob("drill_*")) == [], "its folder is still there"


@pytest.mark.parametrize("seed", SEEDS)
def test_on_postgresql_too_and_it_is_restarted(
    tmp_path: Path, postgres_url: str, seed: int
) -> None:
    command = shlex.join([sys.executable, "-c", _CRASH, postgres_url])
    system = System(tmp_path / "var", DATABASE_URL=postgres_url)
    told = drill(system, seed, "--restart-database", command)
    assert set(told["faults"]) >= {"worker", "flush", "broker", "cut", "restart"}
    with psycopg.connect(postgres_url) as connection:
        left = connection.execute("SELECT datname FROM pg_database").fetchall()
        made = connection.execute("SELECT count(*) FROM pg_tables WHERE tablename ~ '^workers'")
        assert made.fetchone() == (0,), "it touched the user's own database"
    assert [name for (name,) in left if "drill" in name] == []


@pytest.mark.parametrize("killed", ["the command", "the trial in it"])
def test_nothing_outlives_a_drill_that_is_killed(tmp_path: Path, killed: str) -> None:
    system = System(tmp_path / "var")
    with system.process(str(DIGEST), "drill", "--messages", "50000", "--kills", "0") as command:
        until(lambda: any(size(one) for one in system.data_dir.glob("drill_*/sink")), 60)
        trial = next(pid for pid, what in commands(command.pid).items() if "workers.drill" in what)
        family = commands(command.pid) | commands(trial)
        assert any("valkey" in what or "redis" in what for what in family.values()), family
        os.kill(command.pid if killed == "the command" else trial, signal.SIGKILL)
        command.wait()
    until(lambda: not family.keys() & living().keys(), 90, lambda: family)


def commands(ancestor: int) -> dict[int, str]:
    """What this process has started, and those in their turn: id → command line."""
    parents, found = living(), {ancestor}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in found}


def size(path: Path) -> int:
    return path.stat().st_size


def drill(system: System, seed: int, *more: str) -> dict[str, object]:
    """The drill's one JSON object, once it has ended well."""
    told: dict[str, object] = json.loads(
        system.run(
            "drill", "--messages", "2000", "--kills", "8", "--seed", str(seed), "--json", *more
        )
    )
    assert told["holds"], told
    assert told["killed"] == 8
    return told
