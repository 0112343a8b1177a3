"""What whoever approves is told of whom it reaches, and of when it is done."""

import html as entities
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from digest.models import Topic, Update
from subscribers import glance, segments
from subscribers.models import Subscriber, SubscriberTag, Subscription, address_hash
from workers.routes.models import Route

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def press_and_trade(pivot: Topic, draft: Update) -> None:
    """Two segments: 20 people are in the one, 30 in the other, ten in both, ten more in neither."""
    segments.save("press", {"field": "tag", "is": "press"})
    segments.save("trade", {"field": "tag", "is": "trade"})
    for n in range(50):
        email = f"reader{n}@example.org"
        person = Subscriber.objects.create(email=email, email_hash=address_hash(email))
        Subscription.objects.create(
            subscriber=person,
            topic=pivot,
            state="confirmed",
            consent="In a test.",
            asked_at=timezone.now(),
            confirmed_at=timezone.now(),
        )
        tags = (["press"] if n < 20 else []) + (["trade"] if 10 <= n < 40 else [])
        for tag in tags:
            SubscriberTag.objects.create(subscriber=person, tag=tag)


def reach(client: Client, **said: Any) -> str:
    sent = {"topic": "medias-ai-pivot", "when": "now"} | said
    return " ".join(entities.unescape(
        client.get("/people/segments/reach/", sent).content.decode()
    ).split())  # fmt: skip


@pytest.mark.usefixtures("press_and_trade")
def test_each_person_is_counted_once_and_overlaps_are_told(desk: Client) -> None:
    assert "50 people</b> in all" in reach(desk)
    assert "20 people</b> in press" in reach(desk, segments=["press"])
    both = reach(desk, segments=["press", "trade"])
    assert "40 people</b> in 2 segments, each counted once" in both
    assert "10 people in both press and trade" in both
    assert "in both" not in reach(desk, segment_names="trade")


@pytest.mark.usefixtures("press_and_trade")
def test_a_rate_tells_when_it_is_done_and_the_houses_own_is_never_passed(
    desk: Client, settings: Any
) -> None:
    settings.SEND_RATE = None
    Topic.objects.update(zone="Europe/London")
    assert "as fast as the relay takes it" in reach(desk)
    summer = f"{timezone.now().year + 1}-07-01T15:00"
    told = reach(desk, when="at", at=summer, rate="0.01")
    assert "15:00 London" in told
    assert "at 0.01 a second" in told
    assert "16:23 London" in told, "5,000 seconds later"
    settings.SEND_RATE = 0.005
    assert "17:46 London" in reach(desk, when="at", at=summer, rate="0.01")
    Route.objects.filter(name="default").update(rate=0.0025)
    assert "20:33 London" in reach(desk, when="at", at=summer, rate="0.01"), "its route's"


@pytest.mark.usefixtures("press_and_trade")
def test_among_very_many_a_look_comes_first_and_the_count_follows(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glance, "SMALL", 10)
    monkeypatch.setattr(glance, "_BLOCKS", 5)
    monkeypatch.setattr(glance, "_LENGTH", 5)
    quick = reach(desk, segments=["trade"])
    assert "bout" in quick or "ewer than" in quick
    assert "exact=1" in quick
    exact = reach(desk, segments=["trade"], exact="1")
    assert "30 people</b> in trade" in exact
    assert "exact=1" not in exact


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"segments": ["gone"]}, "There is no segment 'gone'"),
        ({"rate": "fast"}, "a number of messages a second"),
        ({"when": "at", "at": "x"}, "no day and time"),
    ],
)
def test_what_makes_no_sense_is_told_while_one_types(
    desk: Client, draft: Update, said: dict[str, Any], why: str
) -> None:
    assert why in reach(desk, **said)


def test_a_topic_nobody_follows_goes_on_the_web_only(desk: Client, draft: Update) -> None:
    assert "Nobody would get it by mail" in reach(desk)
    assert desk.get("/people/segments/reach/?topic=none").status_code == 404


def test_ops_do_not_ask_for_it(otto: User, pivot: Topic, signed_in: Any) -> None:
    url = "/people/segments/reach/?topic=medias-ai-pivot"
    assert signed_in(otto).get(url).status_code == 403
