"""What a mail asks for: the token in it, however mail programs hand it on."""

import base64
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from digest.models import Topic
from subscribers import links, tokens
from subscribers.models import Subscriber, Subscription, SubscriptionState
from subscribers.tokens import Purpose
from workers.inbound.leaving import LINES, LONGEST, leave_by, tokens_in
from workers.inbound.parts import DEEPEST

TOKEN = "AAbc-_56" * 5
LINK = f"https://news.example.org/unsubscribe/{TOKEN}/"


def mail(subject: str = "", body: str = "", **headers: str) -> bytes:
    """As a mail program writes it."""
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"] = "ann@example.org", "leave@example.org"
    if subject:
        made["Subject"] = subject
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    return bytes(made)


def raw(subject: str) -> bytes:
    """With a subject in just these octets."""
    return b"From: ann@example.org\r\nSubject: %b\r\n\r\n\r\n" % subject.encode()


def html(body: str) -> bytes:
    made = EmailMessage(policy=SMTP)
    made.set_content(body, subtype="html")
    return bytes(made)


Q = TOKEN.replace("_", "=5F")
B64 = base64.b64encode(f"unsubscribe {TOKEN}".encode()).decode()
AS_SENT = {
    "as asked": mail(f"unsubscribe {TOKEN}", f"unsubscribe {TOKEN}"),
    "the subject alone": mail(f"unsubscribe {TOKEN}"),
    "the body alone": mail(body=f"unsubscribe {TOKEN}"),
    "an answer": mail(f"Re: AW: unsubscribe {TOKEN} [external]"),
    "translated around it": mail(f"Désabonnement: {TOKEN}"),
    "percent signs left in": raw(f"unsubscribe%20{TOKEN}"),
    "folded": raw(f"unsubscribe\r\n {TOKEN}"),
    "in an encoded word": raw(f"=?utf-8?b?{B64}?="),
    "in two encoded words": raw(f"=?utf-8?q?unsubscribe_{Q[:25]}?=\r\n =?utf-8?q?{Q[25:]}?="),
    "in a charset nobody knows": raw(f"=?x-martian?q?unsubscribe_{Q}?="),
    "beside a broken encoded word": raw(f"=?utf-8?b?AAAAA?= {TOKEN}"),
    "under a greeting": mail("Leaving", f"Hello,\n\nplease do.\n\n{TOKEN}\n"),
    "in base64": mail("ünsubscribe", f"ünsubscribe\n{TOKEN}\n"),
    "in HTML alone": html(f"<html><body dir=auto>unsubscribe <b>{TOKEN}</b></body></html>"),
    "in a part without a header": (
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\n\r\nunsubscribe %b\r\n--x--\r\n" % TOKEN.encode()
    ),
    "made by a program": mail(f"unsubscribe {TOKEN}", Auto_Submitted="auto-generated"),
}


@pytest.mark.parametrize("sent", AS_SENT.values(), ids=AS_SENT.keys())
def test_the_token_is_found_as_mail_programs_send_it(sent: bytes) -> None:
    assert TOKEN in tokens_in(sent)


NOT_MEANT = {
    "by hand": mail("unsubscribe", "Please take me off this list."),
    "an answer that quotes our mail": mail(
        "Re: Update #2", f"Well written!\n\n> To leave: {LINK}\n> unsubscribe {TOKEN}"
    ),
    "an answer with our mail beneath it": mail("Re: Update #2", f"Well written!\n{LINK}"),
    "an answer with a link cut short": mail(f"Re: {LINK[:-1]}", LINK[:-1]),
    "a forwarded link": mail(f"Fwd: {LINK}", LINK),
    "far down": mail("Question", "line\n" * LINES + TOKEN),
    "a longer word": mail(f"unsubscribe {TOKEN}A"),
    "an automatic reply": mail(f"Away: {TOKEN}", TOKEN, Auto_Submitted="auto-replied (vacation)"),
    "a bounce": mail(f"unsubscribe {TOKEN}", TOKEN).replace(
        b'text/plain; charset="utf-8"', b"multipart/report; boundary=x"
    ),
    "nothing": b"",
}


@pytest.mark.parametrize("sent", NOT_MEANT.values(), ids=NOT_MEANT.keys())
def test_nothing_is_taken_for_a_token_that_was_not_put_there_to_leave(sent: bytes) -> None:
    assert tokens_in(sent) == []


def test_what_would_take_seconds_to_take_apart_is_not_but_for_its_subject() -> None:
    nested = b"".join(
        b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n" % (n, n + 1)
        for n in range(DEEPEST + 1)
    )
    head = f"Subject: {TOKEN}\r\nContent-Type: multipart/mixed; boundary=0\r\n\r\n".encode()
    within = f"--{DEEPEST + 1}\r\n\r\n{TOKEN[::-1]}".encode()
    assert tokens_in(head + nested + within) == [TOKEN]


def token(about: Subscription, purpose: Purpose = Purpose.UNSUBSCRIBE) -> str:
    return links.path(purpose, links.about(about)).split("/")[2]


def test_a_subject_is_looked_at_no_further_than_programs_write_one() -> None:
    trap = "=?a?q?x\r\n " * 6_000  # never an encoded word, and looked for at each of its places
    assert tokens_in(raw(f"{TOKEN} {trap}")) == [TOKEN]
    assert tokens_in(raw(f"{'x' * LONGEST} {TOKEN}")) == []


@pytest.mark.django_db
def test_a_live_token_ends_its_own_subscription_and_no_other(pivot: Topic, ann: Subscriber) -> None:
    other = Topic.objects.create(slug="harbour", name="Harbour", zone="UTC")
    Subscription.objects.create(subscriber=ann, topic=other, state=SubscriptionState.CONFIRMED)
    about = Subscription.objects.get(subscriber=ann, topic=pivot)
    theirs = token(about)
    assert leave_by(tokens_in(mail(f"unsubscribe {theirs}", Reply_To="somebody@example.net")))
    about.refresh_from_db()
    assert (about.state, about.left_code) == (SubscriptionState.UNSUBSCRIBED, "by_mail")
    left_at = about.left_at
    assert leave_by(tokens_in(mail(f"unsubscribe {theirs}")))
    about.refresh_from_db()
    assert about.left_at == left_at
    assert ann.subscriptions.get(topic=other).state == SubscriptionState.CONFIRMED


@pytest.mark.django_db
def test_a_forged_token_or_one_for_another_purpose_changes_nothing_nor_does_a_from(
    ann: Subscriber,
) -> None:
    about = Subscription.objects.get(subscriber=ann)
    good = token(about)
    flipped = good[:-1] + ("A" if good[-1] != "A" else "B")
    stranger = tokens.make(Purpose.UNSUBSCRIBE, ann.pk + 1, about.topic_id, 0)
    others = [flipped, good.lower(), stranger, token(about, Purpose.PREFERENCES)]
    assert [leave_by(tokens_in(mail(f"unsubscribe {one}"))) for one in others] == [False] * 4
    assert not leave_by(tokens_in(mail("unsubscribe", "unsubscribe")))
    about.refresh_from_db()
    assert about.state == SubscriptionState.CONFIRMED


@pytest.mark.django_db
def test_a_mail_from_before_the_links_were_revoked_still_lets_them_leave(ann: Subscriber) -> None:
    old = token(Subscription.objects.get(subscriber=ann))
    Subscriber.objects.update(token_version=1)
    assert leave_by(tokens_in(mail(f"unsubscribe {old}")))
