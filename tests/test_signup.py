"""Signing up: asked by anybody, decided by the owner of the address."""

import datetime as dt
import re
import threading
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from digest.archive.rhythm import rhythm
from digest.models import Topic
from subscribers import erasing, signup, signup_requests, suppression
from subscribers.models import (
    Consent,
    Subscriber,
    Subscription,
    Suppression,
    SuppressionReason,
    address_hash,
)
from subscribers.requested import ConfirmationLimit, ConfirmationRequest, SignupRequest
from tests import newsroom
from tests.signing_up import DAY, ask, confirm_path, everything, sign_up
from workers import asked, ledger, letters
from workers.models import Delivery


@pytest.mark.both_databases
def test_signing_up_leaves_a_pending_subscription_with_its_consent_and_one_question(
    client: Client, pivot: Topic
) -> None:
    assert sign_up(client, " Bea@Example.org ").status_code == 200
    one = Subscription.objects.select_related("subscriber").get()
    assert one.subscriber.email == "bea@example.org"
    assert one.subscriber.source == "website"
    assert (one.state, one.topic) == ("pending", pivot)
    agreed = one.consents.get()
    assert (agreed.way, agreed.wording, agreed.source) == ("form", signup.WORDING, "website")
    assert timezone.now() - agreed.at < dt.timedelta(minutes=5)
    assert agreed.confirmed_at is None
    assert ConfirmationRequest.objects.get().subscription == one


def test_the_page_lists_the_topics_and_the_words_that_are_agreed_to(
    client: Client, pivot: Topic, retail: Topic
) -> None:
    page = client.get("/subscribe/?topic=retail").content.decode()
    assert "Media&#x27;s AI Pivot" in page
    assert re.search(r'value="retail" checked', page)
    assert not re.search(r'value="medias-ai-pivot" checked', page)
    assert signup.WORDING in page
    assert "<script" not in page


def test_the_page_says_how_often_a_topic_comes_and_shows_its_last_update(
    client: Client, pivot: Topic, retail: Topic
) -> None:
    pivot.description = "Who builds & who buys."
    pivot.save()
    story = newsroom.briefing(pivot, "Lantern builds", published_at=timezone.now())
    for number in range(1, 5):
        newsroom.update(pivot, number, story)
    page = " ".join(client.get("/subscribe/").content.decode().split())
    assert "Who builds &amp; who buys." in page
    assert "About weekly. The last one came on" in page
    assert 'href="/t/medias-ai-pivot/4/"' in page
    assert page.count("The first update is in the making.") == 1, "retail's"
    style = Path("digest/static/digest/house.css").stat().st_size
    assert len(page.encode()) + style < 50_000


@pytest.mark.parametrize(
    ("days_between", "words"),
    [
        (1, "About daily"),
        (3, "Several times a week"),
        (7, "About weekly"),
        (14, "About every two weeks"),
        (30, "About monthly"),
        (90, "When there is news"),
    ],
)
def test_a_rhythm_is_told_from_the_days_between(days_between: int, words: str) -> None:
    last = dt.date(2026, 5, 17)
    days = [last - dt.timedelta(days=days_between * n) for n in range(5)]
    assert words in rhythm(days)
    assert rhythm(days[:2]) == "", "two tell nothing"


def test_without_a_topic_the_page_says_so_and_shows_no_form(client: Client, db: None) -> None:
    page = client.get("/subscribe/").content.decode()
    assert "There is no topic to subscribe to yet" in page
    assert "<form" not in page


@pytest.mark.parametrize("known", ["new", "confirmed", "pending", "left", "suppressed", "erased"])
def test_the_answer_is_the_same_whoever_the_address_belongs_to(
    client: Client, ann: Subscriber, known: str
) -> None:
    stranger = sign_up(client, "stranger@example.org")
    if known == "new":
        Subscriber.objects.filter(id=ann.id).delete()
    elif known == "suppressed":
        Suppression.objects.create(email_hash=ann.email_hash, reason="complaint")
    elif known == "erased":
        Suppression.objects.create(email_hash=ann.email_hash, reason="erased")
        Subscriber.objects.filter(id=ann.id).update(email=None, state="erased")
    elif known != "confirmed":
        state = "unsubscribed" if known == "left" else "pending"
        ann.subscriptions.update(state=state, left_at=timezone.now())
    answer = sign_up(client, "ann@example.org")
    assert (answer.status_code, answer.content) == (stranger.status_code, stranger.content)
    assert answer.headers == stranger.headers
    asked = ConfirmationRequest.objects.filter(subscription__subscriber__email="ann@example.org")
    assert asked.count() == (known in {"new", "pending", "left", "erased"})


