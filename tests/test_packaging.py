"""What is around the code says what the code is: images, containers, pins."""

import importlib.util
import os
import re
import shlex
import smtplib
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import yaml
from celery.bin.celery import celery
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from config.cli import WHERE
from config.environment import SETTINGS
from workers.celery import app
from workers.mailbox.store import Mailbox

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
OURS = {name: one for name, one in COMPOSE["services"].items() if one.get("build")}


def test_compose_runs_web_workers_schedule_migrations_database_and_broker() -> None:
    assert set(OURS) == {"web", "hasty", "bulk", "beat", "mailbox", "door", "migrate"}
    assert {"postgres", "valkey"} < set(COMPOSE["services"])


@pytest.mark.parametrize("service", OURS)
def test_every_command_of_a_container_exists(service: str) -> None:
    _must_exist(shlex.split(OURS[service].get("command") or _image_command()))


def _must_exist(words: list[str]) -> None:
    program, *rest = words
    if program == "python":
        assert rest[0] == "-m"
        assert importlib.util.find_spec(f"{rest[1]}.__main__") or importlib.util.find_spec(rest[1])
        return
    assert program in {script.name for script in entry_points(group="console_scripts")}
    if program == "digest":
        assert rest[0] in WHERE
    if program == "gunicorn":
        assert importlib.util.find_spec(rest[0])
    if program == "celery":
        assert rest[0] == "-A"
        assert importlib.import_module(rest[1]).app is app
        command = celery.commands[rest[2]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest[3:] if word.startswith("-")} <= known


def _image_command() -> str:
    found = re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert found
    return shlex.join(yaml.safe_load(found[1]))


@pytest.mark.long
def test_gunicorn_starts_the_pages_with_the_options_it_is_given(tmp_path: Path) -> None:
    scripts = Path(sys.executable).parent
    here = {"DATA_DIR": str(tmp_path), "DATABASE_URL": ""}
    env = {**os.environ, **here, "DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run([scripts / "digest", "migrate"], cwd=ROOT, env=env, check=True)
    gunicorn = [scripts / "gunicorn", *shlex.split(_image_command())[1:], "--check-config"]
    checked = subprocess.run(
        gunicorn, cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_every_queue_that_a_task_goes_to_has_a_container() -> None:
    served: set[str] = set()
    for one in OURS.values():
        words = shlex.split(one.get("command", ""))
        if "-Q" in words:
            served |= set(words[words.index("-Q") + 1].split(","))
    routed = {route["queue"] for route in app.conf.task_routes.values()}
    assert routed | {app.conf.task_default_queue} <= served


@pytest.mark.parametrize("service", OURS)
def test_every_setting_reaches_the_containers(service: str) -> None:
    given = set(OURS[service]["environment"])
    internal = {"DIGEST_MAILBOX_HOST", "DIGEST_MAILBOX_PORT"}
    assert given - internal == {setting.name for setting in SETTINGS} - {"DEBUG"}


def test_a_worker_may_hand_back_what_it_sends_before_its_container_is_killed() -> None:
    for name in ("hasty", "bulk"):
        grace = int(OURS[name]["stop_grace_period"].removesuffix("s"))
        assert grace >= 40, "a worker hands back what it sends, and waits for answers"
        assert OURS[name]["init"] is True


def test_all_containers_share_the_journals_and_the_key() -> None:
    for one in OURS.values():
        assert one["volumes"] == [f"data:{one['environment']['DATA_DIR']}"]
    assert "VOLUME /data" in DOCKERFILE


def test_what_a_container_waits_for_is_a_service_with_that_condition() -> None:
    for one in OURS.values():
        for other, how in one["depends_on"].items():
            waited_for = COMPOSE["services"][other]
            if how["condition"] == "service_healthy":
                assert waited_for["healthcheck"]["test"]
            else:
                assert waited_for["restart"] == "no"


def test_named_volumes_are_declared() -> None:
    used = {
        volume.partition(":")[0]
        for one in COMPOSE["services"].values()
        for volume in one.get("volumes", [])
    }
    assert used == set(COMPOSE["volumes"])


# ---- the image ---------------------------------------------------------------------------


def _copied() -> Iterator[str]:
    for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE):
        if not line.startswith("--from="):
            yield from line.split()[:-1]


def test_what_the_image_copies_exists_and_is_not_ignored() -> None:
    let_in = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = set(_copied())
    assert copied == let_in
    assert all((ROOT / one).exists() for one in copied)


def test_the_image_holds_every_package_and_the_templates_beside_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {name.rstrip("*") for name in packages} | {"templates"} <= set(_copied())


def test_the_image_does_not_run_as_root() -> None:
    assert re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE) == ["digest"]


def test_the_image_asks_for_hashes_and_every_pin_has_one() -> None:
    assert "--require-hashes" in DOCKERFILE
    for pin in _pins("run.txt"):
        assert "--hash=sha256:" in pin


def test_every_dependency_is_pinned_within_its_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = project["project"]["dependencies"]
    _must_be_pinned(needed, "run.txt")
    _must_be_pinned([*needed, *project["dependency-groups"]["dev"]], "dev.txt")


def _must_be_pinned(wanted: list[str], file: str) -> None:
    pinned = {}
    for pin in _pins(file):
        name, _, version = pin.partition("==")
        pinned[canonicalize_name(name)] = version.split()[0]
    for requirement in map(Requirement, wanted):
        version = pinned.get(canonicalize_name(requirement.name), "")
        assert version, f"{file} lacks {requirement}"
        assert requirement.specifier.contains(version), f"{file}: {requirement}, not {version}"


def _pins(file: str) -> list[str]:
    text = (ROOT / "requirements" / file).read_text().replace("\\\n", "")
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


# ---- the mailbox in a container of its own -----------------------------------------------


def test_the_mailbox_runs_as_a_program_and_keeps_what_it_is_sent(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "workers.mailbox"],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(tmp_path), "DIGEST_MAILBOX_PORT": str(port),
             "DJANGO_SETTINGS_MODULE": "config.settings"},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        assert process.stdout.readline() == f"The mailbox listens on port {port}\n"
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as relay:
            relay.sendmail("a@example.org", ["b@example.org"], "Subject: Hello\r\n\r\nHello\r\n")
    finally:
        process.terminate()
        process.communicate(timeout=10)
    (mail,) = Mailbox(tmp_path / "mailbox").newest("", None, 10)
    assert mail.recipients == ("b@example.org",)
