"""Signing up: asked by anybody, decided by the owner of the address."""

import datetime as dt
import re
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from digest.models import Topic
from subscribers import signup
from subscribers.models import (
    ConfirmationLimit,
    ConfirmationRequest,
    Subscriber,
    Subscription,
    Suppression,
    WelcomeRequest,
)
from subscribers.tokens import CONFIRM_FOR, Purpose, make

pytestmark = pytest.mark.both_databases

DAY = dt.timedelta(days=1)


@pytest.fixture
def retail(db: None) -> Topic:
    return Topic.objects.create(slug="retail", name="Retail")


def sign_up(client: Client, address: str = "bea@example.org", **fields: Any) -> Any:
    return client.post("/subscribe/", {"address": address, "topic": "medias-ai-pivot", **fields})


def confirm_path(person: Subscriber, topic: Topic) -> str:
    return f"/confirm/{make(Purpose.CONFIRM, person.id, topic.id, person.token_version)}/"


def everything() -> dict[str, list[Any]]:
    models: list[Any] = [Subscriber, Subscription, ConfirmationRequest, ConfirmationLimit]
    models += [Suppression, WelcomeRequest]
    return {model.__name__: list(model.objects.order_by("id").values()) for model in models}


def test_signing_up_leaves_a_pending_subscription_with_its_consent_and_one_question(
    client: Client, pivot: Topic
) -> None:
    assert sign_up(client, " Bea@Example.org ").status_code == 200
    one = Subscription.objects.select_related("subscriber").get()
    assert one.subscriber.email == "bea@example.org"
    assert one.subscriber.source == "website"
    assert (one.state, one.topic) == ("pending", pivot)
    assert signup.WORDING in one.consent
    assert f"{timezone.now():%Y-%m-%d}" in one.consent
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
    assert asked.count() == (known in {"new", "pending", "left"})


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


def test_one_mailbox_is_asked_once_in_24_hours_however_it_is_spelt(
    client: Client, pivot: Topic, retail: Topic
) -> None:
    for number in range(50):
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
def test_of_many_who_ask_at_once_one_gets_through(pivot: Topic) -> None:
    def ask(number: int) -> None:
        try:
            signup.ask(f"bea+{number % 3}@example.org", [pivot], source="website")
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
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
        ({"address": ""}, "no @"),
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


def test_a_program_that_fills_every_field_gets_the_usual_answer_and_nothing_happens(
    client: Client, pivot: Topic
) -> None:
    usual = sign_up(client)
    before = everything()
    answer = sign_up(client, "bot@example.org", website="https://spam.example.com")
    assert answer.content == usual.content
    assert everything() == before


def test_fields_that_are_nobody_s_to_set_are_not_read(client: Client, pivot: Topic) -> None:
    sign_up(client, state="confirmed", status="confirmed", name="<b>Buy</b>", role="admin")
    one = Subscription.objects.select_related("subscriber").get()
    assert (one.state, one.subscriber.name) == ("pending", "")


def test_signing_up_needs_no_cookie_and_no_csrf_token(pivot: Topic) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert sign_up(strict).status_code == 200
    assert not strict.cookies


# ---- confirming ----------------------------------------------------------------------------------


@pytest.fixture
def bea(client: Client, pivot: Topic) -> Subscriber:
    """She has just signed up, and has the mail."""
    sign_up(client)
    return Subscriber.objects.get()


def test_opening_the_link_changes_nothing_and_its_button_confirms(
    client: Client, bea: Subscriber, pivot: Topic
) -> None:
    path, before = confirm_path(bea, pivot), everything()
    for ask in (client.head, client.get, client.get):
        assert ask(path).status_code == 200
    assert everything() == before
    page = client.get(path).content.decode()
    assert "b•••@example.org" in page
    assert "bea@example.org" not in page

    assert client.post(path).status_code == 200
    one = bea.subscriptions.get()
    assert one.state == "confirmed"
    assert one.confirmed_at is not None
    assert signup.WORDING in one.consent


def test_whoever_confirms_is_welcomed_once_however_often_the_button_is_pressed(
    client: Client, bea: Subscriber, pivot: Topic
) -> None:
    for _ in range(3):
        client.post(confirm_path(bea, pivot))
    assert WelcomeRequest.objects.get().subscription == bea.subscriptions.get()


