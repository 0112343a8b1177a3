"""One person on the staff's pages, and what staff do when asked to."""

import datetime as dt
import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from digest.audit import AuditEntry
from digest.models import Topic
from digest.signing_in import FREE_BY_ADDRESS
from subscribers import preferences, unsubscribe
from subscribers.models import Consent, Subscriber, Suppression
from subscribers.requested import ConsentWay, LetterRequest
from workers.models import Mailing

PASSWORD = "correct horse battery"


@pytest.fixture
def press(pia: User) -> Client:
    """Pia's browser; she has a password."""
    pia.set_password(PASSWORD)
    pia.save()
    browser = Client()
    browser.force_login(pia)
    return browser


def shown(browser: Client, path: str) -> str:
    return browser.get(path).content.decode()


def test_the_story_tells_what_was_asked_agreed_to_left_and_done(
    ann: Subscriber, press: Client
) -> None:
    about = ann.subscriptions.get()
    Consent.objects.create(
        subscription=about, way=ConsentWay.FORM, wording="Yes, mail me", source="fair.example",
        at=about.asked_at, confirmed_at=about.confirmed_at,
    )  # fmt: skip
    about.left_at, about.left_code, about.left_why = timezone.now(), "too_often", "<b>Enough</b>"
    about.state = "unsubscribed"
    about.save()
    AuditEntry.objects.create(who="ada@example.org", what="had new links sent", about=ann.ref)
    page = shown(press, f"/people/{ann.id}/")
    assert '<a href="/people/" aria-current="true">' in page
    for words in ("Yes, mail me", "fair.example", "Left Media&#x27;s AI Pivot", "Too many mails",
                  "&lt;b&gt;Enough&lt;/b&gt;", "ada@example.org had new links sent"):  # fmt: skip
        assert words in page


def test_the_story_keeps_what_a_reader_chose_and_that_they_had_left_once(
    ann: Subscriber, pivot: Topic, press: Client
) -> None:
    preferences.pause(ann, timezone.now() + dt.timedelta(days=14))
    preferences.resume(ann)
    preferences.read(ann, "short", "de")
    preferences.read(ann, "short", "de")  # saved again, and nothing chosen
    preferences.choose(ann, [])
    preferences.choose(ann, [pivot.slug])
    unsubscribe.leave(ann.id)
    assert unsubscribe.come_back(ann.subscriptions.get())
    page = shown(press, f"/people/{ann.id}/")
    for words in ("reader paused", "reader ended a pause", "depth short, language de"):
        assert page.count(words) == 1, words
    assert page.count("reader came back") == 2


def test_an_editor_sees_whom_they_write_for_and_can_do_nothing_to_them(
    ann: Subscriber, edda: User, signed_in: type[Client]
) -> None:
    browser = signed_in(edda)
    assert "ann@example.org" in shown(browser, "/people/")
    page = shown(browser, f"/people/{ann.id}/")
    assert "What happened" in page
    assert "/act/" not in page
    assert "/people/export/" not in page
    assert "Subscribers" in shown(browser, "/desk/")


def test_the_mails_are_told_with_their_outcome_and_the_exact_message(
    due: Mailing, press: Client
) -> None:
    delivery = due.deliveries.get(address="reader1@example.org")
    due.deliveries.filter(id=delivery.id).update(
        state="failed", code=550, answer="550 no <such> mailbox", settled_at=timezone.now()
    )
    page = shown(press, f"/queue/person/{delivery.subscriber_id}/")
    for words in ("Update #1 of Media&#x27;s AI Pivot", "failed", "550 no &lt;such&gt; mailbox"):
        assert words in page
    message = press.get(f"/queue/delivery/{delivery.id}/")
    assert b"To: Reader 1 <reader1@example.org>" in message.content
    assert b"List-Unsubscribe:" in message.content


def test_staff_unsubscribe_suppress_and_write_to_somebody_who_asks(
    ann: Subscriber, pivot: Topic, press: Client
) -> None:
    act = f"/people/{ann.id}/act/"
    press.post(act, {"do": "links"})
    assert LetterRequest.objects.get().subscriber == ann
    press.post(act, {"do": "revoke"})
    press.post(act, {"do": "leave", "topic": pivot.slug})
    assert ann.subscriptions.get().state == "unsubscribed"
    press.post(act, {"do": "suppress", "why": "asked by phone"})
    assert Suppression.objects.get().by == "pia@example.org"
    done = AuditEntry.objects.filter(about=ann.ref).order_by("id").values_list("what", flat=True)
    assert list(done) == ["had new links sent", "revoked links", "unsubscribed for them",
                          "suppressed"]  # fmt: skip
    assert "not mailed: manual" in shown(press, f"/people/{ann.id}/")