def test_the_page_does_the_same_for_every_address_and_looks_none_up(
    client: Client, ann: Subscriber
) -> None:
    asked = []
    Suppression.objects.create(email_hash=address_hash("eve@example.org"), reason="complaint")
    for address in ("ann@example.org", "new@example.org", "eve@example.org"):
        with CaptureQueriesContext(connection) as made:
            ask(client, address)
        asked.append([re.sub(r"'[^']*'", "?", one["sql"]) for one in made])
    assert len(asked[0]) == 2, "the topics, and one row"
    assert not [sql for sql in asked[0] if re.search(r"(?i)suppression|_subscriber\b", sql)]
    assert [len(one) for one in asked] == [2, 2, 2]


def test_whoever_has_it_already_is_not_asked_and_nothing_of_theirs_changes(
    client: Client, ann: Subscriber
) -> None:
    before = everything()
    sign_up(client, "ann@example.org")
    after = everything()
    assert (after["Subscriber"], after["Subscription"]) == (
        before["Subscriber"],
        before["Subscription"],
    )
    assert not ConfirmationRequest.objects.exists()


def test_a_stranger_cannot_change_what_a_reader_has_left(client: Client, ann: Subscriber) -> None:
    ann.subscriptions.update(state="unsubscribed", left_at=timezone.now() - DAY)
    sign_up(client, "ann@example.org")
    assert ann.subscriptions.get().state == "unsubscribed"
    assert ConfirmationRequest.objects.count() == 1


@pytest.mark.both_databases
def test_whoever_leaves_before_the_tick_has_looked_is_not_asked(
    client: Client, ann: Subscriber
) -> None:
    ask(client, "ann@example.org")
    ann.subscriptions.update(state="unsubscribed", left_at=timezone.now())
    before = list(ann.subscriptions.values())
    signup_requests.take()
    assert list(ann.subscriptions.values()) == before
    assert not ConfirmationRequest.objects.exists()


@pytest.mark.both_databases
def test_one_mailbox_is_asked_once_in_24_hours_however_it_is_spelt(
    client: Client, pivot: Topic, retail: Topic
) -> None:
    for number in range(5):
        sign_up(client, f"b.e.a+{number}@example.org")
        sign_up(client, "BEA@example.org", topic=["medias-ai-pivot", "retail"])
    assert ConfirmationRequest.objects.count() == 1
    ConfirmationLimit.objects.update(asked_at=timezone.now() - DAY)
    sign_up(client)
    sign_up(client)
    assert ConfirmationRequest.objects.count() == 2


def test_asking_for_what_one_has_does_not_use_up_the_day_s_question(
    client: Client, ann: Subscriber, retail: Topic
) -> None:
    sign_up(client, "ann@example.org")
    sign_up(client, "ann@example.org", topic="retail")
    assert ConfirmationRequest.objects.get().subscription.topic == retail


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
def test_of_many_who_ask_at_once_one_gets_through(pivot: Topic) -> None:
    for number in range(60):
        signup.ask(f"bea+{number % 3}@example.org", [pivot], source="website")
    asked = list(SignupRequest.objects.order_by("id"))

    def look(number: int) -> None:
        try:
            signup_requests.note(asked[number::8])
        finally:
            connection.close()

    threads = [threading.Thread(target=look, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ConfirmationRequest.objects.count() == 1
    assert Subscriber.objects.count() == 3


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"address": "x <q@r.example.org>@example.com"}, "no address that can be mailed"),
        ({"address": "bea@example.org\r\nBcc: eve@example.org"}, "control"),
        ({"address": "bea\0@example.org"}, "control"),
        ({"address": ""}, "There is no email address. Write one"),
        ({"topic": "no-such-topic"}, "Choose a topic"),
        ({"topic": "\0"}, "Choose a topic"),
    ],
)
def test_what_cannot_be_signed_up_is_said_on_the_form_and_nothing_is_kept(
    client: Client, pivot: Topic, retail: Topic, fields: dict[str, str], words: str
) -> None:
    answer = sign_up(client, **fields)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not Subscriber.objects.exists()
    assert not SignupRequest.objects.exists()


def test_a_mistake_keeps_what_was_typed_and_leads_to_its_field(
    client: Client, pivot: Topic, retail: Topic
) -> None:
    page = sign_up(client, "bea", topic="retail", name="Bea & Co").content.decode()
    assert 'value="bea"' in page
    assert 'value="Bea &amp; Co"' in page
    assert re.search(r'value="retail" checked', page)
    field = re.search(r'<input id="address"[^>]*>', page)
    assert field
    assert 'aria-describedby="address-problem"' in field[0]
    assert 'aria-invalid="true"' in field[0]
    assert page.count("autofocus") == 1
    assert "autofocus" in field[0]


