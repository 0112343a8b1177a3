"""Leaving by mail, all the way: our mail, the reader's program, their server, and ours again."""

import csv
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from tests import dovecot
from tests.dovecot import Dovecot
from tests.journeys.system import DIGEST, ROOT, System, until
from workers.mailbox.store import Mailbox

TOPIC = "medias-ai-pivot"
BRIEFINGS = ROOT / "workers" / "demo" / "briefings"


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot.running() as found:
        yield found


def test_a_reader_whose_mail_program_writes_a_mail_has_left(
    tmp_path: Path, server: Dovecot
) -> None:
    system = System(tmp_path / "var", INBOUND_URL=server.url())
    system.run("topic", "add", TOPIC, "--name", "Media's AI Pivot")
    people = "email\nann@example.org\nbob@example.org\n"
    consent = ("--topic", TOPIC, "--consent", "asked for it in a test")
    system.run("subscribers", "import", "-", *consent, stdin=people)
    with system.process(str(DIGEST), "up", "--port", "0", "--workers", "1"):
        send(system, 1, "2026-05-13T15:00:00Z")
        assert delivered(system) == ["ann@example.org", "bob@example.org"]

        got = message_from_bytes(mail_to(system, "ann@example.org"), policy=default)
        written = as_a_mail_program_writes(got["List-Unsubscribe"])
        assert written["To"] == dovecot.USER
        server.put(b"Subject: unsubscribe\r\n\r\nBy hand.\r\n", bytes(written))
        until(lambda: "1 unread mail is" in later_status(system), 60, what=system.log)
        assert statuses(system) == ["unsubscribed", "confirmed"]
        assert (server.uids("SEEN"), server.uids("UNSEEN")) == ([2], [1])

        send(system, 2, "2026-05-20T15:00:00Z")
        assert delivered(system) == ["ann@example.org", "bob@example.org", "bob@example.org"]
        assert system.json("audit", f"{TOPIC}/2")["candidates"] == 1


def send(system: System, number: int, cut_off: str) -> None:
    """Load an update of the demo's, approve it, and wait until it is sent."""
    system.run_all(
        ("load", str(BRIEFINGS / f"update-{number}"), "--topic", TOPIC),
        ("assemble", TOPIC, "--until", cut_off),
        ("approve", f"{TOPIC}/draft"),
    )
    states = "SELECT state FROM workers_mailing"
    until(lambda: system.asked(states) == [("done",)] * number, 60, what=system.log)


def delivered(system: System) -> list[str]:
    mails = Mailbox(system.data_dir / "mailbox").newest()
    return sorted(address for mail in mails for address in mail.recipients)


def mail_to(system: System, address: str) -> bytes:
    box = Mailbox(system.data_dir / "mailbox")
    (mail,) = box.newest(to=address)
    return box.content(mail.number) or b""


def as_a_mail_program_writes(field: str) -> EmailMessage:
    """The mail that ``List-Unsubscribe`` asks for (RFC 2369, RFC 6068), as one's own program."""
    link, asked = (uri.strip("<> ") for uri in field.split(","))
    assert urlsplit(link).scheme in {"http", "https"}
    uri = urlsplit(asked)
    assert uri.scheme == "mailto"
    said = dict(parse_qsl(uri.query, strict_parsing=True))
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = "Ann Lee <ann@example.org>", unquote(uri.path)
    mail["Subject"] = said["subject"]
    mail.set_content(said["body"])
    return mail


def later_status(system: System) -> str:
    """What is told a minute later, when the inbox is due to be looked into again."""
    with closing(sqlite3.connect(system.data_dir / "digest.sqlite3", timeout=20)) as database:
        database.execute("UPDATE workers_inbox SET next_at = '2026-01-01 00:00:00'")
        database.commit()
    waiting: str = system.json("status")["inbox"]["waiting"]
    return waiting


def statuses(system: System) -> list[str]:
    rows = csv.DictReader(io.StringIO(system.run("subscribers", "export")))
    return [row["status"] for row in sorted(rows, key=lambda row: row["email"])]
