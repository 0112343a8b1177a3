"""One of two relays killed in mid-mailing: the other takes the rest, and the checker holds."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.installation import approved, holds, received, state
from tests.journeys.system import DIGEST, ROOT, System, until

READERS = 1500
CONNECTIONS, WORKERS = 2, 2


@pytest.mark.long
def test_a_relay_is_killed_in_mid_mailing_and_the_next_one_takes_the_rest(
    tmp_path: Path, sink: tuple[str, Path]
) -> None:
    dying = tmp_path / "dying"
    with subprocess.Popen(
        [sys.executable, "-m", "workers.sink", "--port", "0", "--record", str(dying)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as relay:
        assert relay.stdout is not None
        url = f"smtp://127.0.0.1:{relay.stdout.readline().strip()}?connections={CONNECTIONS}"
        system = approved(System(tmp_path / "var", SMTP_URL=sink[0]), READERS, rate=300)
        system.run("route", "add", "dying", url)
        system.run("route", "set", "default", "--place", "2")
        with system.process(str(DIGEST), "up", "--port", "0", "--workers", str(WORKERS)):
            until(lambda: received(dying) >= 200, 90, what=system.log)
            os.kill(relay.pid, signal.SIGKILL)
            relay.wait()
            until(lambda: state(system) == "done", 120, what=system.log)
            assert "set aside" in system.run("route", "list")
    both = tmp_path / "both"
    both.write_text(dying.read_text() + sink[1].read_text())
    assert received(dying) < READERS
    holds(system, both, READERS, uncertain=WORKERS * CONNECTIONS)