def test_a_program_that_fills_every_field_gets_the_usual_answer_and_nothing_happens(
    client: Client, pivot: Topic
) -> None:
    usual = sign_up(client)
    before = everything()
    answer = sign_up(client, "bot@example.org", website="https://spam.example.com")
    assert answer.content == usual.content
    assert everything() == before


def test_fields_that_are_nobody_s_to_set_are_not_read(client: Client, pivot: Topic) -> None:
    sign_up(client, state="confirmed", status="confirmed", country="GB", role="admin")
    one = Subscription.objects.select_related("subscriber").get()
    assert (one.state, one.subscriber.country) == ("pending", "")


def test_the_source_says_on_which_site_the_form_stood(client: Client, pivot: Topic) -> None:
    post = {"address": "bea@example.org", "topic": pivot.slug, "source": "Spring\n fair\0" * 40}
    client.post("/subscribe/", post, headers={"Referer": "https://shop.example.com/a?b=c"})
    asked = SignupRequest.objects.get()
    assert asked.source.startswith("shop.example.com, Spring  fair")
    assert len(asked.source) <= 200
    assert asked.source.isprintable()
    client.post("/subscribe/", post | {"source": ""}, headers={"Referer": "http://[x"})
    assert SignupRequest.objects.latest("id").source == "website"


def test_no_text_of_the_sender_is_in_the_question(
    client: Client, pivot: Topic, relay: Path
) -> None:
    sign_up(client, name="BUY NOW https://spam.example.com", source="BUY NOW")
    assert asked.take_confirmations() == 1
    delivery = Delivery.objects.select_related("mailing").get()
    row = ledger.one(delivery.mailing, "bea@example.org")
    assert row is not None
    message = letters.Letters(delivery.mailing).message(row).decode()
    assert "bea@example.org" in message
    assert "BUY" not in message
    assert "spam.example.com" not in message


@pytest.mark.both_databases
def test_a_thousand_requests_from_everywhere_for_one_mailbox_are_one_question(
    client: Client, pivot: Topic
) -> None:
    spellings = ["bea@example.org", "b.e.a@example.org", "BEA+x@Example.org", "bea+y@example.org"]
    for number in range(40):
        place = {"REMOTE_ADDR": f"203.0.{number}.7"}
        fields = {"address": spellings[number % 4], "topic": pivot.slug}
        assert client.post("/subscribe/", fields, **place).status_code == 200
    for number in range(960):
        signup.ask(spellings[number % 4], [pivot], source="website")
    while signup_requests.take():
        pass
    assert ConfirmationRequest.objects.count() == 1
    assert Consent.objects.count() == 4, "one each for what four people might be"


def test_another_host_in_the_request_gets_nowhere(client: Client, pivot: Topic) -> None:
    post = {"address": "bea@example.org", "topic": pivot.slug}
    assert client.post("/subscribe/", post, headers={"Host": "evil.example.com"}).status_code == 400
    assert not SignupRequest.objects.exists()
    answer = client.post("/subscribe/", post, headers={"X-Forwarded-Host": "evil.example.com"})
    assert answer.status_code == 200
    assert "evil" not in answer.content.decode()


def test_signing_up_needs_no_cookie_and_no_csrf_token(pivot: Topic) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert sign_up(strict).status_code == 200
    assert not strict.cookies


# ---- who was suppressed --------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["hard_bounce", "complaint", "manual", "imported", "domain"])
@pytest.mark.both_databases
def test_whoever_is_suppressed_is_not_asked_until_staff_take_them_off(
    client: Client, pivot: Topic, reason: str
) -> None:
    what = "example.org" if reason == "domain" else "bea@example.org"
    suppression.add(what, by="otto", reason=SuppressionReason(reason))
    sign_up(client)
    assert not ConfirmationRequest.objects.exists()
    assert not Subscriber.objects.exists()
    suppression.remove(what, by="otto")
    sign_up(client)
    assert ConfirmationRequest.objects.count() == 1


@pytest.mark.both_databases
def test_whoever_was_erased_begins_anew_by_their_own_word(
    client: Client, ann: Subscriber, pivot: Topic
) -> None:
    erasing.erase(ann, by="ada")
    sign_up(client, "ann@example.org")
    assert Suppression.objects.get().reason == "erased", "until the owner has said that it was them"
    anew = Subscriber.objects.get(state="active")
    assert anew.id != ann.id
    client.post(confirm_path(anew, pivot))
    assert not Suppression.objects.exists()
    assert anew.subscriptions.get().state == "confirmed"
