"""What is read from a mail that a mail server wrote, from its octets alone."""

import datetime as dt
import json
import time
from email import message_from_bytes
from pathlib import Path

import pytest
from flufl.bounce import all_failures

from tests.bouncing import block, complaint, dsn
from workers.inbound import parts, reports
from workers.inbound.reports import Report
from workers.inbound.status import Ending

BOUNCES = Path(__file__).parents[2] / "shared" / "data" / "bounces"
here = pytest.mark.skipif(
    not BOUNCES.exists(),
    reason="the corpus of bounces is not here: put it at ../shared/data/bounces",
)

OTHERWISE = {
    # Written beside it is what one detector of flufl.bounce finds; but the mail says in so many
    # words that userx@example.com was not reached, "Unknown Recipient".
    "groupwise_02.txt": (["userx@example.com"], False),
}
"""Cases in which we say another thing than what is written beside them, and why."""

NONE = {"groupwise_03.txt", "qmail_08.txt"}
"""An ordinary answer, and an automatic one: no bounces, and none is written beside them."""


def read(mail: bytes) -> Report:
    found = reports.read(mail)
    assert found is not None
    return found


def waits_and_failed(mail: bytes) -> tuple[set[str], set[str]]:
    """Addresses for which it is still being tried, and for which nobody tries any more."""
    report = reports.read(mail)
    said = [one for one in report.said if one.address] if report else []
    waits = {one.address for one in said if one.ending is Ending.DELAYED}
    return waits, {one.address for one in said} - waits


# ---- the corpus ---------------------------------------------------------------------------------


@here
def test_every_recorded_bounce_gives_the_addresses_and_permanence_written_beside_it() -> None:
    written = json.loads((BOUNCES / "flufl_expected.json").read_text())
    ours, alone, differ = 0, 0, {}
    for name, beside in written.items():
        mail = (BOUNCES / "flufl" / name).read_bytes()
        addresses = set(beside["addresses"] or [])
        wanted = (addresses, set()) if beside["temporary"] else (set(), addresses)
        told = all_failures(message_from_bytes(mail))
        alone += tuple({one.decode() for one in some} for some in told) == wanted
        found = waits_and_failed(mail)
        ours += found == wanted
        if found != wanted:
            differ[name] = sorted(found[0] or found[1]), bool(found[0])
    assert differ == OTHERWISE
    assert (ours, alone, len(written)) == (116, 115, 117)


@here
def test_every_recorded_bounce_is_known_as_one_even_where_it_names_nobody() -> None:
    for path in sorted((BOUNCES / "flufl").iterdir()):
        report = reports.read(path.read_bytes())
        assert bool(report and report.said) == (path.name not in NONE), path.name


@here
def test_what_is_recorded_as_no_bounce_is_none() -> None:
    for path in sorted((BOUNCES / "not_bounce").iterdir()):
        report = reports.read(path.read_bytes())
        assert report is None or not report.said, path.name