def test_the_button_needs_no_cookie_and_no_csrf_token(bea: Subscriber, pivot: Topic) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(confirm_path(bea, pivot)).status_code == 200
    assert not strict.cookies
    assert bea.subscriptions.get().state == "confirmed"


def test_one_link_confirms_all_that_was_asked_for_and_stays_ticked(
    client: Client, bea: Subscriber, pivot: Topic, retail: Topic
) -> None:
    Topic.objects.create(slug="third", name="Third")
    sign_up(client, topic=["retail", "third"])
    page = client.get(confirm_path(bea, pivot)).content.decode()
    assert 'value="retail" checked' in page
    client.post(confirm_path(bea, pivot), {"topic": "retail"})
    states = dict(bea.subscriptions.values_list("topic__slug", "state"))
    assert states == {"medias-ai-pivot": "confirmed", "retail": "confirmed", "third": "pending"}


def test_a_link_cannot_confirm_what_was_never_asked_for(
    client: Client, bea: Subscriber, pivot: Topic, retail: Topic
) -> None:
    client.post(confirm_path(bea, pivot), {"topic": ["retail", "\0", "nothing"]})
    assert list(bea.subscriptions.values_list("topic__slug", flat=True)) == ["medias-ai-pivot"]


def test_coming_back_needs_the_owner_s_word_and_old_links_are_dead(
    client: Client, ann: Subscriber, pivot: Topic
) -> None:
    old = confirm_path(ann, pivot)
    before = timezone.now() - DAY
    ann.subscriptions.update(state="unsubscribed", left_at=before, left_why="too long")
    assert client.post(old).status_code == 404
    sign_up(client, "ann@example.org")
    assert client.post(confirm_path(ann, pivot)).status_code == 200
    one = ann.subscriptions.get()
    assert (one.state, one.left_at, one.left_why) == ("confirmed", None, "")


def test_asking_again_does_not_void_the_link_that_is_on_its_way(
    client: Client, bea: Subscriber, pivot: Topic
) -> None:
    bea.subscriptions.update(asked_at=timezone.now() - 2 * DAY)
    hours_ago = (timezone.now() - DAY).timestamp()
    link = f"/confirm/{make(Purpose.CONFIRM, bea.id, pivot.id, 0, hours_ago)}/"
    sign_up(client)
    assert client.post(link).status_code == 200


def test_every_dead_link_gets_one_and_the_same_page(
    client: Client, bea: Subscriber, ann: Subscriber, pivot: Topic, retail: Topic
) -> None:
    used = confirm_path(bea, pivot)
    assert client.post(used).status_code == 200
    old = (timezone.now() - CONFIRM_FOR).timestamp() - 60
    dead = [
        used,
        f"/confirm/{make(Purpose.CONFIRM, bea.id, pivot.id, 0, old)}/",
        f"/confirm/{make(Purpose.UNSUBSCRIBE, bea.id, pivot.id, 0)}/",
        f"/confirm/{make(Purpose.CONFIRM, bea.id, retail.id, 0)}/",
        f"/confirm/{make(Purpose.CONFIRM, ann.id, pivot.id, 0)}/",
        f"/confirm/{make(Purpose.CONFIRM, 10**9, pivot.id, 0)}/",
        f"/preferences/{make(Purpose.CONFIRM, bea.id, pivot.id, 0)}/",
        f"/preferences/{make(Purpose.PREFERENCES, bea.id, pivot.id, 1)}/",
        f"/unsubscribe/{make(Purpose.PREFERENCES, bea.id, pivot.id, 0)}/",
        "/unsubscribe/x/",
        "/confirm/%00/",
    ]
    before, pages = everything(), set()
    for path in dead:
        for ask in (client.get, client.post):
            answer = ask(path)
            pages.add((answer.status_code, answer.content))
    assert len(pages) == 1
    status, page = pages.pop()
    assert status == 404
    assert b'href="/subscribe/"' in page
    assert everything() == before


def test_an_erased_person_s_links_are_dead(client: Client, ann: Subscriber, pivot: Topic) -> None:
    link = f"/preferences/{make(Purpose.PREFERENCES, ann.id, pivot.id, 0)}/"
    assert client.get(link).status_code == 200
    Subscriber.objects.filter(id=ann.id).update(state="erased", email=None)
    assert client.get(link).status_code == 404
