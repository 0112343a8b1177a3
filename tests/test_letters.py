"""A mailing's messages: the same bytes each time, signed where a key is set."""

import datetime as dt
import re
from email import message_from_bytes
from email.policy import default
from typing import Any

import dkim
import pytest

from digest import approval, drafting, editions, mails, reader_letters
from digest.errors import Refused
from digest.models import Letter, Topic
from subscribers import tokens
from subscribers.models import Subscriber
from tests.briefings import keep_briefing
from tests.signing import signed
from workers import letters
from workers.feedback import providers
from workers.feedback.providers import Provider
from workers.headers import Letterhead
from workers.ledger import Row
from workers.letters import Letters
from workers.models import Batch, Delivery, Mailing, MailingKind

__all__ = ["signed"]  # a fixture

pytestmark = pytest.mark.django_db

WHEN = dt.datetime(2026, 5, 17, 15, tzinfo=dt.UTC)
ANN = Row(7, 3, "ann@example.org", "Ann Lee", "arranged", 0, 0, 0, WHEN)


@pytest.fixture
def sent(pivot: Topic) -> Mailing:
    """The main mailing of an approved update; not kept."""
    keep_briefing(pivot, "story")
    update = approval.approve(drafting.draft(pivot), by="pia")
    return Mailing(
        id=5,
        topic=pivot,
        update=update,
        edition=update.editions.get(variant="arranged"),
        kind=MailingKind.SCHEDULED,
    )


def test_the_same_delivery_has_the_same_bytes_whenever_it_is_asked_for(sent: Mailing) -> None:
    assert Letters(sent).message(ANN) == Letters(sent).envelope(ANN).message


