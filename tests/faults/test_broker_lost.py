"""The broker flushed, and down: nobody lost, sending resumes, the public pages stay up.

Five minutes are twelve seconds here: longer than each of the timeouts and pauses with which
workers and beat look for their broker (5 and 10 s), so that all of them pass through it.
"""

import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from tests.faults.installation import approved, holds, leasing, received, state
from tests.journeys.system import DIGEST, System, until
from workers.embedded import broker

READERS = 2000
AWAY = 12.0
CONNECTIONS = 4

pytestmark = pytest.mark.long


def test_redis_flushed_and_down_nobody_is_lost_and_public_pages_stay_up(
    tmp_path: Path, sink: tuple[str, Path]
) -> None:
    """A worker dies meanwhile: that what it was asked can't be acknowledged must not cost its
    place, or sending never resumes."""
    server = broker.make()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, server.directory, ignore_errors=True)
        process = stack.enter_context(running(server))
        system = System(tmp_path / "var", SMTP_URL=sink[0], REDIS_URL=server.url)
        approved(system, READERS, rate=100)
        stack.enter_context(system.process(str(DIGEST), "up", "--port", "0", "--workers", "1"))
        until(lambda: received(sink[1]) >= 100, 60, what=system.log)
        flush(server.url)
        until(lambda: received(sink[1]) >= 300, 60, what=system.log)
        process.kill()
        gone_at = time.monotonic()
        os.kill(leasing(system), signal.SIGKILL)
        while time.monotonic() - gone_at < AWAY:
            assert page(system) == 200
            time.sleep(0.5)
        at_return = received(sink[1])
        assert at_return < READERS, "there is something to resume"
        stack.enter_context(running(server))
        until(lambda: received(sink[1]) > at_return, 60, what=system.log)
        until(lambda: state(system) == "done", 90, what=system.log)
        holds(system, sink[1], READERS, uncertain=CONNECTIONS)


@contextmanager
def running(server: broker.Broker) -> Iterator[subprocess.Popen[bytes]]:
    """The broker, ended when the block is left; it forgets everything then."""
    process = subprocess.Popen(server.argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        assert broker.silence(server.url) == ""
        yield process
    finally:
        process.kill()
        process.wait()


def flush(url: str) -> None:
    with redis.Redis.from_url(broker.for_redis_py(url)) as client:
        client.flushall()


def page(system: System) -> int:
    """The archive's front page, as a reader sees it."""
    address = (system.data_dir / "base-url").read_text().strip()
    with urllib.request.urlopen(address, timeout=5) as answer:
        return int(answer.status)
