"""The inbox, read by IMAP from a real server: what is acted on, what is left, what is told."""

import datetime as dt
import json
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from django.contrib.auth.models import User
from django.utils import timezone

from digest.models import Topic
from subscribers import links
from subscribers.models import Subscriber, Subscription, SubscriptionState
from subscribers.tokens import Purpose
from tests import dovecot
from tests.bouncing import block, bounce, complaint, dsn, returned, sender
from tests.conftest import SignedIn
from tests.dovecot import Dovecot
from tests.queueing import a_crew
from tests.returning import accepted, deliveries
from workers import ticking
from workers.commands.status import status
from workers.feedback.models import Returned
from workers.inbound import reading, standing
from workers.inbound.models import Inbox, Sort
from workers.relay import Security

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    """One for all of these tests."""
    with dovecot.running() as found:
        yield found


@pytest.fixture
def inbox(server: Dovecot, settings: Any) -> Iterator[Dovecot]:
    """The inbox is set, and empty."""
    settings.INBOUND_URL = server.url()
    yield server
    server.empty()


@pytest.fixture
def leaving(ann: Subscriber) -> bytes:
    """Ann's mail."""
    about = Subscription.objects.get(subscriber=ann)
    token = links.path(Purpose.UNSUBSCRIBE, links.about(about)).split("/")[2]
    return f"From: x@example.net\r\nSubject: unsubscribe {token}\r\n\r\n\r\n".encode()


BY_HAND = b"From: ann@example.org\r\nSubject: Unsubscribe\r\n\r\nPlease!\r\n"


def look() -> Inbox:
    """A minute later, the inbox is looked into."""
    Inbox.objects.update(next_at=timezone.now())
    reading.read()
    found = reading.current()
    assert found is not None
    return found


def state() -> str:
    return Subscription.objects.get().state


@pytest.mark.both_databases
def test_a_mail_with_a_token_unsubscribes_and_is_marked_as_read(
    inbox: Dovecot, leaving: bytes
) -> None:
    inbox.put(leaving)
    found = look()
    about = Subscription.objects.get()
    assert (about.state, about.left_code) == (SubscriptionState.UNSUBSCRIBED, "by_mail")
    assert (found.trouble, found.unread) == ("", 0)
    assert inbox.uids("UNSEEN") == []
    assert len(inbox.uids()) == 1