# ---- reports of delivery ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "ending", "code"),
    [
        (block("a@example.org"), Ending.REFUSED, "5.1.1"),
        (block("a@example.org", status="5.0.0", Diagnostic_Code="smtp; 550 No such user here"),
         Ending.REFUSED, "5.1.1"),
        # What the last server said outweighs what the reporting one makes of it.
        (block("a@example.org", Diagnostic_Code="smtp; 550 5.7.1 blocked"),
         Ending.REFUSED, "5.7.1"),
        (block("a@example.org", status="4.4.7"), Ending.GIVEN_UP, "4.4.7"),
        (block("a@example.org", status="5.2.2"), Ending.REFUSED, "5.2.2"),
        (block("a@example.org", "delayed", "4.4.1"), Ending.DELAYED, "4.4.1"),
        (block("a@example.org", "delivered", "2.1.5"), Ending.ARRIVED, "2.1.5"),
        (block("a@example.org", "relayed", "2.1.9"), Ending.PASSED_ON, "2.1.9"),
        (block("a@example.org", "expanded", "2.0.0"), Ending.PASSED_ON, "2.0.0"),
        (block("a@example.org", "failed (bad mailbox)", "5.1.1 (no such user)"),
         Ending.REFUSED, "5.1.1"),
    ],
)  # fmt: skip
def test_a_report_is_read_by_action_status_and_the_last_servers_words(
    told: str, ending: Ending, code: str
) -> None:
    (said,) = read(dsn("x@example.org", told)).said
    assert (said.ending, said.code, said.address) == (ending, code, "a@example.org")


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("Final-Recipient: rfc822; b@example.net\nOriginal-Recipient: rfc822;a@example.org",
         "a@example.org"),
        ("Final-Recipient: <a@example.org>", "a@example.org"),
        ("Original-Recipient: rfc822;ann+2Bnews@example.org", "ann+news@example.org"),
        ("Final-Recipient: rfc822;ann+20@example.org", "ann+20@example.org"),
        (r"Final-Recipient: utf-8; b\x{FC}ro@example.org", "büro@example.org"),
        ("Final-Recipient: x400; /S=ann/C=GB/", ""),
        ("Final-Recipient: rfc822; an...@example.org", ""),
        ("Final-Recipient: rfc822; a@example.org\x00, b@example.org", ""),
    ],
)  # fmt: skip
def test_a_recipient_is_read_in_each_of_its_notations(told: str, address: str) -> None:
    (said,) = read(dsn("x@example.org", f"{told}\nAction: failed\nStatus: 5.1.1\n")).said
    assert said.address == address


def test_the_last_servers_words_are_kept_on_one_line_with_its_name() -> None:
    words = "smtp; 550-5.1.1 The account\n does not\x00 exist"
    told = block("a@example.org", Diagnostic_Code=words, Remote_MTA="dns; mx.example.net")
    (said,) = read(dsn("x@example.org", told)).said
    assert said.words == "mx.example.net: 550-5.1.1 The account does not exist"


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_an_encoded_report_is_read_too(encoding: str) -> None:
    import base64

    plain = "Reporting-MTA: dns; x\n\n" + block("a@example.org")
    coded = base64.encodebytes(plain.encode()).decode() if encoding == "base64" else plain
    mail = dsn("x@example.org", "@@").replace(b"Reporting-MTA: dns; mail.example.net\r\n\r\n@@",
                                              coded.encode())  # fmt: skip
    field = f"delivery-status\r\nContent-Transfer-Encoding: {encoding}\r\n".encode()
    (said,) = read(mail.replace(b"message/delivery-status\r\n", b"message/" + field)).said
    assert (said.address, said.code) == ("a@example.org", "5.1.1")


# ---- others ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Subject: Out of office\nAuto-Submitted: auto-replied",
        "Subject: Automatic reply: Update #2",
        "Subject: Re: Update #2\nPrecedence: auto_reply",
        "Subject: Re: Update #2\nX-Autoreply: yes",
        # A challenge, which asks for a proof that we are people.
        "Subject: Please confirm your message\nAuto-Submitted: auto-replied (challenge)",
    ],
)
def test_an_automatic_answer_says_nothing_of_a_delivery_whatever_it_quotes(header: str) -> None:
    text = "I am away.\n\n<ann@example.org>: 550 5.1.1 user unknown\n"
    report = read(f"From: ann@example.org\n{header}\n\n{text}".encode())
    assert (report.said, report.feedback) == ((), None)


def test_what_people_write_is_no_report() -> None:
    mail = b"From: ann@example.org\nSubject: Re: Update #2\n\nThe link on page 550 is broken.\n"
    assert reports.read(mail) is None


