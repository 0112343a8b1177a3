"""The demo from the command line, twice: the second makes everything anew."""

import re
from pathlib import Path

from tests.journeys.system import System
from workers.mailbox.store import Mailbox


def test_the_demo_sends_three_updates_and_accounts_for_every_mail(tmp_path: Path) -> None:
    system = System(tmp_path, SMTP_URL="smtp://127.0.0.1:1", DATABASE_URL="postgres://x@[::1]:1/x")
    for _ in range(2):
        said = system.run("demo", "--once")
        assert len(re.findall("200 accepted .*= 200 candidates ✓ balances", said)) == 3
        assert "The mailbox holds 600 mails" in said
        assert Mailbox(tmp_path / "demo" / "mailbox").count() == 600
    assert "two of its stories may be one" in said
