"""Mails that servers write about ours: reports of delivery (RFC 3464) and of spam (RFC 5965)."""

from subscribers.models import Subscriber
from subscribers.tokens import Purpose, make
from workers.letters import keys
from workers.message import message_id
from workers.models import Delivery
from workers.verp import bounce_address

DOMAIN = "bounces.example.org"


def sender(of: Delivery) -> str:
    """The envelope sender of the delivery: where its bounce goes to."""
    return bounce_address(keys().bounces, of.id, DOMAIN)


def named(of: Delivery) -> str:
    """Its Message-ID."""
    return message_id(keys().messages, of.mailing_id, of.id, of.generation, "example.org")


def leaving(of: Delivery) -> str:
    """Its reader's link to leave."""
    assert isinstance(of.subscriber, Subscriber)
    token = make(Purpose.UNSUBSCRIBE, of.subscriber.id, of.mailing.topic_id, of.token_version)
    return f"List-Unsubscribe: <https://news.example.org/unsubscribe/{token}/>"


def returned(of: Delivery, *fields: str) -> str:
    """The header of the message as it comes back; ``fields`` in place of its own names."""
    said = fields or (f"Return-Path: <{sender(of)}>", f"Message-ID: {named(of)}")
    return "\n".join([*said, "From: News <news@example.org>", "Subject: Update #2", ""])


def block(recipient: str, action: str = "failed", status: str = "5.1.1", **more: str) -> str:
    """What a report says of one recipient."""
    lines = [f"Final-Recipient: rfc822; {recipient}", f"Action: {action}", f"Status: {status}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return "\n".join(lines) + "\n"


def dsn(to: str, *blocks: str, original: str = "", words: str = "It did not arrive.") -> bytes:
    """A report of delivery to this address."""
    status = "\n".join(["Reporting-MTA: dns; mail.example.net\n", *blocks])
    return f"""\
From: Mail Delivery System <MAILER-DAEMON@mail.example.net>
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=b"

--=b
Content-Type: text/plain

{words}

--=b
Content-Type: message/delivery-status

{status}
--=b
Content-Type: text/rfc822-headers

{original}
--=b--
""".replace("\n", "\r\n").encode()


def bounce(of: Delivery, status: str = "5.1.1", said: str = "", **more: str) -> bytes:
    """The plainest report that the delivery's mail was refused."""
    diagnostic = f"smtp; 550 {status} {said or 'no such user'}"
    told = block(of.address, status=status, Diagnostic_Code=diagnostic, **more)
    return dsn(sender(of), told, original=returned(of))


def complaint(original: str, kind: str = "abuse") -> bytes:
    """A report that a reader called a mail spam, with the reader struck out."""
    return f"""\
From: <feedback@isp.example.net>
To: <abuse@example.org>
Subject: FW: Update #2
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="=c"

--=c
Content-Type: text/plain

This is an email abuse report.

--=c
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Rcpt-To: redacted@isp.example.net

--=c
Content-Type: message/rfc822

{original}
redacted

--=c--
""".replace("\n", "\r\n").encode()
