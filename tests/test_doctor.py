"""What the doctor finds on the machine, and how the command tells it."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import OperationalError, connection
from django.utils import timezone

from digest.models import Topic
from tests.doctoring import only, telling_time, troubles, zone
from tests.nameserver import serving
from tests.routing import a_route, only_routes
from workers.commands.doctor import doctor
from workers.doctor import clock, configured, inbox, machine, stores
from workers.doctor.finding import Finding, Grade
from workers.inbound.models import Inbox
from workers.inbound.source import source
from workers.watch import health, readings
from workers.watch.readings import Disk

__all__ = ["only_routes"]  # fixtures

pytest_db = pytest.mark.django_db


@pytest.mark.parametrize(
    ("off", "grade", "words"),
    [
        (0, Grade.WELL, "agrees"),
        (-20, Grade.LOOK, "20.0 s behind"),
        (600, Grade.BAD, "600.0 s ahead"),
    ],
)
def test_the_clock_is_held_against_a_time_server(
    settings: Any, off: float, grade: Grade, words: str
) -> None:
    with telling_time(off) as server:
        settings.TIME_SERVER = server
        (found,) = clock.examine()
    assert (found.grade, words in found.words) == (grade, True)


def test_a_time_server_that_is_not_there_says_nothing_of_the_clock(settings: Any) -> None:
    settings.TIME_SERVER = "127.0.0.1:1"
    (found,) = clock.examine()
    assert found.grade is Grade.UNKNOWN


@pytest.mark.parametrize("said", [b"\x24\x00", b"\xe4\x01", b"\x24\x10", b"\x23\x01"])
def test_a_time_server_that_refuses_or_is_not_set_itself_says_nothing_of_the_clock(
    settings: Any, said: bytes
) -> None:
    with telling_time(4e9, said) as server:
        settings.TIME_SERVER = server
        (found,) = clock.examine()
    assert found.grade is Grade.UNKNOWN


# ---- the machine --------------------------------------------------------------------------------


def about(found: list[Finding], what: str) -> Finding:
    return next(one for one in found if one.about.startswith(what))


@pytest.fixture
def abroad(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of a server that sends for real, without an ``.env``; where that would be."""
    monkeypatch.chdir(tmp_path)
    settings.RELAY_ON_LOOPBACK = settings.MAILBOX_IS_RELAY = False
    settings.SECRET_KEY = "k3y-Of-thirty-and-Some-Letters-More"
    settings.BASE_URL, settings.POSTAL_ADDRESS = "https://news.example.org", "1 Quay, Harbour"
    settings.INBOUND_URL, settings.ALERT_MAIL = "lmtp://127.0.0.1:2424", ["ops@example.org"]
    return tmp_path / ".env"


def test_a_misspelt_setting_is_named_with_its_line_and_the_one_that_was_meant(abroad: Path) -> None:
    abroad.write_text("# mail\nSMPT_URL=smtp://mail.example.org\nPOSTGRES_PASSWORD=x\n")
    found = only(list(configured.examine()))
    assert ".env line 2: nothing of this name is known" in found.words
    assert found.mend == "Write SMTP_URL, if that was meant."


def test_a_setting_that_stands_twice_is_named_with_the_line_that_counts(abroad: Path) -> None:
    abroad.write_text("SEND_RATE=70\nSEND_RATE=20\nLOG_LEVEL=info\n")
    found = only(list(configured.examine()))
    assert found.about == "Setting SEND_RATE"
    assert "lines 1 and 2; the last one counts" in found.words


@pytest.mark.parametrize(
    ("setting", "value", "grade"),
    [
        ("BASE_URL", "http://127.0.0.1:8000", Grade.BAD),
        ("SECRET_KEY", "short", Grade.BAD),
        ("SECRET_KEY", "a" * 60, Grade.BAD),
        ("DEBUG", True, Grade.BAD),
        ("POSTAL_ADDRESS", "", Grade.LOOK),
        ("INBOUND_URL", "", Grade.LOOK),
        ("ALERT_MAIL", [], Grade.LOOK),
    ],
)
def test_a_setting_that_will_not_do_for_mail_to_the_world_is_told(
    abroad: Path, settings: Any, setting: str, value: object, grade: Grade
) -> None:
    assert troubles(list(configured.examine())) == []
    setattr(settings, setting, value)
    found = only(list(configured.examine()))
    assert (found.about, found.grade) == (f"Setting {setting}", grade)


def test_links_to_the_readers_own_machine_will_do_while_no_mail_leaves_this_one(
    abroad: Path, settings: Any
) -> None:
    settings.BASE_URL, settings.RELAY_ON_LOOPBACK = "http://127.0.0.1:8000", True
    assert only(list(configured.examine())).grade is Grade.UNKNOWN


