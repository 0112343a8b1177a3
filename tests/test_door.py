"""The door: what a mail server that hands mails over is told, and when."""

import datetime as dt
import json
import os
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from digest.models import Topic
from subscribers.models import Subscriber, Subscription, SubscriptionState
from tests.bouncing import bounce, dsn, sender
from tests.relays import in_a_thread
from tests.returning import accepted, deliveries
from workers.commands.status import status
from workers.inbound import door, left, standing
from workers.inbound.models import Inbox, Sort
from workers.models import Delivery
from workers.watch.alert import AlertKind, Watch
from workers.watch.metrics import families
from workers.watch.troubles import found as troubles

STRANGE = dsn("bounce@example.org", "Final-Recipient: rfc822; eve@example.net\nAction: failed\n")


@pytest.fixture(autouse=True)
def _set(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.INBOUND_URL = "lmtp://127.0.0.1:2424?address=leave@example.org"


@pytest.fixture
def port() -> Iterator[int]:
    """Where a door is open."""
    ours = door.Door()
    listening = socket.create_server(("127.0.0.1", 0))
    with in_a_thread(lambda: ours.listen(listening)) as found:
        yield found
        ours.close()


def inbox() -> Inbox:
    return Inbox.objects.get(name="the door at 127.0.0.1:2424")


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
def test_a_bounce_is_in_the_database_when_its_server_is_told_so_and_in_no_log(
    port: int, pivot: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    one, two, _ = deliveries(accepted(pivot))
    with smtplib.LMTP("127.0.0.1", port) as server:
        server.sendmail("", [sender(one)], dsn("x@example.org", "Final-Recipient: rfc822; a@b\n"
                        "Action: failed\nStatus: 5.1.1\n"))  # fmt: skip
        assert Delivery.objects.get(id=one.id).outcome == "bounced"
        server.sendmail(
            "büro@example.net", [sender(two)], bounce(two), ["SMTPUTF8", "BODY=8BITMIME"]
        )
        assert Delivery.objects.get(id=two.id).outcome == "bounced"
        server.sendmail("", ["bounce@example.org"], STRANGE)
        assert server.docmd("NONSENSE eve@example.net")[0] == 500
    found = inbox()
    assert (found.bounces, found.unmatched, found.unread) == (2, 1, 1)
    (kept,) = (left.place() / "new").iterdir()
    assert kept.read_bytes().count(b"eve@example.net") == 1
    assert "@" not in caplog.text


@pytest.mark.django_db
def test_a_mail_with_a_token_unsubscribes(ann: Subscriber) -> None:
    from subscribers import links
    from subscribers.tokens import Purpose

    token = links.path(Purpose.UNSUBSCRIBE, links.about(Subscription.objects.get())).split("/")[2]
    said = door.taken(f"Subject: unsubscribe {token}\r\n\r\n\r\n".encode(), ["leave@example.org"])
    assert said.startswith("250 ")
    assert Subscription.objects.get().state == SubscriptionState.UNSUBSCRIBED
    assert (inbox().unsubscribed, left.waiting()) == (1, 0)


@pytest.mark.django_db
def test_what_can_not_be_kept_stays_with_its_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_mail: bytes) -> None:
        raise OSError(28, "No space left on device")

    def away(*_: object) -> Sort:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(left, "keep", full)
    assert door.taken(STRANGE, []).startswith("452 4.3.1 ")
    monkeypatch.setattr(door, "handle", away)
    assert door.taken(STRANGE, []).startswith("451 4.3.0 ")
    assert not Inbox.objects.exists()


@pytest.mark.django_db
def test_a_mail_that_nobody_foresaw_does_not_come_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "handle", lambda *_: 1 / 0)
    assert door.taken(b"poison", []).startswith("250 ")
    assert (inbox().unclear, left.waiting()) == (1, 1)


