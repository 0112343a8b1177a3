"""What a mail about a mail of ours does: by its proof, once, and to nobody else."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from digest.models import Topic
from subscribers import erasing
from subscribers.models import (
    LeavingReason,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
    address_hash,
)
from tests.bouncing import block, bounce, complaint, dsn, leaving, named, returned, sender
from tests.ledgering import mailing, readers
from tests.relays import sink
from tests.returning import accepted, again, deliveries, outcomes, suppressed
from tests.sends import due_to
from workers import audience, balance, ledger, sending
from workers.feedback import returns
from workers.feedback.models import Heard, Returned
from workers.inbound.handling import handle
from workers.inbound.models import Sort
from workers.ledger import Result
from workers.models import BULK, Batch, Delivery, DeliveryState, Mailing, MailingKind, Outcome
from workers.routes import carriers

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def sent(pivot: Topic) -> Mailing:
    """A mailing that three readers' relay accepted."""
    return accepted(pivot)


def nothing_happened() -> bool:
    """Nobody was touched, and nothing kept."""
    outcomes = set(Delivery.objects.values_list("outcome", flat=True))
    left = Subscription.objects.filter(state=SubscriptionState.UNSUBSCRIBED)
    kept = Returned.objects.exists() or Heard.objects.exists() or Suppression.objects.exists()
    return outcomes <= {Outcome.UNKNOWN} and not left.exists() and not kept


# ---- whose ------------------------------------------------------------------------------------


