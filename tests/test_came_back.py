"""What came back, on the pages: of a mailing, of a person, and taken back by ops."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from digest.models import Topic
from subscribers import dossier
from subscribers.models import Suppression
from tests.bouncing import bounce
from tests.returning import accepted, deliveries, event
from workers import ledger
from workers.feedback.applying import apply
from workers.feedback.models import Kind
from workers.inbound.handling import handle
from workers.ledger import Result
from workers.models import DeliveryState, Mailing

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(pivot: Topic) -> Mailing:
    """Accepted for four, of which one arrived, one bounced and one was called spam."""
    made = accepted(pivot, 4)
    one, two, three, _ = deliveries(made)
    apply([
        event(one, Kind.DELIVERED),
        event(two, Kind.HARD, code="5.1.1", words="550 5.1.1 <b>nobody</b> here"),
        event(three, Kind.COMPLAINED),
    ])  # fmt: skip
    return made


def came_back(browser: Client, mailing: Mailing) -> str:
    """The section, in words."""
    page = browser.get(f"/queue/{mailing.id}/").content.decode()
    section = page[page.index('aria-labelledby="came-back"') :].partition("</section>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", section.partition(">")[2])).strip()


@pytest.fixture
def ops(otto: User, signed_in: type[Client]) -> Client:
    """Otto's browser."""
    return signed_in(otto)


def test_a_mailing_s_page_says_what_came_back_of_it(ops: Client, sent: Mailing) -> None:
    words = came_back(ops, sent)
    for said in ("Of 4 accepted messages", "Delivered 1 25.0 %", "Bounced 1 for good 1 25.0 %",
                 "Called spam 1 25.0 %", "Not reported 1 25.0 %"):  # fmt: skip
        assert said in words
    assert "Not passed on" not in words


def test_before_anything_came_back_it_says_why(ops: Client, pivot: Topic, settings: Any) -> None:
    made = accepted(pivot, 1)
    assert "HOOKS" in came_back(ops, made)
    settings.HOOKS = {"postmark": ("x" * 16,)}
    assert "Nothing yet." in came_back(ops, made)


def test_ops_take_back_what_bounces_did_and_others_see_it_without_the_button(
    ops: Client, press: Client, sent: Mailing
) -> None:
    assert "1 address that bounced or was refused is not mailed any more." in came_back(ops, sent)
    assert "Let 1 be mailed again" in came_back(ops, sent)
    assert "1 address that bounced or was refused is not mailed any more." in came_back(press, sent)
    assert "be mailed again" not in came_back(press, sent)
    answer = ops.post(f"/queue/{sent.id}/unsuppress/", follow=True)
    assert "1 address may be mailed again." in answer.content.decode()
    assert Suppression.objects.count() == 1, "whoever complained stays out"
    assert "not mailed any more" not in came_back(ops, sent)


def test_those_whom_the_relay_refused_are_taken_back_on_the_same_page(
    ops: Client, pivot: Topic
) -> None:
    made = accepted(pivot, 2, DeliveryState.QUEUED)
    said = "550 5.1.1 no such user"
    ledger.record(made.id, [Result(one.id, "failed", 550, said) for one in deliveries(made)])
    assert "2 addresses that bounced or were refused are not mailed any more" in came_back(
        ops, made
    )
    ops.post(f"/queue/{made.id}/unsuppress/")
    assert not Suppression.objects.exists()


def test_a_person_s_mails_say_what_came_back_when_and_in_whose_words(
    ops: Client, sent: Mailing
) -> None:
    two = deliveries(sent)[1]
    page = ops.get(f"/queue/person/{two.subscriber_id}/").content.decode()
    for said in ("bounced for good (5.1.1), says postmark", "Fri 20 Nov 2026, 09:30",
                 "550 5.1.1 &lt;b&gt;nobody&lt;/b&gt; here"):  # fmt: skip
        assert said in page


def test_what_a_mail_told_is_said_with_the_server_s_words(ops: Client, sent: Mailing) -> None:
    *_, four = deliveries(sent)
    assert handle(bounce(four, said="no <i>such</i> user", Remote_MTA="dns; mx.example.net"))
    person = ops.get(f"/queue/person/{four.subscriber_id}/").content.decode()
    found = ops.get(f"/queue/deliveries/?q={four.address}").content.decode()
    words = "mx.example.net: 550 5.1.1 no &lt;i&gt;such&lt;/i&gt; user"
    assert "bounced for good (5.1.1), by mail" in person
    assert words in person
    assert "<b>bounced for good</b>, by mail (5.1.1)" in found
    assert words in found
    assert "Bounced 2 for good 2 50.0 %" in came_back(ops, sent)


def test_a_person_s_dossier_holds_what_came_back(sent: Mailing) -> None:
    two = deliveries(sent)[1]
    assert two.subscriber is not None
    (told,) = dossier.dossier(two.subscriber)["came_back"]
    assert told == {
        "at": "2026-11-20T09:30:00Z", "provider": "postmark", "kind": "hard", "code": "5.1.1",
        "words": "550 5.1.1 <b>nobody</b> here",
    }  # fmt: skip