def test_an_answer_by_a_person_is_no_bounce_whatever_its_subject_and_words() -> None:
    mail = (
        b"From: Ann <ann@example.org>\r\nSubject: Re: Returned mail piles up in Leeds\r\n"
        b"In-Reply-To: <1.0.%b@example.org>\r\n\r\nAs in: 550 5.1.1 no such user. Ha!\r\n"
    ) % (b"0" * 32)
    assert reports.read(mail) is None
    by_server = mail.replace(b"Ann <ann@", b"MAILER-DAEMON <mailer-daemon@")
    assert [one.code for one in read(by_server).said] == ["5.1.1"]
    unsendable = b"Return-Path: <>\r\n" + mail
    assert [one.code for one in read(unsendable).said] == ["5.1.1"]


@pytest.mark.parametrize(
    ("kind", "complains"),
    [("abuse", True), ("Fraud", True), ("opt-out", True), ("virus", True), ("other", True),
     ("not-spam", False), ("auth-failure", False)],
)  # fmt: skip
def test_a_complaint_is_read_by_its_type(kind: str, complains: bool) -> None:
    feedback = read(complaint("Subject: x", kind)).feedback
    assert feedback is not None
    assert feedback.complains is complains
    assert feedback.words == f"{kind.lower()}, says SomeGenerator/1.0"


def test_a_report_s_date_is_its_own() -> None:
    mail = b"Date: Fri, 20 Nov 2026 09:30:00 +0100\r\n" + complaint("Subject: x")
    assert read(mail).at == dt.datetime(2026, 11, 20, 8, 30, tzinfo=dt.UTC)
    for odd in (b"yesterday", b"Fri, 20 Nov 2026 09:30:00 +99999999999999999999"):
        assert read(b"Date: " + odd + b"\r\n" + complaint("Subject: x")).at is None


# ---- bounds ---------------------------------------------------------------------------------


def hostile() -> dict[str, bytes]:
    """Mails that are meant to keep a reader busy."""
    head = b"From: MAILER-DAEMON\r\nSubject: failure notice\r\n"
    deep = b"".join(
        b"--%d\r\nContent-Type: multipart/report; boundary=%d\r\n\r\n" % (n, n + 1)
        for n in range(2000)
    )
    status = b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
    status += b"Content-Type: message/delivery-status\r\n\r\n"
    return {
        "30 MB": head + b"\r\n" + b"550 5.1.1 <a@example.org>\r\n" * 1_200_000,
        "one line": head + b"\r\n" + b"a@a.a" * 20_000,
        "brackets": head + b"\r\n" + b"<" * 90_000,
        "spaces": head + b"\r\n" + b" " * 90_000 + b"x",
        "nested": b"Content-Type: multipart/mixed; boundary=0\r\n\r\n" + deep,
        "mails within mails": b"Content-Type: message/rfc822\r\n\r\n" * 9_000,
        "recipients": status + b"Final-Recipient: rfc822; a@b.org\r\nAction: failed\r\n\r\n" * 1000,
        "fields": status + b"Action: failed\r\n" * 4000,
        "comments": b"From: <" + b"(" * 9_000 + b"\r\n\r\nfailure notice",
        "folded": head + b"To: " + b"\r\n bounce+" * 8_000 + b"\r\n\r\n",
        "charset": b'Content-Type: text/plain; charset="\\"\x00"\r\nTo: =?x?q?=ff?=\r\n\r\n\xff',
        "a status that is all": b"Content-Type: message/delivery-status\r\n" * 22 + b"\r\nTo: a",
        "parts of a status": (
            status + b"To: a\r\nContent-Type: multipart/mixed; boundary=c\r\n\xff: x\r\n\r\n"
            b"--c\r\n\r\nx\r\n--c--\r\n"
        ),
        "names": head + b"\r\n" + b"bounce+1-%s@x\r\n" % (b"0" * 20) * 2000,
    }


@pytest.mark.parametrize("name", sorted(hostile()))
def test_a_hostile_mail_takes_no_longer_than_a_moment(name: str) -> None:
    mail = hostile()[name]
    began = time.process_time()
    report = reports.read(mail)
    assert time.process_time() - began < 2, "of its own time, however busy the machine"
    assert report is None or len(report.said) <= 100
    assert parts.OCTETS < 100_000