def test_the_first_message_of_each_batch_is_looked_over(
    sent: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = letters.letters_of(sent)
    whole = made.envelope(ANN).message
    monkeypatch.setattr(made._pieces["arranged"], "join", lambda _reader: whole[:-2])
    made.envelope(ANN)
    with pytest.raises(ValueError, match="the last line has no end"):
        letters.letters_of(sent).envelope(ANN)


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


# ---- headers, by kind of mail ----------------------------------------------------------


def of_kind(kind: MailingKind, sent: Mailing) -> Mailing:
    """A mailing of this kind, beside the update's own; not kept, but for what it corrects."""
    assert sent.update is not None
    topic, update = sent.topic, sent.update
    if kind == MailingKind.CONFIRM:
        return Mailing(id=6, topic=topic, edition=mails.confirmation(topic), kind=kind)
    if kind == MailingKind.LETTER:
        edition = reader_letters.edition(Letter.LINKS, topic, topic.language)
        return Mailing(id=10, topic=topic, edition=edition, kind=kind)
    if kind == MailingKind.WELCOME:
        return Mailing(id=7, topic=topic, edition=mails.welcome(topic), kind=kind)
    if kind == MailingKind.TEST:
        edition = editions.for_test(update)
        return Mailing(id=8, topic=topic, update=update, edition=edition, kind=kind)
    if kind != MailingKind.CORRECTION:
        return Mailing(id=9, topic=topic, update=update, edition=sent.edition, kind=kind)
    approval.mark_sent(update)
    update.refresh_from_db()
    sent.give_up_after = dt.timedelta(hours=1)
    sent.save()
    batch = Batch.objects.create(mailing=sent, size=1)
    person = Subscriber.objects.create(id=ANN.subscriber_id, email=ANN.address, email_hash="ann")
    Delivery.objects.create(id=42, mailing=sent, batch=batch, subscriber=person)
    edition = mails.correction(update, "Nine, not ten.", [], on=WHEN.date())
    return Mailing(id=10, topic=topic, update=update, edition=edition, kind=kind, corrects=sent)


BASE = "http://127.0.0.1:8000"
TOPIC = f"{BASE}/t/medias-ai-pivot/"
EVERY = {
    "From": "Digest <digest@example.org>",
    "To": "Ann Lee <ann@example.org>",
    "Date": "Sun, 17 May 2026 15:00:00 +0000",
    "MIME-Version": "1.0",
    "Content-Language": "en",
    "List-Help": f"<{BASE}/subscribe/>",
    "List-Archive": f"<{TOPIC}>",
    "List-Owner": "<mailto:digest@example.org>",
    "Reply-To": None,
    "Sender": None,
    "Precedence": None,
    "X-Entity-Ref-ID": None,
    "In-Reply-To": None,
    "References": None,
    "Auto-Submitted": None,
    "Archived-At": f"<{TOPIC}1/>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}
"""What every mail shows, but where a kind below says otherwise; None: not there."""

BY_KIND: dict[MailingKind, dict[str, str | None]] = {
    MailingKind.SCHEDULED: {"Feedback-ID": "u1:medias-ai-pivot:scheduled:digest"},
    MailingKind.RESEND: {"Feedback-ID": "u1:medias-ai-pivot:resend:digest"},
    MailingKind.TEST: {"Feedback-ID": "u1:medias-ai-pivot:test:digest"},
    MailingKind.CORRECTION: {
        "Feedback-ID": "u1:medias-ai-pivot:correction:digest",
        "References": "the original",
    },
    MailingKind.WELCOME: {
        "Feedback-ID": "u0:medias-ai-pivot:welcome:digest",
        "Auto-Submitted": "auto-generated",
        "Archived-At": None,
    },
    MailingKind.LETTER: {
        "Feedback-ID": "u0:medias-ai-pivot:letter:digest",
        "Auto-Submitted": "auto-generated",
        "Archived-At": None,
        "List-Unsubscribe": None,
        "List-Unsubscribe-Post": None,
    },
    MailingKind.CONFIRM: {
        "Feedback-ID": "u0:medias-ai-pivot:confirm:digest",
        "Auto-Submitted": "auto-generated",
        "Archived-At": None,
        "List-Unsubscribe": None,
        "List-Unsubscribe-Post": None,
    },
}


@pytest.mark.parametrize("kind", MailingKind)
def test_each_kind_of_mail_shows_its_headers_and_no_others(
    sent: Mailing, kind: MailingKind
) -> None:
    mailing = of_kind(kind, sent)
    mail = message_from_bytes(Letters(mailing).envelope(ANN).message, policy=default)
    wanted = EVERY | BY_KIND[kind]
    if wanted["References"]:
        original = Letters(sent).message(ANN._replace(id=42))
        wanted["References"] = message_from_bytes(original)["Message-ID"]
        assert wanted["References"] != mail["Message-ID"]
    assert {name: mail[name] for name in wanted} == wanted
    listed = wanted["List-Unsubscribe-Post"] is not None
    assert (
        bool(re.fullmatch(rf"<{BASE}/unsubscribe/[\w-]{{40}}/>", str(mail["List-Unsubscribe"])))
        == listed
    )
    assert re.fullmatch(r"<topic-\d+\.example\.org>", mail["List-Id"])
    assert mail["Subject"]
    made_here = {"Message-ID", "Subject", "List-Id", "List-Unsubscribe", "Content-Type"}
    assert set(mail.keys()) <= set(wanted) | made_here
    assert len(mail.keys()) == len(set(mail.keys()))


def test_where_we_receive_mail_one_can_unsubscribe_by_it_after_the_button() -> None:
    head = Letterhead(
        sender="News <news@example.org>",
        language="en",
        unsubscribe="https://news.example.org/u/x/",
        unsubscribe_mailto="leave@example.org",
        reply_to="desk@example.org",
    )
    headers = dict(head.headers())
    wanted = "<https://news.example.org/u/x/>, <mailto:leave@example.org>"
    assert headers["List-Unsubscribe"] == wanted
    assert headers["Reply-To"] == "desk@example.org"


def test_a_real_mail_names_the_inbound_address_with_the_reader_s_own_token(
    sent: Mailing, settings: Any
) -> None:
    before = Letters(sent).message(ANN)
    settings.INBOUND_URL = "imap://digest:secret@127.0.0.1?address=leave%2Bus@example.org"
    made = Letters(sent)
    message = made.envelope(ANN).message
    value = str(message_from_bytes(message, policy=default)["List-Unsubscribe"])
    assert f"\r\nList-Unsubscribe: {value}\r\n".encode() in message
    found = re.fullmatch(
        rf"<{BASE}/unsubscribe/([\w-]{{40}})/>, "
        r"<mailto:leave%2Bus@example\.org\?subject=unsubscribe%20\1&body=unsubscribe%20\1>",
        value,
    )
    assert found
    claim = tokens.verify(tokens.Purpose.UNSUBSCRIBE, found[1])
    assert claim is not None
    assert claim.subscriber_id == ANN.subscriber_id
    assert Letters(sent).message(ANN) == message
    assert b"mailto:leave" not in before


def test_a_confirmation_has_nothing_to_leave_by_mail_either(sent: Mailing, settings: Any) -> None:
    settings.INBOUND_URL = "imap://leave%40example.org:secret@127.0.0.1"
    message = Letters(of_kind(MailingKind.CONFIRM, sent)).envelope(ANN).message
    assert message_from_bytes(message)["List-Unsubscribe"] is None


def test_an_update_that_no_person_sent_says_so(sent: Mailing) -> None:
    assert sent.update is not None
    sent.update.unattended = True
    assert message_from_bytes(Letters(sent).message(ANN))["Auto-Submitted"] == "auto-generated"
    test = of_kind(MailingKind.TEST, sent)
    assert message_from_bytes(Letters(test).message(ANN))["Auto-Submitted"] is None


def test_a_draft_s_test_names_no_page_that_is_not_there(pivot: Topic) -> None:
    keep_briefing(pivot, "story")
    draft = drafting.draft(pivot)
    draft.number = 1  # kept from an approval that was taken back
    test = Mailing(
        id=8, topic=pivot, update=draft, edition=editions.for_test(draft), kind=MailingKind.TEST
    )
    mail = message_from_bytes(Letters(test).message(ANN), policy=default)
    assert mail["Archived-At"] is None
    assert mail["Subject"].startswith("[Test #1] ")


@pytest.mark.parametrize("lang", ["de", "ar", "pt-BR", "xx"])
def test_the_language_of_the_headers_is_that_of_the_page(pivot: Topic, lang: str) -> None:
    pivot.language = lang
    pivot.save()
    keep_briefing(pivot, "story")
    update = approval.approve(drafting.draft(pivot), by="pia")
    sent = Mailing(
        id=5, topic=pivot, update=update, edition=update.editions.get(variant="arranged")
    )
    for kind in (MailingKind.SCHEDULED, MailingKind.CONFIRM, MailingKind.WELCOME):
        mailing = of_kind(kind, sent)
        mail = message_from_bytes(Letters(mailing).message(ANN), policy=default)
        assert mail["Content-Language"] == lang
        html = mail.get_body(("html",))
        assert html is not None
        assert re.search(r"<html[^>]* lang=\"([^\"]*)\"", html.get_content())[1] == lang  # type: ignore[index]


def test_a_confirmation_has_a_link_that_confirms(sent: Mailing) -> None:
    mail = message_from_bytes(
        Letters(of_kind(MailingKind.CONFIRM, sent)).message(ANN), policy=default
    )
    text = mail.get_body(("plain",))
    assert text is not None
    assert "/confirm/" in text.get_content()
    assert "/unsubscribe/" not in text.get_content()


def test_with_a_key_every_message_is_signed_and_verifies(sent: Mailing, signed: bytes) -> None:
    message = Letters(sent).envelope(ANN).message
    assert message.startswith(b"DKIM-Signature:")
    assert dkim.verify(message, dnsfunc=lambda *_, **__: signed)
    assert not dkim.verify(message.replace(b"Ann Lee", b"Eve Lee"), dnsfunc=lambda *_, **__: signed)


def test_a_key_that_can_not_sign_stops_the_sending_in_words(
    sent: Mailing, signed: bytes, settings: Any
) -> None:
    settings.DKIM_KEY_FILE.write_text("no key at all")
    letters._signer.cache_clear()
    with pytest.raises(Refused, match=r"DKIM_KEY_FILE .* nothing was sent"):
        Letters(sent)


def test_a_topic_is_signed_for_the_domain_that_it_is_from(
    sent: Mailing, signed: bytes, settings: Any
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
    assert dkim.verify(message, dnsfunc=lambda *_, **__: signed)
    sent.edition.sender = "Desk <desk@example.com>"
    with pytest.raises(Refused, match=r"example\.net\.pem"):
        Letters(sent)


# ---- what a provider repeats ------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "provider", "name"),
    [
        ("smtp://email-smtp.eu-west-1.amazonaws.com", Provider.AMAZON_SES, "X-SES-MESSAGE-TAGS"),
        ("smtp://smtp.eu.mailgun.org:587", Provider.MAILGUN, "X-Mailgun-Variables"),
        ("smtp://smtp.postmarkapp.com", Provider.POSTMARK, "X-PM-Metadata-digest"),
        ("smtp://smtp.sendgrid.net", Provider.SENDGRID, "X-SMTPAPI"),
    ],
)
def test_a_message_carries_its_delivery_in_the_field_that_its_provider_repeats(
    sent: Mailing, settings: Any, url: str, provider: Provider, name: str
) -> None:
    settings.SMTP_URL = url
    mail = message_from_bytes(Letters(sent).envelope(ANN).message, policy=default)
    told = re.search(r"[0-9a-f]+-[0-9a-f]{20}", mail[name])
    assert told
    assert providers.tagged(letters.keys().tags, provider, told[0]) == ANN.id
    assert providers.tagged(letters.keys().tags, Provider.BREVO, told[0]) is None


def test_a_relay_that_is_no_providers_gets_no_field_unless_it_is_said_to_be_one(
    sent: Mailing, settings: Any
) -> None:
    settings.SMTP_URL = "smtp://mail.example.org"
    assert b"X-Postal-Tag" not in Letters(sent).message(ANN)
    settings.SMTP_PROVIDER = "postal"
    assert b"X-Postal-Tag: 7-" in Letters(sent).message(ANN)


def test_ses_is_told_the_configuration_set(sent: Mailing, settings: Any) -> None:
    settings.SMTP_PROVIDER, settings.SES_CONFIGURATION_SET = "amazon_ses", "digest"
    assert b"X-SES-CONFIGURATION-SET: digest\r\n" in Letters(sent).message(ANN)


def test_a_signature_holds_once_the_provider_has_taken_its_field_off(
    sent: Mailing, signed: bytes, settings: Any
) -> None:
    settings.SMTP_PROVIDER = "mailgun"
    message = Letters(sent).envelope(ANN).message
    bare = re.sub(rb"X-Mailgun-Variables: .*\r\n", b"", message)
    assert bare != message
    assert dkim.verify(bare, dnsfunc=lambda *_args, **_kwargs: signed)
