"""The built-in mailbox: its SMTP server, what it keeps, and who may look at it."""

import asyncio
import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from workers.mailbox import smtp
from workers.mailbox.reading import for_frame, read
from workers.mailbox.store import Mailbox


class Server:
    """The mailbox's SMTP server in a thread, on a free port of loopback."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self.up = threading.Event()
        self.thread = threading.Thread(target=asyncio.run, args=(self._run(),))

    async def _run(self) -> None:
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        await smtp.listen(self.listening, self.mailbox, self.up.set, self.over)

    def __enter__(self) -> "Server":
        self.thread.start()
        assert self.up.wait(10)
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join()

    def talk(self, *writes: bytes, split: int = 0) -> list[bytes]:
        """Send these one after the other, and return every reply line after QUIT's."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            said = client.makefile("rb")
            assert said.readline().startswith(b"220 ")
            # QUIT goes with the last: alone, it might reach a server that has closed, whose reset
            # would take its last reply along.
            *before, last = writes
            for write in (*before, last + b"QUIT\r\n"):
                step = split or len(write)
                for at in range(0, len(write), step):
                    client.sendall(write[at : at + step])
            return [line.rstrip() for line in said]


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mailbox", kept=5)


@pytest.fixture
def server(mailbox: Mailbox) -> Iterator[Server]:
    with Server(mailbox) as server:
        yield server


def codes(lines: list[bytes]) -> list[bytes]:
    return [line[:3] for line in lines if line[3:4] == b" "]


HELLO = b"EHLO me.example.org\r\n"
ENVELOPE = b"MAIL FROM:<news@example.org>\r\nRCPT TO:<ann@example.org>\r\nDATA\r\n"


# ---- SMTP --------------------------------------------------------------------------------


def test_a_mail_sent_by_the_standard_library_is_kept_byte_for_byte(server: Server) -> None:
    content = b"Subject: Dots\r\n\r\n.one\r\n..two\r\n.\x20\r\nand \xff bytes\r\n"
    with smtplib.SMTP("127.0.0.1", server.port) as client:
        assert client.sendmail("news@example.org", ["ann@example.org"], content) == {}
    assert server.mailbox.content(1) == content
    [mail] = server.mailbox.newest()
    assert (mail.sender, mail.recipients) == ("news@example.org", ("ann@example.org",))
    assert (mail.subject, mail.size) == ("Dots", len(content))


def test_it_offers_what_the_sender_uses(server: Server) -> None:
    with smtplib.SMTP("127.0.0.1", server.port) as client:
        client.ehlo()
        assert {"pipelining", "8bitmime", "smtputf8", "size"} <= set(client.esmtp_features)


@pytest.mark.parametrize("split", [0, 1, 7])
def test_pipelined_mails_are_told_apart_however_the_bytes_arrive(
    server: Server, split: int
) -> None:
    bodies = [b"Subject: %d\r\n\r\n..dot\r\nlast\r\n" % n for n in range(3)]
    whole = HELLO + b"".join(ENVELOPE + body + b".\r\n" for body in bodies)
    replies = server.talk(whole, split=split)
    one = [b"250", b"250", b"354", b"250"]
    assert codes(replies) == [b"250", *one, *one, *one, b"221"]
    assert [server.mailbox.content(n) for n in (1, 2, 3)] == [
        body.replace(b"..dot", b".dot") for body in bodies
    ]


def test_an_empty_mail_ends_with_its_first_line(server: Server) -> None:
    replies = server.talk(HELLO + ENVELOPE, b".\r\n")
    assert codes(replies)[-2:] == [b"250", b"221"]
    assert server.mailbox.content(1) == b""


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r"])
def test_no_second_mail_is_smuggled_in_behind_another_end_of_line(
    server: Server, end: bytes
) -> None:
    body = b"Subject: one\r\n\r\nx" + end + ENVELOPE + b"Subject: two\r\n\r\ny\r\n.\r\n"
    server.talk(HELLO + ENVELOPE + body)
    assert server.mailbox.count() == 1


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (b"MAIL FROM:<a@example.org>\r\n", b"503"),
        (HELLO + b"RCPT TO:<a@example.org>\r\n", b"503"),
        (HELLO + b"DATA\r\n", b"503"),
        (HELLO + b"MAIL FROM:<a@example.org>\r\nDATA\r\n", b"554"),
        (HELLO + b"MAIL FROM:a@example.org\r\n", b"501"),
        (HELLO + b"MAIL FROM:<a b@example.org>\r\n", b"501"),
        (HELLO + b"MAIL FROM:<a@example.org> SIZE=25000001\r\n", b"552"),
        (HELLO + b"MAIL FROM:<a@example.org> SIZE=100 BODY=8BITMIME SMTPUTF8\r\n", b"250"),
        (HELLO + b"MAIL FROM:<a@example.org> COLOUR=RED\r\n", b"555"),
        (HELLO + b"MAIL FROM:<>\r\nRCPT TO:<>\r\n", b"501"),
        (HELLO + b'MAIL FROM:<>\r\nRCPT TO:<"a b"@example.org>\r\n', b"250"),
        (b"FETCH mail\r\n", b"500"),
        (b"STARTTLS\r\n", b"502"),
        (b"x" * 3000, b"500"),
    ],
)
def test_commands_are_answered_as_the_protocol_says(
    server: Server, lines: bytes, code: bytes
) -> None:
    replies = codes(server.talk(lines))
    assert replies[-1 if len(lines) > 2500 else -2] == code