def test_secret_files_that_everybody_may_read_are_named_with_their_mend(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings.DATA_DIR = tmp_path / "var"
    settings.DATA_DIR.mkdir(mode=0o700)
    settings.DKIM_DOMAIN = "example.org, example.net"
    settings.DKIM_KEY_FILE = tmp_path / "{domain}.pem"
    for name in (".env", "example.net.pem"):
        (tmp_path / name).write_text("SECRET_KEY=x")
        (tmp_path / name).chmod(0o644)
    found = troubles(list(machine.files()))
    assert [one.about for one in found] == ["File .env", "File example.net.pem"]
    for one in found:
        subprocess.run(shlex.split(one.mend), check=True)
    assert troubles(list(machine.files())) == []


@pytest_db
def test_a_disk_that_is_nearly_full_stops_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "disk", lambda: Disk(free=9_000_000, size=10**11))
    assert only(list(machine.disk())).grade is Grade.BAD


@pytest_db
def test_mails_that_can_t_come_in_are_told_as_those_say_who_look_for_them(settings: Any) -> None:
    assert list(inbox.examine()) == []
    settings.INBOUND_URL = "imaps://digest:secret@mail.example.org/INBOX?address=u@example.org"
    assert only(list(inbox.examine())).grade is Grade.UNKNOWN
    row = Inbox.objects.create(name=str(source(settings.INBOUND_URL)), read_at=timezone.now())
    assert [one.grade for one in inbox.examine()] == [Grade.WELL]
    row.trouble = "mail.example.org says: Invalid credentials"
    row.save()
    found = only(list(inbox.examine()))
    assert (found.grade, "Invalid credentials" in found.words) == (Grade.LOOK, True)
    settings.INBOUND_URL = "lmtp://127.0.0.1:2424"
    assert "Nobody listens at" in only(list(inbox.examine())).words


# ---- the database -------------------------------------------------------------------------------


@pytest_db
def test_a_database_that_is_away_or_newer_or_of_another_key_is_told_with_its_mend(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert troubles(list(stores.database())) == []
    key, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    assert "another SECRET_KEY" in only(list(stores.database())).words
    settings.SECRET_KEY = key
    ours = health._ours() | {("digest", "9999_later")}
    monkeypatch.setattr(health, "_ours", lambda: ours)
    assert "run: digest migrate" in only(list(stores.database())).words

    def gone() -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "ensure_connection", gone)
    away = only(list(stores.database()))
    assert "can't be used: connection refused" in away.words


@pytest.mark.long
def test_without_its_database_the_command_tells_all_that_can_be_told_without_it(
    tmp_path: Path,
) -> None:
    """In a process of its own, as somebody would call it."""
    nobody = {"DNS_SERVER": "127.0.0.1:1", "TIME_SERVER": "127.0.0.1:1", "DATA_DIR": str(tmp_path)}
    asked = subprocess.run(
        [Path(sys.executable).with_name("digest"), "doctor", "--json"],
        env={"PATH": os.environ["PATH"], **nobody, "DATABASE_URL": "postgres://digest:geheim@127.0.0.1:1/digest"},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = {one["about"]: one for one in json.loads(asked.stdout)["findings"]}
    assert asked.returncode == 1
    assert "Connection refused" in found["Database"]["words"]
    assert {"Settings", "Disk", "Clock", "Broker", "Pages at http://127.0.0.1:8000"} <= set(found)
    assert "geheim" not in asked.stdout + asked.stderr


# ---- the command --------------------------------------------------------------------------------


@pytest_db
def test_the_command_says_all_in_words_or_in_one_object_and_1_where_something_is_bad(
    only_routes: None, settings: Any, pivot: Topic, valkey: object
) -> None:
    settings.TIME_SERVER, settings.DKIM_KEY_FILE = "127.0.0.1:1", Path("/nowhere/dkim.pem")
    settings.DKIM_DOMAIN, settings.DKIM_SELECTOR = "daily-press.co.uk", "s1"
    settings.FROM_ADDRESS = "News <news@daily-press.co.uk>"
    Topic.objects.create(slug="harbour", name="Harbour", from_address="a@example.org")
    a_route("first", "smtp://127.0.0.1:1")
    with serving(zone()) as server:
        settings.DNS_SERVER = server
        told = CliRunner().invoke(doctor)
        plain = CliRunner().invoke(doctor, ["--json"])
    assert (told.exit_code, plain.exit_code) == (1, 1)
    assert "✗ Route first" in told.output
    assert "✗ DKIM of daily-press.co.uk  DKIM_KEY_FILE /nowhere/dkim.pem: No such" in told.output
    assert "From of example.org" in told.output
    assert "to mend before anything is sent" in told.output
    said = json.loads(plain.output)
    assert said["well"] is False
    assert {"about", "grade", "words", "mend", "area"} == set(said["findings"][0])
