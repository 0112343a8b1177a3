"""Signing up while a mailing is under way, and while the broker is away: real processes."""

import shutil
import urllib.parse
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from tests.faults.installation import TOPIC, approved, received
from tests.faults.test_broker_lost import running
from tests.journeys.system import DIGEST, System, until
from workers.embedded import broker

READERS = 3000
"""At a hundred a second: half a minute."""


def sign_up(system: System, address: str) -> int:
    """Fill in the form at the page that is served."""
    page = (system.data_dir / "base-url").read_text().strip() + "/subscribe/"
    form = urllib.parse.urlencode({"address": address, "topic": TOPIC}).encode()
    with urllib.request.urlopen(page, form, timeout=10) as answer:
        return int(answer.status)


def test_a_question_is_on_its_way_within_seconds_while_a_mailing_is_sent_and_outlives_the_broker(
    tmp_path: Path, sink: tuple[str, Path]
) -> None:
    relay, record = sink

    def asked(address: str) -> bool:
        return address in record.read_text().split()

    server = broker.make()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, server.directory, ignore_errors=True)
        process = stack.enter_context(running(server))
        system = System(tmp_path / "var", SMTP_URL=relay, REDIS_URL=server.url)
        approved(system, READERS, rate=100)
        stack.enter_context(system.process(str(DIGEST), "up", "--port", "0", "--workers", "1"))
        until(lambda: received(record) >= 50, 60, what=system.log)

        assert sign_up(system, "bea@example.org") == 200
        until(lambda: asked("bea@example.org"), 60, what=system.log)
        before = record.read_text().split().index("bea@example.org")
        assert before < READERS / 2, "the question did not wait for the mailing"

        process.kill()
        process.wait()
        assert sign_up(system, "bo@example.org") == 200
        stack.enter_context(running(server))
        until(lambda: asked("bo@example.org"), 60, what=system.log)