def test_a_mail_without_a_token_stays_unread_for_a_person_and_is_fetched_once(
    inbox: Dovecot, ann: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = []
    body = reading._body
    monkeypatch.setattr(reading, "_body", lambda imap, uid: fetched.append(uid) or body(imap, uid))
    inbox.put(BY_HAND)
    assert (look().unread, look().unread) == (1, 1)
    assert inbox.uids("UNSEEN") == fetched
    assert len(fetched) == 1
    assert state() == SubscriptionState.CONFIRMED


def test_a_bounce_is_acted_on_and_marked_as_read_and_one_without_a_proof_is_left(
    inbox: Dovecot, pivot: Topic
) -> None:
    one, two, _ = deliveries(accepted(pivot))
    inbox.put(
        bounce(one),
        bounce(two).replace(b"bounce+", b"bounce-").replace(b"Message-ID", b"X"),
        complaint(returned(two)),
        dsn(sender(two), block(two.address, "delayed", "4.4.1")),
        BY_HAND,
    )
    found = look()
    counted = {sort.value: getattr(found, sort.value) for sort in Sort}
    assert counted == {
        "bounces": 1, "complaints": 1, "notices": 1, "unmatched": 1, "unclear": 1,
        "unsubscribed": 0,
    }  # fmt: skip
    assert (found.unread, len(inbox.uids("UNSEEN"))) == (2, 2)
    assert sorted(Returned.objects.values_list("kind", flat=True)) == ["complained", "hard"]


def test_nasty_mails_stop_nobody(
    inbox: Dovecot, leaving: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = []
    handle = reading.handle
    monkeypatch.setattr(reading, "handle", lambda mail: fetched.append(len(mail)) or handle(mail))
    deep = b"".join(
        b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n" % (n, n + 1)
        for n in range(2000)
    )
    token = leaving.split()[4]
    nasty = [
        b"Subject: huge\r\n\r\n" + (b"x" * 998 + b"\r\n") * 10_000,
        b"Content-Type: multipart/mixed; boundary=0\r\n\r\n" + deep,
        b"Subject: \xff\xfe=?utf-8?b?//////?=\r\n\r\n\xff\xfe\xfa",
        b'Content-Type: text/plain; charset="\\""\r\nContent-Transfer-Encoding: base64\r\n\r\n?',
        b"Content-Type: text/html\r\n\r\n" + b"<" * 60_000,
        b"Subject: unsubscribe\r\n\tX: y\r\nBcc: a@b.org\r\n\r\n" + b"-" * 60_000,
        b"no header at all",
        b"Subject: unsubscribe " + token[:-1] + b"\r\n\r\n" + token[1:],
    ]
    inbox.put(*nasty)
    assert look().unread == len(nasty)
    assert max(fetched) == reading.OCTETS
    assert state() == SubscriptionState.CONFIRMED
    inbox.put(leaving)
    assert look().unread == len(nasty)
    assert state() == SubscriptionState.UNSUBSCRIBED


def test_dying_between_leaving_and_marking_costs_a_second_look(
    inbox: Dovecot, leaving: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.put(leaving)
    with monkeypatch.context() as broken:
        broken.setattr(reading, "FOR_A_PERSON", None)  # it is asked once the mail was acted on
        assert "the log tells" in look().trouble
    left_at = Subscription.objects.get().left_at
    assert left_at is not None
    assert inbox.uids("UNSEEN")
    assert look().trouble == ""
    assert inbox.uids("UNSEEN") == []
    assert Subscription.objects.get().left_at == left_at


def test_what_was_there_and_read_before_is_not_acted_on_but_what_is_unread_is(
    inbox: Dovecot, leaving: bytes
) -> None:
    inbox.put(leaving, flags=r"\Seen")
    look()
    assert state() == SubscriptionState.CONFIRMED
    Inbox.objects.update(validity=1)  # the mailbox was moved, and numbers its mails anew
    look()
    assert state() == SubscriptionState.CONFIRMED
    with inbox.session() as imap:
        imap.store("1:*", "-FLAGS", r"(\Seen)")
    Inbox.objects.update(validity=1)
    look()
    assert state() == SubscriptionState.UNSUBSCRIBED


def test_a_mail_that_somebody_looked_at_first_is_acted_on(inbox: Dovecot, leaving: bytes) -> None:
    look()
    inbox.put(leaving, flags=r"\Seen")
    look()
    assert state() == SubscriptionState.UNSUBSCRIBED


def test_a_turn_is_bounded_and_the_next_one_goes_on_at_once(
    inbox: Dovecot, leaving: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAILS", 2)
    inbox.put(*[BY_HAND] * 4, leaving)
    assert look().next_at <= timezone.now()
    reading.read()
    assert state() == SubscriptionState.CONFIRMED
    reading.read()
    assert state() == SubscriptionState.UNSUBSCRIBED
    found = reading.current()
    assert found is not None
    assert found.next_at > timezone.now()


def test_a_worker_goes_on_where_another_stopped_while_it_was_asking(
    inbox: Dovecot, leaving: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.put(BY_HAND)
    before = look()
    inbox.put(BY_HAND)
    look()
    Inbox.objects.update(next_at=timezone.now())
    monkeypatch.setattr(Inbox.objects, "get_or_create", lambda name: (before, False))
    monkeypatch.setattr(reading, "_body", lambda *_: pytest.fail("read again"))
    reading.read()


def test_one_worker_reads_at_a_time(inbox: Dovecot, leaving: bytes) -> None:
    look()
    inbox.put(leaving)
    Inbox.objects.update(next_at=timezone.now() + reading.CLAIM)  # another has just begun
    reading.read()
    assert state() == SubscriptionState.CONFIRMED


# ---- what goes wrong -------------------------------------------------------------------


def test_a_wrong_password_is_told_and_tried_less_and_less_often(
    inbox: Dovecot, settings: Any
) -> None:
    settings.INBOUND_URL = inbox.url(password="guessed")
    now, found = timezone.now(), look()
    assert found.trouble == (
        "127.0.0.1 does not let leave@example.org in: [AUTHENTICATIONFAILED] Authentication failed"
    )
    assert found.next_at - now < 2 * reading.EVERY
    Inbox.objects.update(failures=30)
    now, found = timezone.now(), look()
    assert found.next_at - now >= reading.LATEST
    settings.INBOUND_URL = inbox.url()
    assert (look().trouble, look().failures) == ("", 0)


def test_a_missing_folder_is_told(inbox: Dovecot, settings: Any) -> None:
    settings.INBOUND_URL = inbox.url(folder='No%20"such"')
    assert look().trouble.startswith('127.0.0.1 has no folder No "such": Mailbox doesn')


@pytest.mark.parametrize("security", [Security.IMPLICIT, Security.STARTTLS])
def test_over_tls_the_certificate_must_be_good(
    inbox: Dovecot,
    settings: Any,
    leaving: bytes,
    security: Security,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inbox.put(leaving)
    if security is Security.STARTTLS:  # as it is for any host but this machine
        monkeypatch.setattr(reading, "source", inbox.with_starttls)
    settings.INBOUND_URL = inbox.url(trusted=False)
    assert "127.0.0.1's certificate is not valid: " in look().trouble
    assert state() == SubscriptionState.CONFIRMED
    settings.INBOUND_URL = inbox.url(trusted=True)
    assert look().trouble == ""
    assert state() == SubscriptionState.UNSUBSCRIBED


_NONSENSE = re.compile(
    r"127\.0\.0\.1(:\d+)? (can't be reached|broke off|refuses|does not answer as an IMAP server): "
)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"* BYE too busy\r\n",
        b"* OK \xff\r\n* BAD\r\n",
        b"* PREAUTH\r\n",
        b"* OK\r\n* CAPABILITY IMAP4rev1\r\n" * 9,
    ],
)
def test_a_server_that_talks_nonsense_is_told(answer: bytes, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(answer)

        talking = threading.Thread(target=talk)
        talking.start()
        settings.INBOUND_URL = f"imap://a@example.org:p@127.0.0.1:{listening.getsockname()[1]}"
        assert _NONSENSE.match(look().trouble)
        talking.join()


def test_a_server_that_is_down_is_told(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    settings.INBOUND_URL = f"imap://a@example.org:p@127.0.0.1:{port}"
    assert look().trouble == f"127.0.0.1:{port} can't be reached: Connection refused"


def test_the_tick_asks_for_a_look_when_it_is_time_and_only_where_an_inbox_is_set(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(ticking, "wake", lambda task, *_: woken.append(task))
    ticking.wake_for_inbox()
    assert woken == []
    settings.INBOUND_URL = "imap://a@example.org:p@127.0.0.1"
    ticking.wake_for_inbox()
    assert woken == ["read_inbox"]
    name = "INBOX of a@example.org at 127.0.0.1:143"
    Inbox.objects.create(name=name, next_at=timezone.now() + dt.timedelta(seconds=9))
    ticking.wake_for_inbox()
    assert woken == ["read_inbox"]


def test_trouble_is_told_by_the_status_and_on_the_queue_s_page(
    settings: Any, otto: User, signed_in: type[SignedIn]
) -> None:
    settings.INBOUND_URL = "imap://a@example.org:p@127.0.0.1"
    name = "INBOX of a@example.org at 127.0.0.1:143"
    Inbox.objects.create(name=name, trouble="127.0.0.1 has no folder <b>", unread=2)
    a_crew()
    page = signed_in(otto).get("/queue/").content.decode()
    assert "inbox can’t be read" in page
    assert "127.0.0.1 has no folder &lt;b&gt;" in page
    said = CliRunner().invoke(status, ["--json"]).stdout
    told = json.loads(said)["inbox"]
    assert told["trouble"].startswith("Mails that unsubscribe, and bounces, can't be read: 127")
    assert told["waiting"].startswith(f"2 unread mails are in {name}")
    shown = " ".join(CliRunner().invoke(status, []).stdout.split())
    assert told["trouble"] in shown
    assert told["waiting"] in shown


def test_nothing_is_told_where_all_is_well(settings: Any) -> None:
    assert (standing.trouble(), standing.waiting()) == ("", "")
    settings.INBOUND_URL = "imap://a@example.org:p@127.0.0.1"
    assert (standing.trouble(), standing.waiting()) == ("", "")
    Inbox.objects.create(name="INBOX of a@example.org at 127.0.0.1:143")
    assert (standing.trouble(), standing.waiting()) == ("", "")
