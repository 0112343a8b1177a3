"""A deploy with a migration: SIGTERM drains within 30 s, and nothing is uncertain."""

import signal
import time
from pathlib import Path

import pytest

from tests.faults.installation import approved, audited, holds, received, state
from tests.journeys.system import DIGEST, System, until

READERS = 800

pytestmark = pytest.mark.long


def test_sigterm_drains_in_30_s_the_migration_runs_and_nothing_is_uncertain(
    tmp_path: Path, sink: tuple[str, Path]
) -> None:
    system = approved(System(tmp_path / "var", SMTP_URL=sink[0]), READERS, rate=200)
    record = sink[1]
    up = (str(DIGEST), "up", "--port", "0", "--workers", "2")
    for deploy in (1, 2):
        with system.process(*up) as running:
            until(lambda done=deploy * 150: received(record) >= done, 60, what=system.log)
            before = time.monotonic()
            running.send_signal(signal.SIGTERM)
            running.wait(40)
            assert time.monotonic() - before < 30
        after = received(record)
        sheet = audited(system)
        assert (sheet["accepted"], sheet["queued"]) == (after, READERS - after)
        assert (sheet["uncertain"], sheet["balanced"]) == (0, True)
        assert 0 < after < READERS, "it was in the midst of it"
        system.run("migrate")
    with system.process(*up):
        until(lambda: state(system) == "done", 60, what=system.log)
    holds(system, record, READERS)