def test_a_topic_that_is_not_there_takes_nobody_out_of_all_others(
    ann: Subscriber, press: Client
) -> None:
    answer = press.post(f"/people/{ann.id}/act/", {"do": "leave", "topic": "no-such"})
    assert answer.status_code == 404
    assert ann.subscriptions.get().state == "confirmed"


def test_all_that_is_held_is_taken_out_as_json_once_the_password_was_given_and_that_is_noted(
    ann: Subscriber, press: Client
) -> None:
    path = f"/people/{ann.id}/dossier/"
    for wrong in ({}, {"password": "wrong"}):
        assert press.post(path, wrong)["Location"] == f"/people/{ann.id}/"
    assert "That isn&#x27;t your password" in shown(press, f"/people/{ann.id}/")
    assert not AuditEntry.objects.filter(about=ann.ref).exists()
    answer = press.post(path, {"password": PASSWORD})
    assert json.loads(answer.content)["address"] == "ann@example.org"
    assert AuditEntry.objects.get(about=ann.ref).what == "took out the dossier"


@pytest.mark.parametrize(
    ("address", "password", "why"),
    [
        ("bo@example.org", PASSWORD, "Type ann@example.org to say whom you mean"),
        ("ann@example.org", "wrong", "That isn&#x27;t your password"),
        ("", "", "Type ann@example.org to say whom you mean"),
    ],
)
def test_nobody_is_forgotten_without_their_address_and_the_password_again(
    address: str, password: str, why: str, ann: Subscriber, press: Client
) -> None:
    path = f"/people/{ann.id}/erase/"
    assert "Forget ann@example.org" in shown(press, path)
    answer = press.post(path, {"address": address, "password": password})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert Subscriber.objects.get().email == "ann@example.org"


def test_with_both_the_person_is_forgotten(ann: Subscriber, press: Client) -> None:
    said = {"address": "Ann@example.org", "password": PASSWORD}
    assert press.post(f"/people/{ann.id}/erase/", said).status_code == 302
    ann.refresh_from_db()
    assert (ann.email, ann.state) == (None, "erased")
    page = shown(press, f"/people/{ann.id}/")
    assert "Somebody who was forgotten" in page
    assert "ann@example.org" not in page


def test_wrong_passwords_wait_as_at_the_sign_in_page(ann: Subscriber, press: Client) -> None:
    said = {"address": "ann@example.org", "password": "wrong"}
    for _ in range(FREE_BY_ADDRESS):
        press.post(f"/people/{ann.id}/erase/", said)
    answer = press.post(f"/people/{ann.id}/erase/", said | {"password": PASSWORD})
    assert "Too many wrong passwords" in answer.content.decode()
    assert Subscriber.objects.get().state == "active"


def test_the_suppression_page_takes_addresses_and_domains_on_and_off(
    ann: Subscriber, press: Client
) -> None:
    page, change = "/people/suppression/", "/people/suppression/change/"
    press.post(change, {"do": "add", "what": "example.net", "why": "their lawyer wrote"})
    press.post(change, {"do": "add", "what": "ann@example.org", "why": "by phone"})
    assert "their lawyer wrote" in shown(press, page)
    assert "Nobody at example.net is mailed" in shown(press, f"{page}?q=bo@mail.example.net")
    assert "ann@example.org is not mailed since" in shown(press, f"{page}?q=ann@example.org")
    assert "1 person is at that domain" in shown(press, f"{page}?q=example.org")
    press.post(change, {"do": "remove", "what": "ann@example.org", "why": "a mistake"})
    assert "ann@example.org is not suppressed" in shown(press, f"{page}?q=ann@example.org")
    answer = press.post(change, {"do": "add", "what": "no address", "why": "by letter"})
    assert answer.status_code == 422
    for words in ("is no domain that can be mailed", 'value="no address"', 'value="by letter"'):
        assert words in answer.content.decode(), "what was typed is kept"
