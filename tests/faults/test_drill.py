"""``digest drill`` as users run it: eight kills, and the checker's verdict."""

import json
import shlex
import sys
from pathlib import Path

import psycopg
import pytest

from tests.journeys.system import System

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