def test_a_mail_that_is_too_big_is_refused_and_the_connection_goes_on(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "_SIZE", 1000)
    big = ENVELOPE + b"x" * 5000 + b"\r\n.\r\n"
    replies = codes(server.talk(HELLO + big + ENVELOPE + b"small\r\n.\r\n"))
    assert replies[-6:] == [b"552", b"250", b"250", b"354", b"250", b"221"]
    assert server.mailbox.content(1) == b"small\r\n"


def test_a_mail_that_cannot_be_written_is_deferred_and_leaves_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Mailbox, "_append", full)
    replies = codes(server.talk(HELLO + ENVELOPE + b"x\r\n.\r\n"))
    assert replies[-2] == b"452"
    assert list(server.mailbox.directory.glob("*.eml")) == []


def test_open_connections_are_told_when_it_ends(mailbox: Mailbox) -> None:
    with Server(mailbox) as server:
        client = socket.create_connection(("127.0.0.1", server.port), 10)
        said = client.makefile("rb")
        said.readline()
    with client, said:
        assert said.read().startswith(b"421 ")


# ---- what is kept ------------------------------------------------------------------------


def filled(mailbox: Mailbox, number: int) -> Mailbox:
    mailbox.open()
    for n in range(number):
        mailbox.add(1e9 + n, "news@example.org", [f"r{n}@example.org"], b"Subject: %d\r\n\r\n" % n)
    mailbox.close()
    return mailbox


def test_the_last_mails_are_kept_and_the_rest_goes(mailbox: Mailbox) -> None:
    filled(mailbox, 23)
    assert [mail.number for mail in mailbox.newest()] == [23, 22, 21, 20, 19]
    assert mailbox.count() == 5
    assert mailbox.content(18) is None
    assert len(list(mailbox.directory.glob("*.eml"))) == 5
    assert len((mailbox.directory / "index").read_bytes().splitlines()) < 10


def test_a_restart_keeps_the_mails_and_uses_no_number_again(mailbox: Mailbox) -> None:
    filled(mailbox, 3)
    filled(mailbox, 1)
    assert [mail.number for mail in mailbox.newest()] == [4, 3, 2, 1]
    assert mailbox.content(1) == b"Subject: 0\r\n\r\n"


def test_what_a_killed_server_left_half_written_is_no_mail(mailbox: Mailbox) -> None:
    filled(mailbox, 2)
    (mailbox.directory / "000000003.eml").write_bytes(b"Subj")
    with (mailbox.directory / "index").open("ab") as index:
        index.write(b'{"number": 3, "at"')
    assert mailbox.count() == 2
    filled(mailbox, 1)
    assert [mail.number for mail in mailbox.newest()] == [3, 2, 1]
    assert mailbox.content(3) == b"Subject: 0\r\n\r\n"


def test_mails_are_found_by_part_of_an_address_page_by_page(mailbox: Mailbox) -> None:
    filled(mailbox, 4)
    assert [mail.number for mail in mailbox.newest(to="R2@")] == [3]
    assert [mail.number for mail in mailbox.newest(before=3, limit=1)] == [2]


# ---- the pages ---------------------------------------------------------------------------

pages = pytest.mark.urls("workers.mailbox.urls")


@pytest.fixture
def shown(tmp_path: Path, settings: Any) -> Callable[[bytes], int]:
    """``shown(bytes)`` puts a mail into the mailbox that the pages show."""
    settings.DATA_DIR, settings.MAILBOX_IS_RELAY = tmp_path, True
    settings.BASE_URL = "http://127.0.0.1:8000"
    box = Mailbox(tmp_path / "mailbox")

    def keep(content: bytes) -> int:
        box.open()
        try:
            return box.add(1e9, "news@example.org", ["ann@example.org"], content)
        finally:
            box.close()

    return keep


def letter(html: str = "<p>Hello</p>", subject: str = "Grüße") -> bytes:
    message = EmailMessage()
    message["Subject"], message["To"] = subject, "Ann <ann@example.org>"
    message["List-Unsubscribe"] = "<https://news.example.org/unsubscribe/x/>"
    message.set_content("Read https://news.example.org/confirm/abc/ first")
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def near(**extra: Any) -> Client:
    return Client(REMOTE_ADDR="127.0.0.1", SERVER_NAME="127.0.0.1", **extra)


