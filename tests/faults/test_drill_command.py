"""``digest drill`` itself: several seeds, and what is left of one that is killed."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.journeys.system import DIGEST, System, until
from workers.trial.parts import living

pytestmark = pytest.mark.long


def test_several_seeds_are_one_drill_each_by_a_providers_api_too(tmp_path: Path) -> None:
    """By SMTP drills hold in test_worker_killed.py."""
    system = System(tmp_path / "var")
    words = ("drill", "--seeds", "4-5", "--messages", "600", "--kills", "2", "--api", "mailgun")
    told = json.loads(system.run(*words, "--json"))
    assert told["holds"], told
    assert [drill["seed"] for drill in told["drills"]] == [4, 5]
    assert [drill["killed"] for drill in told["drills"]] == [2, 2]
    assert list(system.data_dir.glob("drill_*")) == [], "their folders are still there"


def test_a_seed_and_several_exclude_each_other(tmp_path: Path) -> None:
    said = System(tmp_path / "var").run("drill", "--seed", "1", "--seeds", "1-2", expect=2)
    assert "exclude each other" in said


@pytest.mark.parametrize("killed", ["the command", "the trial in it"])
def test_nothing_outlives_a_drill_that_is_killed(tmp_path: Path, killed: str) -> None:
    system = System(tmp_path / "var")
    with system.process(str(DIGEST), "drill", "--messages", "50000", "--kills", "0") as command:
        until(lambda: any(size(one) for one in system.data_dir.glob("drill_*/sink")), 60)
        trial = next(pid for pid, what in commands(command.pid).items() if "workers.drill" in what)
        family = commands(command.pid)
        assert any("valkey" in what or "redis" in what for what in family.values()), family
        os.kill(command.pid if killed == "the command" else trial, signal.SIGKILL)
        command.wait()
    until(lambda: not family.keys() & living().keys(), 90, lambda: family)


def commands(ancestor: int) -> dict[int, str]:
    """This process, what it has started, and those in their turn: id → command line."""
    parents, found = living(), {ancestor}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in found}


def size(path: Path) -> int:
    return path.stat().st_size
