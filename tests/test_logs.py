"""Logs, and the folder of the data: what they tell, what they never show, and to whom."""

import io
import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.conf import settings as ours

from digest import logs
from digest.audit import audit
from tests import migrated
from workers import ledger, sending
from workers.models import BULK, Batch, Delivery

ROOT = Path(__file__).parents[1]
PROGRAM = """
import django
django.setup()
import structlog
def sign_in(password):
    raise ValueError("no")
try:
    sign_in("".join(["hun", "ter", "2"]))
except ValueError:
    structlog.get_logger().exception("failed")

from django.test import Client
from digest.staff import _TOKENS
from django.contrib.auth.models import User
link = _TOKENS["password"].make_token(User(pk=7, password="!"))
print(link)
browser = Client(SERVER_NAME="localhost")
for path in ("/unsubscribe/" + "Ab-_1234" * 5 + "/", "/login/link/Nw/" + link + "/"):
    browser.put(path)
browser.put("/hooks/brevo/" + "SeCrEt-9" * 2 + "/")
browser.post("/hooks/brevo/" + "SeCrEt-9" * 2 + "/", "{", "application/json")
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """What a program logs that fails and refuses, and what it prints."""
    ours = {"DATA_DIR": str(tmp_path_factory.mktemp("var")), "LOG_FORMAT": "human"}
    ours["HOOKS"] = "brevo=" + "SeCrEt-9" * 2
    env = os.environ | ours | {"DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stderr, done.stdout.strip()


def test_a_traceback_shows_no_variables(program: tuple[str, str]) -> None:
    logged, _ = program
    assert "ValueError: no" in logged
    assert "sign_in" in logged
    assert "hunter2" not in logged


def test_no_link_that_opens_a_page_stands_in_a_log(program: tuple[str, str]) -> None:
    logged, link = program
    assert "Method Not Allowed (PUT): /unsubscribe/…/" in logged
    assert "Method Not Allowed (PUT): /login/link/Nw/…/" in logged
    assert "Ab-_1234" not in logged
    assert link not in logged
    assert "Method Not Allowed (PUT): /hooks/brevo/…/" in logged
    assert "Bad Request: /hooks/brevo/…/" in logged, "the provider's own, which can't be read"
    assert "SeCrEt-9" not in logged


def test_nobody_else_on_the_machine_looks_into_the_data(tmp_path: Path) -> None:
    for made, key in ((tmp_path / "a" / "var", ""), (tmp_path / "b" / "var", "x" * 50)):
        subprocess.run(
            [sys.executable, "-c", "import config.settings"],
            env=os.environ | {"DATA_DIR": str(made), "SECRET_KEY": key}, cwd=ROOT, check=True,
        )  # fmt: skip
        assert stat.S_IMODE(made.stat().st_mode) == 0o700


# ---- a real send, read line by line --------------------------------------------------


@pytest.fixture
def lines(settings: Any) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """``lines("batch sent")``: what was logged as JSON under this name, or under any."""
    settings.LOG_FORMAT, settings.LOG_LEVEL = "json", "debug"
    before = logging.getLogger().handlers
    logs.set_up()
    written = io.StringIO()
    logging.getLogger().handlers[0].stream = written

    def told(event: str = "") -> list[dict[str, Any]]:
        found = [json.loads(line) for line in written.getvalue().splitlines()]
        return [one for one in found if event in ("", one["event"])]

    yield told
    settings.LOG_FORMAT, settings.LOG_LEVEL = "human", "warning"
    logs.set_up()
    logging.getLogger().handlers = before


@pytest.mark.django_db
def test_each_line_of_a_send_names_mailing_batch_and_delivery_and_no_reader(lines, due, relay):
    sending.send(BULK, seconds=5)
    ledger.finish()
    batch = Batch.objects.get()
    ids = {"mailing": due.id, "batch": batch.id, "route": "default"}
    (sent,) = lines("batch sent")
    assert sent.items() >= {**ids, "accepted": 5, "level": "info"}.items()
    each = lines("delivery")
    assert {one["delivery"] for one in each} == set(Delivery.objects.values_list("id", flat=True))
    assert all(one.items() >= {**ids, "state": "accepted", "code": 250}.items() for one in each)
    assert [one["mailing"] for one in lines("mailing done")] == [due.id]
    everything = json.dumps(lines())
    assert "reader1@" not in everything
    assert ours.SECRET_KEY not in everything


@pytest.mark.django_db
def test_a_delivery_line_is_written_only_where_somebody_asked_for_that_much(lines, due, relay):
    logging.getLogger().setLevel("INFO")
    sending.send(BULK, seconds=5)
    assert (len(lines("batch sent")), lines("delivery")) == (1, [])


# ---- what is never shown -------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("no such user ann.lee+news@example.org", "no such user a…@example.org"),
        ("<ann@example.org>, bob@example.net", "<a…@example.org>, b…@example.net"),
        ("ännchen@example.org", "ä…@example.org"),
        ("smtp://digest:s3cret@mail.example.org:587", "smtp://…@mail.example.org:587"),
        ("redis://:s3cret@broker.example.org", "redis://…@broker.example.org"),
        ("/unsubscribe/" + "Ab-_1234" * 5 + "/", "/unsubscribe/…/"),
        ("at 5 @ 10", "at 5 @ 10"),
    ],
)
def test_addresses_passwords_and_links_are_hidden_wherever_they_stand(lines, said, shown):
    log = structlog.get_logger()
    log.info(said, why=said, many=[said], deep={"in": (said,)}, n=1)
    logging.getLogger("django").warning("from elsewhere: %s", said)
    ours_line, theirs = lines()
    assert ours_line["event"] == ours_line["why"] == shown
    assert (ours_line["many"], ours_line["deep"], ours_line["n"]) == ([shown], {"in": [shown]}, 1)
    assert theirs["event"] == f"from elsewhere: {shown}"


def test_addresses_are_shown_to_whoever_asks_for_them(lines, settings):
    settings.LOG_ADDRESSES = True
    structlog.get_logger().info("to ann@example.org")
    assert lines()[0]["event"] == "to ann@example.org"


def test_a_traceback_is_part_of_its_line_and_hides_the_same(lines):
    try:
        int("ann@example.org")
    except ValueError:
        structlog.get_logger().exception("failed", delivery=7)
    (line,) = lines()
    assert (line["event"], line["delivery"]) == ("failed", 7)
    assert "'a…@example.org'" in line["exception"]
    assert "Traceback" in line["exception"]


def test_a_long_word_is_read_once(lines):
    structlog.get_logger().info("a" * 200_000)
    assert len(lines()[0]["event"]) == 200_000


@pytest.mark.django_db
def test_what_somebody_did_is_a_line_once_it_stands(lines, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        audit("otto@example.org", "paused mailing", "12", rate=None)
        assert lines() == []
    (line,) = lines("audit")
    assert (line["what"], line["about"], line["who"]) == ("paused mailing", "12", "o…@example.org")


def test_a_command_tells_its_person_what_it_did_in_its_own_words_alone(tmp_path):
    ours_here = {"DATA_DIR": str(tmp_path), "DATABASE_URL": "", "LOG_LEVEL": "info"}
    ours_here["DJANGO_SETTINGS_MODULE"] = "config.settings"
    migrated.copy(tmp_path / "digest.sqlite3")
    done = subprocess.run(
        [Path(sys.executable).parent / "digest", "topic", "add", "harbour", "--name", "Harbour"],
        env=os.environ | ours_here, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("Added topic harbour.")
    assert done.stderr == ""
