"""Another address: it counts once it has said yes, and costs nobody what they had."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from digest.models import Letter, Topic
from subscribers import moving
from subscribers.models import Subscriber, Subscription, Suppression, address_hash
from subscribers.requested import (
    AddressChange,
    LetterLimit,
    LetterRequest,
)
from subscribers.tokens import Purpose, make, make_for_address
from tests.test_account import DAY, NEW, asked_to_move, link, person

__all__ = ["link"]  # fixture

pytestmark = pytest.mark.both_databases


def test_another_address_counts_once_it_has_said_yes_and_the_old_one_is_told(
    client: Client, ann: Subscriber, pivot: Topic, link: str
) -> None:
    page = client.post(link, {"move": "1", "address": " New@Example.COM "}).content.decode()
    assert NEW in page
    letter = LetterRequest.objects.get()
    assert (letter.letter, letter.address) == (Letter.MOVE, NEW)
    ann.refresh_from_db()
    assert ann.email == "ann@example.org"

    path = f"/move/{make_for_address(ann.id, pivot.id, 0, NEW)}/"
    client.head(path)
    page = client.get(path).content.decode()
    assert "n•••@example.com" in page
    assert "Ann" not in page
    ann.refresh_from_db()
    assert ann.email == "ann@example.org"

    assert "now" in client.post(path).content.decode()
    ann.refresh_from_db()
    assert (ann.email, ann.email_hash) == (NEW, address_hash(NEW))
    told = LetterRequest.objects.get(letter=Letter.MOVED)
    assert told.address == "ann@example.org"
    assert not AddressChange.objects.exists()


def test_the_old_mailbox_s_links_end_with_it_but_for_those_to_leave(
    client: Client, ann: Subscriber, pivot: Topic
) -> None:
    ids = (ann.id, pivot.id, 0)
    path = asked_to_move(ann, pivot)
    client.post(path)
    assert client.post(path).status_code == 404
    assert client.get(f"/preferences/{make(Purpose.PREFERENCES, *ids)}/").status_code == 404
    client.post(f"/unsubscribe/{make(Purpose.UNSUBSCRIBE, *ids)}/", {"all": "1"})
    assert ann.subscriptions.get().state == "unsubscribed"


def test_an_address_answers_for_itself_alone_and_for_a_day(
    client: Client, ann: Subscriber, pivot: Topic
) -> None:
    first = asked_to_move(ann, pivot, "first@example.com")
    second = asked_to_move(ann, pivot, "second@example.com")
    assert client.post(first).status_code == 404
    AddressChange.objects.update(asked_at=timezone.now() - moving.GOOD_FOR)
    assert client.post(second).status_code == 404
    ann.refresh_from_db()
    assert ann.email == "ann@example.org"


def test_a_reader_at_the_new_address_gets_the_topics_on_top_of_their_own(
    client: Client, ann: Subscriber, pivot: Topic
) -> None:
    bob = person(NEW, name="Bob", depth="short")
    retail, third = (Topic.objects.create(slug=slug, name=slug) for slug in ("retail", "third"))
    until = timezone.now() + 9 * DAY
    for topic, anns, bobs in ((retail, "paused", "unsubscribed"), (third, "confirmed", "paused")):
        for who, state in ((ann, anns), (bob, bobs)):
            Subscription.objects.create(
                subscriber=who,
                topic=topic,
                state=state,
                paused_until=until if state == "paused" else None,
            )
    client.post(asked_to_move(ann, pivot))
    has = dict(bob.subscriptions.values_list("topic__slug", "state"))
    assert has == {"medias-ai-pivot": "confirmed", "retail": "paused", "third": "paused"}
    assert bob.subscriptions.get(topic=retail).paused_until == until
    assert set(ann.subscriptions.values_list("state", "left_code")) == {("unsubscribed", "moved")}
    ann.refresh_from_db()
    bob.refresh_from_db()
    assert (ann.email, bob.email, bob.name, bob.depth) == ("ann@example.org", NEW, "Bob", "short")


@pytest.mark.both_databases
def test_somebody_who_gets_the_new_address_at_this_very_moment_gets_the_topics(
    client: Client, ann: Subscriber, pivot: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = asked_to_move(ann, pivot)
    write = moving._write

    def meanwhile(*said: Any) -> None:
        person(NEW)  # by a sign-up, or moving there too
        write(*said)

    monkeypatch.setattr(moving, "_write", meanwhile)
    answer = client.post(path)
    assert answer.status_code == 200
    ann.refresh_from_db()
    assert (ann.email, ann.token_version) == ("ann@example.org", 1)
    assert ann.subscriptions.get().left_code == "moved"
    assert Subscriber.objects.get(email=NEW).subscriptions.get().state == "confirmed"


@pytest.mark.both_databases
def test_two_who_swap_their_addresses_stay_where_they_are_with_what_they_had(
    client: Client, ann: Subscriber, pivot: Topic
) -> None:
    bob = person(NEW)
    Subscription.objects.create(subscriber=bob, topic=pivot, state="confirmed")
    paths = [asked_to_move(ann, pivot, NEW), asked_to_move(bob, pivot, "ann@example.org")]
    assert [client.post(path).status_code for path in paths] == [200, 200]
    assert Subscription.objects.filter(state="confirmed").count() == 1


def test_asking_tells_nothing_of_the_new_address_and_writes_to_none_that_is_stopped(
    client: Client, ann: Subscriber, link: str
) -> None:
    person("bob@example.com")
    Suppression.objects.create(email_hash=address_hash("bad@example.com"), reason="hard_bounce")
    pages = []
    for address in (NEW, "bob@example.com", "bad@example.com"):
        LetterLimit.objects.all().delete()
        page = client.post(link, {"move": "1", "address": address}).content.decode()
        pages.append(page.replace(address, "X"))
    assert len(set(pages)) == 1
    asked = LetterRequest.objects.values_list("address", flat=True)
    assert sorted(asked) == ["bob@example.com", NEW]


def test_one_reader_can_not_have_letters_written_to_everybody(
    ann: Subscriber, pivot: Topic
) -> None:
    for number in range(20):
        moving.ask(ann, pivot, f"victim{number}@example.com")
    assert LetterRequest.objects.count() == 1


@pytest.mark.parametrize("address", ["ann@example.org", "ANN@example.org ", "nonsense", ""])
def test_an_address_that_can_not_be_is_refused_beside_its_field(
    client: Client, ann: Subscriber, link: str, address: str
) -> None:
    page = client.post(link, {"move": "1", "address": address}).content.decode()
    assert 'id="address-problem"' in page
    assert not AddressChange.objects.exists()


def test_who_moves_because_the_old_address_bounces_is_heard_at_the_new_one(
    client: Client, ann: Subscriber, pivot: Topic
) -> None:
    Suppression.objects.create(email_hash=ann.email_hash, reason="hard_bounce")
    client.post(asked_to_move(ann, pivot))
    ann.refresh_from_db()
    assert ann.email == NEW
    assert [one.letter for one in LetterRequest.objects.all()] == [Letter.MOVE]
