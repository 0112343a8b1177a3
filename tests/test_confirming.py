"""The link in the question: only its owner's button says yes."""

import pytest
from django.test import Client
from django.utils import timezone

from digest.models import Topic
from subscribers import signup
from subscribers.models import Consent, Subscriber
from subscribers.requested import WelcomeRequest
from subscribers.tokens import CONFIRM_FOR, Purpose, make
from tests.signing_up import DAY, confirm_path, everything, sign_up


@pytest.fixture
def bea(client: Client, pivot: Topic) -> Subscriber:
    """She has just signed up, and has the mail."""
    sign_up(client)
    return Subscriber.objects.get()


@pytest.mark.both_databases
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
    agreed = one.consents.get()
    assert agreed.confirmed_at == one.confirmed_at is not None
    assert agreed.wording == signup.WORDING


def test_whoever_confirms_sees_the_name_that_was_typed_and_has_the_last_word(
    client: Client, pivot: Topic
) -> None:
    sign_up(client, name="Nasty <b>name</b>")
    bea = Subscriber.objects.get()
    page = client.get(confirm_path(bea, pivot)).content.decode()
    assert 'value="Nasty &lt;b&gt;name&lt;/b&gt;"' in page
    client.post(confirm_path(bea, pivot), {"name": " Bea\r\nLind "})
    bea.refresh_from_db()
    assert bea.name == "Bea Lind"


def test_whoever_came_pending_from_a_list_agrees_to_the_words_on_the_page(
    client: Client, ann: Subscriber, pivot: Topic
) -> None:
    ann.subscriptions.update(state="pending", confirmed_at=None)
    path = confirm_path(ann, pivot)
    assert signup.WORDING in client.get(path).content.decode()
    client.post(path)
    agreed = Consent.objects.get()
    assert (agreed.wording, agreed.confirmed_at) == (signup.WORDING, agreed.at)


def test_a_stranger_s_name_for_a_reader_is_nobody_s_business(
    client: Client, ann: Subscriber, retail: Topic
) -> None:
    sign_up(client, "ann@example.org", topic="retail", name="Nasty")
    path = confirm_path(ann, retail)
    assert 'name="name"' not in client.get(path).content.decode()
    client.post(path)
    ann.refresh_from_db()
    assert ann.name == "Ann Lee"


@pytest.mark.both_databases
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


@pytest.mark.both_databases
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


@pytest.mark.both_databases
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
    assert b'action="/links/"' in page
    assert everything() == before


def test_an_erased_person_s_links_are_dead(client: Client, ann: Subscriber, pivot: Topic) -> None:
    link = f"/preferences/{make(Purpose.PREFERENCES, ann.id, pivot.id, 0)}/"
    assert client.get(link).status_code == 200
    Subscriber.objects.filter(id=ann.id).update(state="erased", email=None)
    assert client.get(link).status_code == 404
