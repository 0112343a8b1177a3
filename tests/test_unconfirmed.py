"""What was asked for and never confirmed is forgotten after a month."""

import datetime as dt

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from digest.models import Topic
from subscribers import signup, signup_requests, unconfirmed
from subscribers.models import Consent, Subscriber, Subscription, Suppression, address_hash
from subscribers.requested import ConfirmationLimit
from tests.signing_up import DAY, confirm_path, everything
from workers import asked
from workers.models import Delivery

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def asks(address: str, *topics: Topic, days_ago: int) -> None:
    """Somebody signed up so long ago, and was asked by mail."""
    when = timezone.now() - dt.timedelta(days=days_ago)
    signup.ask(address, topics, "website", name="Bea", now=when)
    signup_requests.take(when)
    asked.take_confirmations()


def test_who_never_confirmed_is_forgotten_with_the_mail_that_asked_them(pivot: Topic) -> None:
    asks("bea@example.org", pivot, days_ago=31)
    assert Delivery.objects.get().address == "bea@example.org"
    assert unconfirmed.forget() == 1
    person = Subscriber.objects.get()
    assert (person.state, person.email, person.name) == ("erased", None, "")
    assert Delivery.objects.get().address == ""
    for emptied in (Subscription, Consent, ConfirmationLimit, Suppression):
        assert not emptied.objects.exists(), emptied
    assert unconfirmed.forget() == 0


def test_they_may_sign_up_another_day(client: Client, pivot: Topic) -> None:
    asks("bea@example.org", pivot, days_ago=31)
    unconfirmed.forget()
    asks("bea@example.org", pivot, days_ago=0)
    person = Subscriber.objects.get(email="bea@example.org")
    assert client.post(confirm_path(person, pivot)).status_code == 200


def test_whoever_was_asked_less_than_a_month_ago_is_waited_for(pivot: Topic) -> None:
    asks("bea@example.org", pivot, days_ago=60)
    asks("bea@example.org", pivot, days_ago=29)
    before = everything()
    assert unconfirmed.forget() == 0
    assert everything() == before


def test_whoever_had_a_fresh_link_sent_is_waited_for(pivot: Topic) -> None:
    asks("bea@example.org", pivot, days_ago=31)
    with transaction.atomic():
        assert signup_requests.ask_again(Subscriber.objects.get(), timezone.now() - DAY)
    assert unconfirmed.forget() == 0
    assert unconfirmed.forget(timezone.now() + DAY * 30) == 1


def test_a_reader_loses_nothing_but_the_topic_that_they_never_confirmed(
    ann: Subscriber, pivot: Topic
) -> None:
    retail = Topic.objects.create(slug="retail", name="Retail")
    asks("ann@example.org", retail, days_ago=31)
    assert unconfirmed.forget() == 1
    ann.refresh_from_db()
    assert (ann.email, ann.name) == ("ann@example.org", "Ann Lee")
    assert list(ann.subscriptions.values_list("topic__slug", "state")) == [
        ("medias-ai-pivot", "confirmed")
    ]


def test_a_topic_that_was_left_is_as_it_was_before_somebody_asked(
    client: Client, ann: Subscriber, pivot: Topic
) -> None:
    left = timezone.now() - DAY * 90
    ann.subscriptions.update(state="unsubscribed", left_at=left, left_code="too_often")
    asks("ann@example.org", pivot, days_ago=31)
    assert ann.subscriptions.get().is_asked_for
    unconfirmed.forget()
    one = ann.subscriptions.get()
    assert (one.state, one.left_at, one.left_code) == ("unsubscribed", left, "too_often")
    assert not one.is_asked_for


def test_pending_people_of_a_list_stay_whoever_typed_their_address(pivot: Topic) -> None:
    person = Subscriber.objects.create(
        email="lea@example.org", email_hash=address_hash("lea@example.org")
    )
    person.subscriptions.create(topic=pivot, state="pending", asked_at=timezone.now() - DAY * 99)
    asks("lea@example.org", pivot, days_ago=40)
    asks("lea@example.org", pivot, days_ago=31)
    assert unconfirmed.forget() == 1
    assert person.subscriptions.get().state == "pending"
    person.refresh_from_db()
    assert person.email == "lea@example.org"


def test_whoever_confirms_while_others_are_forgotten_stays(client: Client, pivot: Topic) -> None:
    asks("bea@example.org", pivot, days_ago=31)
    client.post(confirm_path(Subscriber.objects.get(), pivot))
    assert unconfirmed.forget() == 0
    assert Subscription.objects.get().state == "confirmed"
