"""The files in deploy/ say what the program is, and are such as their readers take."""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path

import pytest

from tests.test_packaging import _must_exist
from workers.embedded import broker, parts

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
MANY = DEPLOY / "many"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer"), *MANY.glob("*.service")])
COMMON = MANY / "digest-.service.d" / "common.conf"
"""systemd reads it for all of MANY."""


def lacks(program: str, package: str, *, there: bool = False) -> None:
    """Skip without this program, which CI has."""
    if there or shutil.which(program):
        return
    why = f"{program} is missing; to run this: apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def unit(path: Path) -> dict[str, dict[str, str]]:
    read = RawConfigParser(strict=True, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]  # as its documentation says
    read.read(path)
    return {name: dict(read[name]) for name in read.sections()}


def hardening(path: Path) -> list[str]:
    """What stands under the comment that begins it."""
    text = path.read_text().split("# What it never needs", 1)[1]
    return text.split("\n\n")[0].splitlines()[1:]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The units as they would stand if this checkout were /opt/digest."""
    for path in UNITS:
        text = path.read_text().replace("/opt/digest", str(ROOT))
        (tmp_path / path.name).write_text(text)
    shutil.copytree(COMMON.parent, tmp_path / COMMON.parent.name)
    return tmp_path


def test_systemd_takes_each_unit_without_a_word(here: Path) -> None:
    lacks("systemd-analyze", "systemd")
    said = subprocess.run(
        ["systemd-analyze", "verify", *(str(here / path.name) for path in UNITS)],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{here}:"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (said.stdout + said.stderr, said.returncode) == ("", 0)


def test_whoever_breaks_into_the_service_is_shut_in(here: Path) -> None:
    lacks("systemd-analyze", "systemd")
    ours = sorted(DEPLOY.glob("*.service"))
    for path in ours:
        said = subprocess.run(
            ["systemd-analyze", "security", "--offline=yes", "--threshold=20", here / path.name],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert said.returncode == 0, said.stdout[-200:]
    wanted = hardening(DEPLOY / "digest.service")
    assert len(wanted) > 15
    for path in (*ours, COMMON):
        assert hardening(path) == wanted, path.name


@pytest.mark.parametrize("path", [path for path in UNITS if path.suffix == ".service"], ids=str)
def test_a_service_runs_a_command_of_ours_in_its_folder_and_not_as_root(path: Path) -> None:
    of = unit(path)["Service"]
    all_ = {**(unit(COMMON)["Service"] if path.parent == MANY else {}), **of}
    assert (all_["User"], all_["WorkingDirectory"]) == ("digest", "/var/lib/digest")
    assert all_["UMask"] == "0077", "its files hold readers' addresses"
    words = shlex.split(of["ExecStart"].replace("$$(date +%%a)", "today"))
    if words[0] == "/bin/sh":
        words = shlex.split(words[2])
    assert words[0].startswith("/opt/digest/.venv/bin/")
    _must_exist([Path(words[0]).name, *words[1:]])


def test_systemd_waits_until_each_part_has_had_its_time_to_end() -> None:
    """It ends one rank after the other, the slowest of each as long as its grace."""
    ours = broker.Broker("valkey-server", Path("/run"))
    started = [
        parts.broker(ours), parts.worker("bulk", "bulk", 2, str), parts.schedule(str),
    ]  # fmt: skip
    at_most: dict[int, float] = {1: 10, 2: 5}  # pages and door; mailbox: they want a socket
    for part in started:
        at_most[part.rank] = max(at_most.get(part.rank, 0), part.grace)
    service = unit(DEPLOY / "digest.service")["Service"]
    assert int(service["TimeoutStopSec"]) > sum(at_most.values()) + 10
    assert service["KillMode"] == "mixed", "SIGTERM to the broker would end it before the workers"
    assert int(unit(COMMON)["Service"]["TimeoutStopSec"]) > parts._DRAIN


def test_every_queue_of_the_parts_is_that_of_docker_compose() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    for path in MANY.glob("*.service"):
        command = unit(path)["Service"]["ExecStart"].rpartition("/")[2]
        if command.startswith("celery"):
            assert f"command: {command}\n" in compose, path.name


# ---- the command on a server -------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[Path]:
    """A folder in which the paths of a server are: the service's, and a program that says how it
    was called. Not in pytest's, which root keeps to itself."""
    with tempfile.TemporaryDirectory(prefix="digest-server-") as made:
        yield _laid_out(Path(made))


def _laid_out(place: Path) -> Path:
    program = place / "opt/digest/.venv/bin/digest"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nid -un; pwd; umask; printf "<%s>" "$@"\n')
    program.chmod(0o755)
    (place / "var/lib/digest").mkdir(parents=True)
    place.chmod(0o755)
    script = (DEPLOY / "digest").read_text()
    script = re.sub(r"(?<![\w/.])/(opt|var)/", rf"{place}/\1/", script)
    (place / "digest").write_text(script.replace("-u digest", "-u nobody"))
    return place


def test_the_command_runs_in_the_service_s_folder_as_its_user_whoever_types_it(
    server: Path,
) -> None:
    said = subprocess.run(
        ["sh", str(server / "digest"), "topic", "add", "--name", "The Harbour"],
        capture_output=True, text=True, check=False, cwd="/",
    )  # fmt: skip
    assert (said.stderr, said.returncode) == ("", 0)
    who, *rest = said.stdout.splitlines()
    assert os.geteuid() != 0 or who == "nobody"
    assert rest == [f"{server}/var/lib/digest", "0077", "<topic><add><--name><The Harbour>"]
