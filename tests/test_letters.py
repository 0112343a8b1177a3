"""A mailing's messages: the same bytes each time, signed where a key is set."""

import datetime as dt
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from digest import approval, drafting, mails
from digest.errors import Refused
from digest.models import Topic
from subscribers import tokens
from tests.briefings import keep_briefing
from workers import letters
from workers.ledger import Row
from workers.letters import Letters
from workers.models import Mailing, MailingKind

pytestmark = pytest.mark.django_db

WHEN = dt.datetime(2026, 5, 17, 15, tzinfo=dt.UTC)
ANN = Row(7, 3, "ann@example.org", "Ann Lee", 0, 0, 0, WHEN)


@pytest.fixture
def sent(pivot: Topic) -> Mailing:
    """The main mailing of an approved update; not kept."""
    keep_briefing(pivot, "story")
    update = approval.approve(drafting.draft(pivot), by="pia")
    return Mailing(
        id=5, topic=pivot, update=update, edition=update.editions.get(), kind=MailingKind.SCHEDULED
    )


@pytest.fixture
def key(settings: Any, tmp_path: Path) -> Iterator[bytes]:
    """A DKIM key in the settings; what DNS would say of it."""
    made = rsa.generate_private_key(65537, 2048)
    settings.DKIM_DOMAIN, settings.DKIM_SELECTOR = "example.org", "test"
    settings.DKIM_KEY_FILE = tmp_path / "key.pem"
    settings.DKIM_KEY_FILE.write_bytes(
        made.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    letters._signer.cache_clear()
    signer = letters._signer("example.org")
    assert signer is not None
    yield signer.record.encode()
    letters._signer.cache_clear()


def test_the_same_delivery_has_the_same_bytes_whenever_it_is_asked_for(sent: Mailing) -> None:
    assert Letters(sent).message(ANN) == Letters(sent).envelope(ANN).message


def test_every_reader_has_an_unsubscribe_link_of_their_own(sent: Mailing) -> None:
    made = Letters(sent)
    links = set()
    for number in (3, 4):
        mail = message_from_bytes(made.message(ANN._replace(subscriber_id=number)), policy=default)
        link = mail["List-Unsubscribe"].strip("<>")
        claim = tokens.verify(tokens.Purpose.UNSUBSCRIBE, link.rstrip("/").rpartition("/")[2])
        assert claim is not None
        assert claim.subscriber_id == number
        body = mail.get_body(("html",))
        assert body is not None
        assert link in body.get_content()
        links.add(link)
    assert len(links) == 2


def test_a_confirmation_is_automatic_and_has_nothing_to_leave_yet(pivot: Topic) -> None:
    mailing = Mailing(
        id=6, topic=pivot, edition=mails.confirmation(pivot), kind=MailingKind.CONFIRM
    )
    mail = message_from_bytes(Letters(mailing).message(ANN), policy=default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    text = mail.get_body(("plain",))
    assert text is not None
    assert "/confirm/" in text.get_content()


def test_with_a_key_every_message_is_signed_and_verifies(sent: Mailing, key: bytes) -> None:
    message = Letters(sent).envelope(ANN).message
    assert message.startswith(b"DKIM-Signature:")
    assert dkim.verify(message, dnsfunc=lambda *_, **__: key)
    assert not dkim.verify(message.replace(b"Ann Lee", b"Eve Lee"), dnsfunc=lambda *_, **__: key)


def test_a_key_that_can_not_sign_stops_the_sending_in_words(
    sent: Mailing, key: bytes, settings: Any
) -> None:
    settings.DKIM_KEY_FILE.write_text("no key at all")
    letters._signer.cache_clear()
    with pytest.raises(Refused, match=r"DKIM_KEY_FILE .* nothing was sent"):
        Letters(sent)


def test_a_topic_is_signed_for_the_domain_that_it_is_from(
    sent: Mailing, key: bytes, settings: Any
) -> None:
    settings.DKIM_DOMAIN = "example.net, example.org"
    settings.DKIM_KEY_FILE.rename(settings.DKIM_KEY_FILE.with_name("example.org.pem"))
    settings.DKIM_KEY_FILE = settings.DKIM_KEY_FILE.with_name("{domain}.pem")
    letters._signer.cache_clear()
    assert sent.edition is not None
    for sender, domain in {
        "Desk <desk@mail.Example.org>": "example.org",
        "desk@notexample.org": "example.net",
    }.items():
        assert letters._signing_domain(sender.strip(">").rpartition("@")[2]) == domain
    sent.edition.sender = "Desk <desk@mail.example.org>"
    message = Letters(sent).message(ANN)
    assert b" d=example.org;" in message
    assert dkim.verify(message, dnsfunc=lambda *_, **__: key)
    sent.edition.sender = "Desk <desk@example.com>"
    with pytest.raises(Refused, match=r"example\.net\.pem"):
        Letters(sent)
