"""Through somebody else's relay: a real Postfix takes an update and delivers it to a Maildir."""

import csv
import re
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dkim
import pytest

from digest.keyed import Keyed
from tests import postfix, signing
from tests.faults.installation import state
from tests.journeys.system import DIGEST, ROOT, System, until
from tests.postfix import Postfix
from tests.relays import BRISK, Outbox, readers
from workers.dkim import Signer
from workers.relay import Relay
from workers.smtp import Report, send_all
from workers.verp import bounced_delivery

SECRET = "known to this test, so that it can tell our own senders"
TOPIC = "medias-ai-pivot"
BRIEFINGS = ROOT / "workers" / "demo" / "briefings" / "update-1"
PREPENDED = re.compile(
    rb"Return-Path: <(?P<sender>.*)>\n"
    rb"X-Original-To: (?P<asked>.*)\n"
    rb"Delivered-To: (?P<reader>.*)\n"
    rb"Received: from .*\n"
    rb"\tby .* with ESMTPSA id (?P<queued_as>\w+)\n"
    rb"\tfor <(?P<rcpt>.*)>; .*\n"
)
"""What Postfix puts before a mail; ESMTPSA: it came over TLS, from somebody signed in."""
TALK = re.compile(r"disconnect from .*? ehlo=2 starttls=1 auth=1 mail=(\d+) rcpt=(\d+) data=(\d+)")
"""A connection that greeted, began TLS, signed in, and had each message taken."""


@pytest.fixture(params=["PLAIN LOGIN CRAM-MD5"])
def relay(request: pytest.FixtureRequest) -> Iterator[Postfix]:
    """With these ways of signing in."""
    with postfix.running(request.param) as found:
        yield found


@pytest.fixture
def system(tmp_path: Path, redis_url: str) -> System:
    return System(tmp_path / "var", REDIS_URL=redis_url, SECRET_KEY=SECRET)


def test_two_thousand_readers_get_one_mail_each_over_tls_signed_and_unchanged(
    tmp_path: Path, system: System, relay: Postfix
) -> None:
    system.env["SMTP_URL"] = relay.url()
    system.env |= {name: str(value) for name, value in signing.kept_in(tmp_path).items()}
    audience = approved(system, 2000)
    with system.workers(bulk=2):
        until(lambda: len(relay.delivered()) >= 2000, 120, what=system.log)
        until(lambda: state(system) == "done", 30, what=system.log)
    until(lambda: relay.through_with(2000), 60, what=relay.log)

    counted = system.json("audit", f"{TOPIC}/1")
    assert counted["balanced"]
    assert (counted["candidates"], counted["accepted"], counted["uncertain"]) == (2000, 2000, 0)
    mails = [parted(path.read_bytes()) for path in relay.delivered()]
    assert Counter(added["reader"] for added, _ in mails) == Counter(audience)
    assert all(added["reader"] == added["asked"] == added["rcpt"] for added, _ in mails)
    assert_it_was_signed_in_and_within_tls(relay, 2000)
    assert_the_ledger_says_what_postfix_says(system, [added for added, _ in mails])
    assert [mail[:500] for _, mail in mails[::4] if not verified(mail, signing.signer())] == []
    for added, mail in mails[::999]:
        assert printed(system, added["reader"]) == mail


@pytest.mark.parametrize("relay", ["PLAIN", "LOGIN", "CRAM-MD5"], indirect=True)
def test_nothing_is_begun_until_the_password_and_the_certificate_are_right(relay: Postfix) -> None:
    outbox = Outbox(readers(3))
    said = send_all(Relay.from_url(relay.url(password="guessed")), outbox, BRISK).trouble
    assert "does not let digest in: 535" in said
    said = send_all(Relay.from_url(relay.url(trusted=False)), outbox, BRISK).trouble
    assert "certificate is not valid" in said
    assert outbox.calls == []

    outbox = Outbox(readers(3))
    assert send_all(Relay.from_url(relay.url()), outbox) == Report()
    assert outbox.verdicts == ["accepted"] * 3
    until(lambda: relay.through_with(3), 20, what=relay.log)
    assert len(relay.delivered()) == 3
    assert_it_was_signed_in_and_within_tls(relay, 3)


def approved(system: System, readers: int) -> list[str]:
    """Approve an update for so many readers: their addresses."""
    addresses = [f"reader{n}@example.org" for n in range(readers)]
    path = system.data_dir / "readers.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["email", "name"])
        rows.writerows([address, f"Reader № {n}"] for n, address in enumerate(addresses))
    consent = "asked for it in a test"
    system.run_all(
        ("topic", "add", TOPIC, "--name", "Media's AI Pivot"),
        ("subscribers", "import", str(path), "--topic", TOPIC, "--consent", consent),
        ("load", str(BRIEFINGS), "--topic", TOPIC),
        ("assemble", TOPIC, "--until", "2026-05-13T15:00:00Z"),
        ("approve", f"{TOPIC}/draft"),
    )
    return addresses


def ledger(system: System) -> dict[str, tuple[int, str]]:
    """Each reader's row in the ledger: its number, and the relay's answer."""
    with closing(sqlite3.connect(system.data_dir / "digest.sqlite3")) as database:
        rows = database.execute("SELECT address, id, answer FROM workers_delivery").fetchall()
    return {address: (number, answer) for address, number, answer in rows}


def parted(mail: bytes) -> tuple[dict[str, str], bytes]:
    """What Postfix put before a mail, and the mail as it was handed over."""
    found = PREPENDED.match(mail)
    assert found, mail[:1000]
    added = {name: value.decode() for name, value in found.groupdict().items()}
    return added, mail[found.end() :].replace(b"\n", b"\r\n")


def verified(mail: bytes, signer: Signer) -> bool:
    """Whether dkimpy, which knows nothing of ours, finds the signature good."""
    records = {f"{signer.name}.".encode(): signer.record.encode()}
    good: bool = dkim.verify(mail, dnsfunc=lambda name, timeout=5: records.get(name))
    return good


def printed(system: System, reader: str) -> bytes:
    """What ``digest message`` prints."""
    command = [str(DIGEST), "message", f"{TOPIC}/1", reader]
    return subprocess.run(command, env=system.env, capture_output=True, check=True).stdout


def assert_it_was_signed_in_and_within_tls(relay: Postfix, mails: int) -> None:
    said = relay.log()
    talks = [[int(n) for n in found] for found in TALK.findall(said)]
    assert [sum(of) for of in zip(*talks, strict=True)] == [mails] * 3
    assert len(re.findall(r" mail=", said)) == len(talks)


def assert_the_ledger_says_what_postfix_says(
    system: System, delivered: list[dict[str, str]]
) -> None:
    """Each reader's row has the queue id under which Postfix took theirs, and its bounces' name."""
    rows = ledger(system)
    ours = Keyed(SECRET, "workers.verp")
    for mail in delivered:
        row, answer = rows[mail["reader"]]
        assert answer.endswith(f"queued as {mail['queued_as']}")
        assert bounced_delivery(ours, mail["sender"]) == row
