"""``python -m tests.faults.footprint MAILING``: fill it and take up a batch, in a new process.

Writes, as a list in JSON, how many megabytes the process held at most in each of the two. New,
because what other work left in a process is room that this work could take unnoticed, or that
grows for its own reasons.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).parents[2]


def of(mailing_id: int) -> tuple[float, float]:
    """Megabytes for filling this mailing, and for holding a batch of it."""
    told = subprocess.run(
        [sys.executable, "-m", __name__, str(mailing_id)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": _url()},
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    filling, holding = json.loads(told.stdout)
    return filling, holding


def _url() -> str:
    """Of the tests' own database."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}"))


def _peak(work: Callable[[], object]) -> float:
    """Megabytes that this process held at most while it worked."""
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far (proc(5))
    work()
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _main() -> None:
    import django

    django.setup()
    from workers import audience, ledger
    from workers.models import BULK

    if connection.vendor == "sqlite":
        # What is mapped of the file is the kernel's to drop, and would count as if it were ours.
        connection.cursor().execute("PRAGMA mmap_size=0")

    def filling() -> None:
        while not audience.fill(int(sys.argv[1]), 120):
            pass  # the first time is short, so that sending can begin

    def holding() -> None:
        batch = ledger.claim(BULK, "here", "one")
        assert batch is not None
        assert len(ledger.queued(batch)) == audience.CHUNK

    sys.stdout.write(json.dumps([_peak(filling), _peak(holding)]))


if __name__ == "__main__":
    _main()
