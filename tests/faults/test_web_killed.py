"""The pages killed under load: whoever was told that they have left, has."""

import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from subscribers.tokens import Purpose, make
from tests.journeys.system import DIGEST, System, until

pytestmark = pytest.mark.long

READERS, BEFORE_THE_KILL = 400, 120


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_nobody_who_was_told_that_they_have_left_is_still_there_after_a_kill(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgres" else ""
    system = System(tmp_path / "var", DATABASE_URL=url, SECRET_KEY=settings.SECRET_KEY)
    system.run("migrate")
    system.run("topic", "add", "pivot", "--name", "Pivot")
    rows = "".join(f"reader{n}@example.org\n" for n in range(READERS))
    asked = ("subscribers", "import", "-", "--topic", "pivot", "--consent", "a test")
    system.run(*asked, stdin=f"email\n{rows}")
    everybody = sorted(standing(system, "confirmed"))
    assert len(everybody) == READERS

    told: list[int] = []
    with pages(system) as (pid, port), ThreadPoolExecutor(8) as pool:
        posts = [pool.submit(leave, port, one, told) for one in everybody]
        until(lambda: len(told) >= BEFORE_THE_KILL, 60, what=system.log)
        os.killpg(pid, signal.SIGKILL)
        for post in posts:
            post.result()
    assert BEFORE_THE_KILL <= len(told) < READERS, "it was killed under load"
    assert set(told) <= standing(system, "unsubscribed")

    with pages(system) as (_, port):
        for one in everybody:
            leave(port, one, told)
    assert standing(system, "unsubscribed") == set(everybody)


@contextmanager
def pages(system: System) -> Iterator[tuple[int, int]]:
    """gunicorn as the image runs it: its process group, and its port."""
    already = len(system.log()) if (system.data_dir / "processes.log").exists() else 0
    options = ["--bind=127.0.0.1:0", "--worker-class=gthread", "--threads=8"]
    found: list[int] = []

    def listening() -> bool:
        said = (system.data_dir / "processes.log").read_text()[already:]
        ports = re.findall(r"Listening at: http://127\.0\.0\.1:(\d+)", said)
        found.extend(int(port) for port in ports)
        return bool(found)

    command = [str(DIGEST.with_name("gunicorn")), "config.wsgi", *options, "--no-control-socket"]
    with system.process(*command) as process:
        until(listening, 60, what=system.log)
        yield process.pid, found[-1]


def leave(port: int, who: int, told: list[int]) -> None:
    """Post as a mail program does; note who was answered 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    path = f"/unsubscribe/{make(Purpose.UNSUBSCRIBE, who, 1, 0)}/"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request("POST", path, "List-Unsubscribe=One-Click", form)
        status = connection.getresponse().status
    except (OSError, HTTPException):
        return  # nobody was told anything
    finally:
        connection.close()
    assert status == 200
    told.append(who)


def standing(system: System, state: str) -> set[int]:
    """Who stands to the topic like this, from the database itself."""
    asked = f"SELECT subscriber_id FROM subscribers_subscription WHERE state = '{state}'"
    if url := system.env["DATABASE_URL"]:
        with psycopg.connect(url) as connection:
            return {one for (one,) in connection.execute(asked)}
    with sqlite3.connect(system.data_dir / "digest.sqlite3") as database:
        return {one for (one,) in database.execute(asked)}