def test_the_newest_of_what_is_for_a_person_are_kept_for_ninety_days(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(left, "KEPT", 2)
    for mail in (b"1\n", b"2\n", b"3\n"):
        left.keep(mail)
    assert left.waiting() == 2
    newest, *others = sorted(left._in("new"), key=lambda file: file.read_bytes(), reverse=True)
    assert newest.read_bytes() == b"3\n"
    for file in others:
        os.utime(file, (0, 0))
    left.keep(b"4\n")
    assert sorted(file.read_bytes() for file in left._in("new")) == [b"3\n", b"4\n"]


@pytest.mark.django_db
def test_what_a_person_has_opened_is_forgotten_as_well_though_nothing_else_comes() -> None:
    left.keep(b"1\n")
    (kept,) = left._in("new")
    opened = kept.rename(left.place() / "cur" / f"{kept.name}:2,S")
    door._sign()
    assert (left.waiting(), left._in("cur")) == (0, [opened])
    os.utime(opened, (0, 0))
    door._sign()
    assert left._in("cur") == []


def test_what_is_too_large_or_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "CONNECTIONS", 2)
    taken: list[int] = []
    ours = door.Door(lambda mail, _to: taken.append(len(mail)) or "250 2.0.0 Taken")
    listening = socket.create_server(("127.0.0.1", 0))
    with in_a_thread(lambda: ours.listen(listening)) as port, ExitStack() as open_ones:
        one, _ = (open_ones.enter_context(smtplib.LMTP("127.0.0.1", port)) for _ in range(2))
        with pytest.raises(smtplib.SMTPConnectError, match="421"):
            smtplib.LMTP("127.0.0.1", port)
        one.ehlo()
        assert one.mail("", ["SIZE=30000000"])[0] == 552
        one.mail("")
        assert one.rcpt("a@example.org")[0] == 250
        assert one.rcpt("b@example.org")[0] == 452
        assert one.data(b"x" * 90_000 + b"\r\n")[0] == 250
        one.mail("")
        one.rcpt("a@example.org")
        assert one.data((b"x" * 90_000 + b"\r\n") * 120)[0] == 552
        ours.close()
    assert taken == [90_002]


@pytest.mark.long
def test_it_is_a_program_of_its_own_that_says_what_it_needs(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
    program = [sys.executable, "-m", "workers.inbound"]
    ended = subprocess.run(program, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("digest: INBOUND_URL names no door, as lmtp://127.0.0.1:2424")


# ---- how it fares -------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_door_that_gives_no_sign_is_told_and_is_an_alert() -> None:
    def alerts() -> list[str]:
        kind = AlertKind.INBOX_UNREADABLE
        return [one.words for one in troubles(kind, timezone.now(), Watch())]

    assert standing.trouble().startswith("Nobody listens at the door at 127.0.0.1:2424: ")
    door.note({Sort.BOUNCE: 3})
    assert (standing.trouble(), alerts()) == ("", [])
    Inbox.objects.update(read_at=timezone.now() - dt.timedelta(minutes=6))
    assert standing.trouble() == alerts()[0]
    said = CliRunner().invoke(status, [])
    assert "python -m workers.inbound" in " ".join(said.output.split())


@pytest.mark.django_db
def test_what_came_in_is_counted_on_the_workers_page_and_by_the_status(
    otto: User, signed_in: type[Client], settings: Any
) -> None:
    def page() -> str:
        return " ".join(signed_in(otto).get("/queue/workers/").content.decode().split())

    assert "Nobody listens at the door" in page()
    door.note({Sort.BOUNCE: 1234, Sort.UNMATCHED: 2})
    said = page()
    for words in ("The door at 127.0.0.1:2424", "Bounces", ">1,234<", "Of no message of ours"):
        assert words in said
    assert "Nobody listens" not in said
    told = json.loads(CliRunner().invoke(status, ["--json"]).stdout)["inbox"]["mails"]
    assert (told["bounces"], told["unmatched"], told["complaints"]) == (1234, 2, 0)
    shown = " ".join(CliRunner().invoke(status, []).stdout.split())
    assert "Mails that came in: 1,234 bounces, 2 of no message of ours" in shown
    told = {(one.name, *one.labels.values()): one.value for of in families() for one in of.samples}
    assert told["digest_inbox_mails", "bounces"] == 1234
    assert told["digest_inbox_silent",] == 0
    settings.INBOUND_URL = ""
    assert "no mail comes in" in page()


@pytest.mark.django_db
def test_what_waits_is_told_with_its_place() -> None:
    left.keep(STRANGE)
    door.note({})
    assert standing.waiting().startswith(f"1 unread mail is in {left.place()}, a Maildir: ")