@pages
@pytest.mark.django_db
def test_the_list_shows_who_got_what(shown: Callable[[bytes], int]) -> None:
    shown(letter())
    page = near().get("/mailbox/").content.decode()
    assert "ann@example.org" in page
    assert "Grüße" in page
    assert "No mail" in near().get("/mailbox/?to=bob").content.decode()


@pages
@pytest.mark.django_db
def test_the_list_goes_on_to_older_mails(shown: Callable[[bytes], int]) -> None:
    for n in range(51):
        shown(letter(subject=f"Number {n}."))
    first = near().get("/mailbox/").content.decode()
    assert "Number 1." in first
    assert "Number 0." not in first
    assert "?before=2" in first
    second = near().get("/mailbox/?before=2").content.decode()
    assert "Number 0." in second
    assert "Older" not in second


@pages
@pytest.mark.django_db
def test_a_mail_shows_its_headers_its_text_with_links_and_its_source(
    shown: Callable[[bytes], int],
) -> None:
    number = shown(letter())
    assert "List-Unsubscribe" in near().get(f"/mailbox/{number}/").content.decode()
    text = near().get(f"/mailbox/{number}/?show=text").content.decode()
    assert 'href="https://news.example.org/confirm/abc/"' in text
    source = near().get(f"/mailbox/{number}/?show=source").content.decode()
    assert "=?utf-8?" in source
    assert b"Ann <ann@example.org>" in near().get(f"/mailbox/{number}/mail.eml").content


@pages
@pytest.mark.django_db
def test_the_html_part_stands_in_a_sandbox_without_scripts(shown: Callable[[bytes], int]) -> None:
    number = shown(letter("<html><head></head><body><script>alert(1)</script></body></html>"))
    page = near().get(f"/mailbox/{number}/").content.decode()
    assert "alert(1)" not in page
    assert 'sandbox="allow-popups' in page
    assert "allow-scripts" not in page
    assert "allow-same-origin" not in page
    policy = near().get(f"/mailbox/{number}/html/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "sandbox allow-popups" in policy
    assert "same-origin" not in policy


@pages
@pytest.mark.django_db
def test_what_a_mail_says_is_text_on_our_own_pages(shown: Callable[[bytes], int]) -> None:
    number = shown(letter(subject="<script>alert(1)</script>"))
    for path in ("/mailbox/", f"/mailbox/{number}/", f"/mailbox/{number}/?show=source"):
        assert "<script>alert" not in near().get(path).content.decode()


@pytest.mark.parametrize(
    "html", ["<a href='x'>y</a>", "<HTML><Head lang=en><title>t</title></head></html>", "<p>"]
)
def test_links_in_a_mail_open_outside_the_sandbox(html: str) -> None:
    framed = for_frame(html)
    assert '<base target="_blank">' in framed
    assert framed.index("<base") < (framed.find("<a") if "<a" in framed else len(framed))


@pages
@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "{}/", "{}/html/", "{}/mail.eml"])
def test_strangers_and_whoever_comes_through_a_proxy_are_refused(
    shown: Callable[[bytes], int], path: str
) -> None:
    url = "/mailbox/" + path.format(shown(letter()))
    assert near().get(url).status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.7", SERVER_NAME="127.0.0.1").get(url).status_code == 403
    assert near(HTTP_X_FORWARDED_FOR="192.0.2.7").get(url).status_code == 403
    assert near(HTTP_FORWARDED="for=192.0.2.7").get(url).status_code == 403


@pages
@pytest.mark.django_db
def test_a_public_address_closes_it_even_to_loopback(
    shown: Callable[[bytes], int], settings: Any
) -> None:
    shown(letter())
    settings.BASE_URL = "https://news.example.org"
    assert near().get("/mailbox/").status_code == 403


@pages
def test_staff_see_it_from_anywhere(
    shown: Callable[[bytes], int], edda: User, signed_in: type[Any]
) -> None:
    shown(letter())
    browser = signed_in(edda)
    assert browser.get("/mailbox/", REMOTE_ADDR="192.0.2.7").status_code == 200


@pages
@pytest.mark.django_db
def test_it_is_gone_once_another_relay_is_set(shown: Callable[[bytes], int], settings: Any) -> None:
    settings.MAILBOX_IS_RELAY = False
    assert near().get("/mailbox/").status_code == 404


@pages
@pytest.mark.django_db
@pytest.mark.parametrize("number", [0, 7, 2**63, 10**40])
def test_a_mail_that_is_not_there_is_told_as_such(
    shown: Callable[[bytes], int], number: int
) -> None:
    assert near().get(f"/mailbox/{number}/").status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\r\n\r\n\x00",
        b"Subject: =?utf-8?b?!!!?=\r\n\r\nx",
        b"Subject: =?nonsense?q?x?=\r\nContent-Type: text/html; charset=nonsense\r\n\r\n<p>x",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\nno boundary here",
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n$$$",
        2 * b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + b"\r\ny",
    ],
)
def test_no_mail_is_too_odd_to_read(content: bytes) -> None:
    read(content)
