"""Logs, and the folder of the data: what they never show, and to whom."""

import os
import stat
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FAILS = """
import django
django.setup()
import structlog
from digest.logs import set_up
set_up()
def sign_in(password):
    raise ValueError("no")
try:
    sign_in("".join(["hun", "ter", "2"]))
except ValueError:
    structlog.get_logger().exception("failed")
"""


REFUSES = """
import django
django.setup()
from django.test import Client
from digest.logs import set_up
from digest.staff import _TOKENS
set_up()
from django.contrib.auth.models import User
link = _TOKENS["password"].make_token(User(pk=7, password="!"))
print(link)
for path in ("/unsubscribe/" + "Ab-_1234" * 5 + "/", "/login/link/Nw/" + link + "/"):
    Client(SERVER_NAME="localhost").put(path)
"""


def log_of(code: str, data_dir: Path) -> tuple[str, str]:
    """What a program logs, and what it prints."""
    ours = {"DATA_DIR": str(data_dir), "LOG_FORMAT": "human", "DATABASE_URL": ""}
    env = os.environ | ours | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stderr, done.stdout.strip()


def test_a_traceback_shows_no_variables(tmp_path: Path) -> None:
    logged, _ = log_of(FAILS, tmp_path)
    assert "ValueError: no" in logged
    assert "sign_in" in logged
    assert "hunter2" not in logged


def test_no_link_that_opens_a_page_stands_in_a_log(tmp_path: Path) -> None:
    logged, link = log_of(REFUSES, tmp_path)
    assert "Method Not Allowed (PUT): /unsubscribe/…/" in logged
    assert "Method Not Allowed (PUT): /login/link/Nw/…/" in logged
    assert "Ab-_1234" not in logged
    assert link not in logged


def test_nobody_else_on_the_machine_looks_into_the_data(tmp_path: Path) -> None:
    for made, key in ((tmp_path / "a" / "var", ""), (tmp_path / "b" / "var", "x" * 50)):
        subprocess.run(
            [sys.executable, "-c", "import config.settings"],
            env=os.environ | {"DATA_DIR": str(made), "SECRET_KEY": key}, cwd=ROOT, check=True,
        )  # fmt: skip
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
