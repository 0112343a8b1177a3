"""The demo from the command line, twice: the second makes everything anew."""

import re
from pathlib import Path
from typing import Any

from tests.journeys.system import DIGEST, System, until
from workers.mailbox.store import Mailbox


def test_the_demo_sends_three_updates_and_accounts_for_every_mail(tmp_path: Path) -> None:
    system = System(tmp_path, SMTP_URL="smtp://127.0.0.1:1", DATABASE_URL="postgres://x@[::1]:1/x")
    for _ in range(2):
        said = system.run("demo", "--once")
        assert len(re.findall("200 accepted .*= 200 candidates ✓ balances", said)) == 3
        assert "The mailbox holds 600 mails" in said
        assert Mailbox(tmp_path / "demo" / "mailbox").count() == 600
    assert "two of its stories may be one" in said


def test_the_demo_leaves_a_mailing_at_work_with_one_reader_who_is_uncertain(tmp_path: Path) -> None:
    system = System(tmp_path, empty=True)
    theirs = System(tmp_path / "demo", empty=True)
    with system.process(str(DIGEST), "demo"):
        until(lambda: "The link to the desk" in system.log(), 150, what=system.log)
        newest = "SELECT uncertain, candidates, accepted >= 2 FROM workers_mailing ORDER BY id DESC"
        until(lambda: theirs.asked(newest)[0] == (1, 200, True), 120, what=system.log)
        found = _correction(theirs)
    assert (found["kind"], found["rate"], found["candidates"]) == ("correction", 0.4, 200)
    assert "[info" not in system.log(), "the demo tells, its logs do not"
    assert found["balanced"]
    assert found["state"] in {"preparing", "sending"}


def _correction(system: System) -> dict[str, Any]:
    """The newest mailing."""
    newest: dict[str, Any] = system.json("status")["mailings"][0]
    return newest
