"""Logs: what they never show."""

import os
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


def test_a_traceback_shows_no_variables(tmp_path: Path) -> None:
    ours = {"DATA_DIR": str(tmp_path), "LOG_FORMAT": "human", "DATABASE_URL": ""}
    env = os.environ | ours | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", FAILS], env=env, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "ValueError: no" in done.stderr
    assert "sign_in" in done.stderr
    assert "hunter2" not in done.stderr
