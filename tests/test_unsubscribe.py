"""Leaving in one click, and never by a robot's."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from digest.models import Topic
from subscribers import erasing, fresh_links, unsubscribe
from subscribers.models import Subscriber, Subscription
from subscribers.tokens import Purpose, make

pytestmark = pytest.mark.both_databases

DAY = dt.timedelta(days=1)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def link(ann: Subscriber, pivot: Topic) -> str:
    return f"/unsubscribe/{make(Purpose.UNSUBSCRIBE, ann.id, pivot.id, 0)}/"


@pytest.fixture
def preferences(ann: Subscriber, pivot: Topic) -> str:
    return f"/preferences/{make(Purpose.PREFERENCES, ann.id, pivot.id, 0)}/"


@pytest.fixture
def retail(ann: Subscriber) -> Subscription:
    """Another topic that Ann has."""
    topic = Topic.objects.create(slug="retail", name="Retail")
    return Subscription.objects.create(
        subscriber=ann, topic=topic, state="confirmed", confirmed_at=timezone.now()
    )


def state(person: Subscriber, slug: str = "medias-ai-pivot") -> str:
    return person.subscriptions.get(topic__slug=slug).state


def test_opening_the_link_changes_nothing(client: Client, ann: Subscriber, link: str) -> None:
    before = list(ann.subscriptions.values())
    for ask in (client.head, client.get, client.get, client.options, client.put):
        ask(link)
    assert list(ann.subscriptions.values()) == before
    page = client.get(link).content.decode()
    assert "Leave Media&#x27;s AI Pivot" in page
    assert "ann@example.org" not in page
    assert "<script" not in page
    assert len(page.encode()) < 50_000


@pytest.mark.parametrize(
    "sent",
    [
        {"data": ONE_CLICK},  # the test client's default is multipart/form-data
        {
            "data": "List-Unsubscribe=One-Click",
            "content_type": "application/x-www-form-urlencoded",
        },
    ],
    ids=["multipart", "urlencoded"],
)
def test_a_mail_program_s_post_leaves_at_once_without_cookie_token_or_redirect(
    ann: Subscriber, retail: Subscription, link: str, sent: dict[str, Any]
) -> None:
    program = Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = program.post(link, **sent)
        assert answer.status_code == 200
        assert "Location" not in answer
        assert not program.cookies
        assert state(ann) == "unsubscribed"
    assert state(ann, "retail") == "confirmed"


def test_saying_it_again_does_not_change_when_they_left(
    client: Client, ann: Subscriber, link: str
) -> None:
    client.post(link, ONE_CLICK)
    left_at = ann.subscriptions.get().left_at
    client.post(link, ONE_CLICK)
    assert ann.subscriptions.get().left_at == left_at


def test_a_token_in_the_body_counts_for_nothing(
    client: Client, ann: Subscriber, retail: Subscription, link: str
) -> None:
    other = make(Purpose.UNSUBSCRIBE, ann.id, retail.topic_id, 0)
    client.post(link, {**ONE_CLICK, "token": other, "all": "1", "undo": "1"})
    assert state(ann) == "unsubscribed"
    assert state(ann, "retail") == "confirmed"


def test_the_page_s_button_leaves_one_topic(
    client: Client, ann: Subscriber, retail: Subscription, link: str
) -> None:
    page = client.post(link).content.decode()
    assert "You have left Media&#x27;s AI Pivot" in page
    assert 'name="undo"' in page
    assert state(ann, "retail") == "confirmed"


def test_whoever_has_left_may_say_why_from_a_list_and_in_their_own_words(
    client: Client, ann: Subscriber, retail: Subscription, link: str
) -> None:
    assert 'name="code" value="too_long"' in client.post(link).content.decode()
    page = client.post(link, {"tell": "1", "code": "too_long", "why": "a\0 bit\u2028 "})
    assert "Thank you" in page.content.decode()
    one = ann.subscriptions.get(topic__slug="medias-ai-pivot")
    assert (one.left_code, one.left_why) == ("too_long", "a  bit")
    assert state(ann, "retail") == "confirmed"


def test_why_one_left_every_topic_is_kept_with_each(
    client: Client, ann: Subscriber, retail: Subscription, link: str
) -> None:
    client.post(link, {"all": "1"})
    client.post(link, {"tell": "1", "code": "too_often"})
    assert set(ann.subscriptions.values_list("left_code", flat=True)) == {"too_often"}


@pytest.mark.parametrize("code", ["one_click", "moved", "nonsense", ""])
def test_only_a_reason_of_the_list_is_kept_as_one(
    client: Client, ann: Subscriber, link: str, code: str
) -> None:
    client.post(link)
    client.post(link, {"tell": "1", "code": code, "why": "my words"})
    one = ann.subscriptions.get()
    assert (one.left_code, one.left_why) == ("", "my words")


def test_a_reason_alone_makes_nobody_leave(client: Client, ann: Subscriber, link: str) -> None:
    client.post(link, {"tell": "1", "code": "too_long"})
    one = ann.subscriptions.get()
    assert (one.state, one.left_code) == ("confirmed", "")


def test_how_one_left_is_kept_where_nobody_could_be_asked(
    client: Client, ann: Subscriber, link: str
) -> None:
    client.post(link, ONE_CLICK)
    assert ann.subscriptions.get().left_code == "one_click"
    client.post(link, {"undo": "1"})
    assert ann.subscriptions.get().left_code == ""


def test_the_other_button_leaves_everything(
    client: Client, ann: Subscriber, retail: Subscription, link: str
) -> None:
    client.post(link, {"all": "1"})
    assert {state(ann), state(ann, "retail")} == {"unsubscribed"}


def test_one_more_button_undoes_it(client: Client, ann: Subscriber, link: str) -> None:
    client.post(link)
    page = client.post(link, {"undo": "1"}).content.decode()
    assert "subscribed to Media&#x27;s AI Pivot again" in page
    one = ann.subscriptions.get()
    assert (one.state, one.left_at) == ("confirmed", None)


def test_undoing_brings_back_all_that_was_left_with_the_same_button(
    client: Client, ann: Subscriber, retail: Subscription, link: str
) -> None:
    third = Topic.objects.create(slug="third", name="Third")
    before = timezone.now() - dt.timedelta(hours=1)
    ann.subscriptions.create(
        topic=third,
        state="unsubscribed",
        asked_at=before - DAY,
        confirmed_at=before,
        left_at=before,
    )
    client.post(link, {"all": "1"})
    client.post(link, {"undo": "1"})
    assert {state(ann), state(ann, "retail")} == {"confirmed"}
    assert state(ann, "third") == "unsubscribed"


def test_a_forwarded_mail_brings_nobody_back_who_left_long_ago(
    client: Client, ann: Subscriber, link: str
) -> None:
    client.post(link)
    ann.subscriptions.update(left_at=timezone.now() - unsubscribe.UNDO_FOR - DAY)
    assert 'name="undo"' not in client.get(link).content.decode()
    client.post(link, {"undo": "1"})
    assert state(ann) == "unsubscribed"


def test_a_link_from_before_they_were_revoked_leaves_and_does_nothing_else(
    client: Client, ann: Subscriber, link: str
) -> None:
    fresh_links.revoke(ann)
    page = client.post(link).content.decode()
    assert ann.subscriptions.get().state == "unsubscribed"
    assert 'name="undo"' not in page
    assert 'name="tell"' not in page
    client.post(link, {"tell": "1", "why": "words of somebody else"})
    client.post(link, {"undo": "1"})
    one = ann.subscriptions.get()
    assert (one.state, one.left_why) == ("unsubscribed", "")


def test_undo_gives_nobody_what_they_had_never_confirmed(
    client: Client, ann: Subscriber, link: str
) -> None:
    ann.subscriptions.update(state="pending", confirmed_at=None)
    client.post(link)
    client.post(link, {"undo": "1"})
    assert state(ann) == "unsubscribed"


def test_leaving_also_withdraws_a_wish_to_come_back(ann: Subscriber) -> None:
    ann.subscriptions.update(
        state="unsubscribed", left_at=timezone.now() - 2 * DAY, asked_at=timezone.now() - DAY
    )
    assert ann.subscriptions.get().is_asked_for
    assert unsubscribe.leave(ann.id) == 1
    assert not ann.subscriptions.get().is_asked_for


def test_leaving_costs_one_query_and_ends_before_the_answer(
    client: Client, link: str, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        client.post(link, ONE_CLICK)


def test_personal_pages_are_kept_by_nobody(client: Client, link: str, preferences: str) -> None:
    for path in (link, preferences):
        answer = client.get(path)
        assert "no-store" in answer["Cache-Control"]
        assert "noindex" in answer["X-Robots-Tag"]
        assert answer["Referrer-Policy"] == "no-referrer"


def test_links_to_leave_outlive_the_revoking_of_links_and_lead_to_nothing_else(
    client: Client, ann: Subscriber, link: str, preferences: str
) -> None:
    Subscriber.objects.filter(id=ann.id).update(token_version=1)
    assert client.get(preferences).status_code == 404
    assert "/preferences/" not in client.get(link).content.decode()
    assert "/preferences/" not in client.post(link).content.decode()
    assert state(ann) == "unsubscribed"


def test_a_link_to_leave_of_somebody_erased_says_that_nothing_is_held(
    client: Client, ann: Subscriber, link: str, preferences: str
) -> None:
    erasing.erase(ann, by="test")
    for answer in (client.get(link), client.post(link, ONE_CLICK), client.post(link)):
        assert answer.status_code == 200
        assert "nothing is held" in answer.content.decode()
    assert client.get(preferences).status_code == 404


@pytest.mark.parametrize("standing", ["pending", "paused"])
def test_one_can_leave_what_is_paused_or_was_never_confirmed(
    client: Client, ann: Subscriber, link: str, standing: str
) -> None:
    ann.subscriptions.update(state=standing, left_at=None)
    assert "Leave Media&#x27;s AI Pivot" in client.get(link).content.decode()
    client.post(link)
    assert state(ann) == "unsubscribed"


def test_the_page_to_leave_speaks_the_reader_s_language_and_keeps_their_name_to_itself(
    client: Client, ann: Subscriber, link: str
) -> None:
    Subscriber.objects.filter(id=ann.id).update(language="de-AT", zone="Europe/Vienna")
    page = client.get(link).content.decode()
    assert "abbestellen?" in page
    assert '<html lang="de-AT" dir="ltr"' in page
    assert "Ann" not in page
    assert "Vienna" not in page