def test_a_bounce_is_its_delivery_s_with_its_code_words_and_time(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    at = timezone.now().replace(microsecond=0) - dt.timedelta(hours=1)
    mail = f"Date: {at:%a, %d %b %Y %H:%M:%S} +0000\r\n".encode() + bounce(one)
    assert handle(mail) is Sort.BOUNCE
    assert outcomes(sent) == ["bounced", "unknown", "unknown"]
    row = Returned.objects.get()
    assert (row.delivery_id, row.kind, row.code, row.provider) == (one.id, "hard", "5.1.1", "mail")
    assert (row.words, row.at) == ("550 5.1.1 no such user", at)
    assert suppressed() == {address_hash(one.address): SuppressionReason.HARD_BOUNCE}
    assert Suppression.objects.get().detail == "5.1.1, told by mail"


def proofs(of: Delivery) -> dict[str, bytes]:
    """Each way in which a bounce may name the delivery, and no other."""
    told, to = block(of.address), "postmaster@example.org"
    verp, plain = sender(of), returned(of, "Return-Path: <>")
    freehand = f"From: MAILER-DAEMON\nSubject: failure notice\n\n<{of.address}>: 550 5.1.1 no\n"
    return {
        "the address it came to": dsn(verp.upper(), told, original=plain),
        "a forwarder's field": b"Delivered-To: %b\r\n" % verp.encode() + dsn(to, told),
        "the returned Return-Path": dsn(to, told, original=returned(of, f"Return-Path: <{verp}>")),
        "the returned Message-ID": dsn(to, told, original=returned(of, f"Message-ID: {named(of)}")),
        "a folded Message-ID": dsn(to, told, original=f"Message-ID:\n {named(of)}\n"),
        "what it answers": b"In-Reply-To: %b\r\n" % named(of).encode() + dsn(to, told),
        "words of a server's own": f"{freehand}\n--- copy\nMessage-ID: {named(of)}\n".encode(),
    }


@pytest.mark.parametrize("way", list(proofs(Delivery(id=1, mailing_id=1, address="a@b.org"))))
def test_a_bounce_proves_whose_it_is_by(sent: Mailing, way: str) -> None:
    _, two, _ = deliveries(sent)
    assert handle(proofs(two)[way]) is Sort.BOUNCE
    assert outcomes(sent) == ["unknown", "bounced", "unknown"]
    assert suppressed() == {address_hash(two.address): SuppressionReason.HARD_BOUNCE}


def test_the_envelope_s_recipient_is_a_proof(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    assert handle(dsn("x@example.org", block(one.address)), [sender(one)]) is Sort.BOUNCE
    assert outcomes(sent)[0] == "bounced"


def forgeries(of: Delivery) -> dict[str, bytes]:
    """What anybody could write to the address that bounces go to."""
    told, verp, ours = block(of.address), sender(of), named(of)
    other = f"bounce+{of.id + 1:x}-{verp.partition('-')[2]}"
    elsewhere = f"<{of.id + 1:x}.{ours.partition('.')[2]}"
    return {
        "an address alone": dsn("bounce@example.org", told),
        "another's proof": dsn(other, told),
        "a guess": dsn(f"bounce+{of.id:x}-{'0' * 20}@example.org", told),
        "another's Message-ID": dsn("x@example.org", told, original=f"Message-ID: {elsewhere}\n"),
        "words": b"From: MAILER-DAEMON\n\n<%b>: 550 5.1.1 user unknown\n" % of.address.encode(),
        "a complaint": complaint(f"To: {of.address}"),
        "a broken token": complaint(leaving(of).replace("/>", "A/>").replace("e/", "e/A", 1)),
    }


@pytest.mark.parametrize("way", [
    "an address alone", "another's proof", "a guess", "another's Message-ID", "words",
    "a complaint", "a broken token",
])  # fmt: skip
def test_what_proves_nothing_changes_nothing_and_is_for_a_person(sent: Mailing, way: str) -> None:
    one, *_ = deliveries(sent)
    assert handle(forgeries(one)[way]) is Sort.UNMATCHED
    assert nothing_happened()


def test_a_bounce_of_a_mail_that_is_no_more_is_for_a_person(sent: Mailing) -> None:
    mail = bounce(deliveries(sent)[0])
    Delivery.objects.all().delete()
    assert handle(mail) is Sort.UNMATCHED
    assert nothing_happened()


def test_a_correction_s_bounce_is_not_that_of_the_mail_that_it_corrects(pivot: Topic) -> None:
    first = accepted(pivot, 1)
    second = again(pivot)
    (old,), (new,) = deliveries(first), deliveries(second)
    original = returned(new, f"References: {named(old)}", f"Message-ID: {named(new)}")
    assert handle(dsn("x@example.org", block(new.address), original=original)) is Sort.BOUNCE
    assert (outcomes(first), outcomes(second)) == (["unknown"], ["bounced"])


def test_a_forwarded_reader_s_bounce_is_the_reader_s(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    mail = dsn(sender(one), block("elsewhere@example.net"), original=returned(one))
    assert handle(mail) is Sort.BOUNCE
    assert list(suppressed()) == [address_hash(one.address)]


def test_of_several_behind_a_reader_s_address_some_may_have_got_it(sent: Mailing) -> None:
    one, two, _ = deliveries(sent)
    members = [block(f"member{n}@example.net") for n in range(1000)]
    assert handle(dsn(sender(one), *members, original=returned(one))) is Sort.BOUNCE
    assert Returned.objects.get().kind == "soft"
    assert suppressed() == {}
    assert handle(dsn(sender(two), members[0], block(two.address))) is Sort.BOUNCE
    assert list(suppressed()) == [address_hash(two.address)]


# ---- what follows ---------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["5.7.1", "5.1.8", "5.2.2", "4.4.7", "5.0.0"])
def test_a_bounce_that_speaks_of_us_or_of_a_day_suppresses_nobody(sent: Mailing, code: str) -> None:
    one, *_ = deliveries(sent)
    assert handle(bounce(one, code, said="not now")) is Sort.BOUNCE
    assert outcomes(sent)[0] == "bounced"
    assert suppressed() == {}


def test_the_same_bounce_twice_is_one(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    assert [handle(bounce(one)), handle(b"Message-ID: <2@x>\r\n" + bounce(one))] == [
        Sort.BOUNCE
    ] * 2
    assert Returned.objects.count() == 1
    assert returns.of(sent) == returns.Returns(0, 1, 0, 0, 2, 1)


@pytest.mark.parametrize("action", ["delayed", "relayed", "expanded"])
def test_a_mail_that_is_still_under_way_has_not_bounced(sent: Mailing, action: str) -> None:
    one, *_ = deliveries(sent)
    told = dsn(sender(one), block(one.address, action, "4.4.1"))
    assert handle(told) is Sort.NOTICE
    assert nothing_happened()


def test_a_receipt_says_that_it_arrived(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    assert handle(dsn(sender(one), block(one.address, "delivered", "2.1.5"))) is Sort.NOTICE
    assert outcomes(sent)[0] == "delivered"


def test_an_automatic_answer_to_a_mail_of_ours_changes_nothing(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    mail = f"To: {sender(one)}\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nBye\n"
    assert handle(mail.encode()) is Sort.NOTICE
    assert nothing_happened()


def test_a_warning_of_a_server_s_own_words_is_none_either(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    mail = (
        f"From: Mail Delivery System <Mailer-Daemon@mail.example.net>\nTo: {sender(one)}\n"
        "Subject: Warning: message 1 delayed 24 hours\n\n"
        "This message was created automatically by mail delivery software.\n"
        "A message that you sent has not yet been delivered to all its recipients\n"
        "after more than 24 hours on the queue on mail.example.net.\n\n"
        f"The address to which the message has not yet been delivered is:\n\n  {one.address}\n\n"
        "No action is required on your part. Delivery attempts will continue for\n"
    )
    assert handle(mail.encode()) is Sort.NOTICE
    assert nothing_happened()


@pytest.mark.parametrize("told", ["failed", "delayed"])
def test_whatever_comes_back_proves_that_an_uncertain_message_was_taken(
    pivot: Topic, told: str
) -> None:
    made = accepted(pivot, 2, DeliveryState.UNCERTAIN)
    one, _ = deliveries(made)
    handle(dsn(sender(one), block(one.address, told, "4.4.7")))
    made.refresh_from_db()
    one.refresh_from_db()
    assert (made.uncertain, made.accepted, one.state) == (1, 1, DeliveryState.ACCEPTED)
    assert "mail" in one.answer
    assert balance.sheet(made).balanced


def test_a_bounce_may_come_before_the_acceptance_is_recorded(pivot: Topic) -> None:
    readers(pivot, 1)
    made = mailing(pivot)
    audience.fill(made.id)
    (one,) = deliveries(made)
    assert handle(bounce(one)) is Sort.BOUNCE
    ledger.record(made.id, [Result(one.id, DeliveryState.ACCEPTED, 250, "250 ok")])
    one.refresh_from_db()
    made.refresh_from_db()
    assert (one.state, one.outcome, made.accepted) == ("accepted", "bounced", 1)
    assert balance.sheet(made).balanced
    assert returns.of(made).bounced == 1


def test_of_somebody_erased_nothing_is_kept_that_identifies(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    mail = bounce(one, said=f"<{one.address}> unknown")
    assert one.subscriber is not None
    erasing.erase(one.subscriber, "pia@example.org")
    before = suppressed()
    assert handle(mail) is Sort.BOUNCE
    assert Returned.objects.get().words == ""
    assert suppressed() == before
    assert returns.of(sent).bounced == 1


@pytest.mark.parametrize("kind", [MailingKind.TEST, MailingKind.CONFIRM, MailingKind.WELCOME])
def test_a_bounce_of_a_test_or_a_small_mail_is_one_like_others(
    sent: Mailing, ann: Subscriber, kind: MailingKind
) -> None:
    made = Mailing.objects.create(
        topic=sent.topic, kind=kind, state="done", candidates=1, accepted=1,
        give_up_after=dt.timedelta(hours=1),
    )  # fmt: skip
    batch = Batch.objects.create(mailing=made, size=1)
    who = None if kind == MailingKind.TEST else ann
    one = Delivery.objects.create(
        mailing=made, batch=batch, subscriber=who, address="ann@example.org", state="accepted"
    )
    assert handle(bounce(one)) is Sort.BOUNCE
    assert outcomes(made) == ["bounced"]
    assert list(suppressed()) == [ann.email_hash]
    assert returns.unsuppress(made, "otto@example.org") == 1


def test_a_relay_that_takes_everything_and_bounces_it_all_an_hour_later(
    pivot: Topic, settings: Any
) -> None:
    made = due_to(pivot, 5)
    settings.BOUNCE_DOMAIN = "bounces.example.org"
    with sink() as (relay, kept):
        settings.SMTP_URL = f"smtp://127.0.0.1:{relay.port}"
        sending.send(BULK, seconds=5)
        carriers.close_all()
    assert len(kept) == 5
    ledger.finish()
    made.refresh_from_db()
    sheet = balance.sheet(made)
    codes = ["5.1.1", "5.1.1", "5.7.1", "5.2.2", "4.4.7"]
    for (verp, (to,), mail), code in zip(kept, codes, strict=True):
        head = mail.decode().replace("\r\n", "\n").partition("\n\n")[0]
        told = block(to.decode(), status=code, Diagnostic_Code=f"smtp; 550 {code} refused")
        assert handle(dsn(verp.decode(), told, original=head), [verp.decode()]) is Sort.BOUNCE
    assert balance.sheet(made) == sheet
    assert (sheet.accepted, sheet.balanced) == (5, True)
    assert outcomes(made) == ["bounced"] * 5
    assert returns.of(made) == returns.Returns(0, 5, 0, 0, 0, 4)
    gone = {address_hash(to.decode()) for _, (to,), _ in kept[:2]}
    assert set(suppressed()) == gone
    # Each of them has a proof of its own: another's mail says nothing of it.
    assert len({verp for verp, _, _ in kept}) == 5
    assert returns.unsuppress(made, "otto@example.org") == 2
    assert suppressed() == {}


# ---- complaints -------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["sender", "Message-ID", "token"])
def test_a_complaint_ends_all_that_its_reader_gets(
    pivot: Topic, retail: Topic, ann: Subscriber, by: str
) -> None:
    Subscription.objects.create(subscriber=ann, topic=retail, state=SubscriptionState.CONFIRMED)
    again(pivot)
    (one,) = deliveries(again(pivot))
    original = {
        "sender": returned(one, f"Return-Path: <{sender(one)}>"),
        "Message-ID": returned(one, f"Message-ID: {named(one)}"),
        "token": returned(one, leaving(one)),
    }[by]
    assert handle(complaint(original)) is Sort.COMPLAINT
    assert handle(complaint(original)) is Sort.COMPLAINT
    left = Subscription.objects.values_list("state", "left_code")
    assert list(left) == [(SubscriptionState.UNSUBSCRIBED, LeavingReason.COMPLAINED)] * 2
    assert suppressed() == {ann.email_hash: SuppressionReason.COMPLAINT}
    row = Returned.objects.get()
    assert (row.delivery_id, row.words) == (one.id, "abuse, says SomeGenerator/1.0")


def test_a_mail_taken_out_of_the_junk_is_no_complaint(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    assert handle(complaint(returned(one), "not-spam")) is Sort.NOTICE
    assert nothing_happened()


def test_a_token_proves_no_bounce_for_it_is_in_each_copy_that_is_passed_on(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    mail = dsn("x@example.org", block(one.address), original=returned(one, leaving(one)))
    assert handle(mail) is Sort.UNMATCHED
    assert nothing_happened()


# ---- what it costs, and what it tells ---------------------------------------------------------


def test_a_mail_takes_a_few_statements_and_no_address_is_logged(
    sent: Mailing, caplog: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    one, *_ = deliveries(sent)
    with CaptureQueriesContext(connection) as asked:
        handle(bounce(one, said=f"<{one.address}> unknown"))
    assert len(asked) <= 16
    with CaptureQueriesContext(connection) as asked:
        handle(dsn("bounce@example.org", block("eve@example.net")))
    assert len(asked) <= 1
    out = capsys.readouterr()
    assert "example" not in caplog.text + out.out + out.err
