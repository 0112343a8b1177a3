"""The staff's pages about readers."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from digest.models import Topic
from subscribers import glance, segments, suppression
from subscribers.models import (
    Subscriber,
    SubscriberTag,
    Subscription,
    Suppression,
    address_hash,
)
from subscribers.pages.people import PAGE

PAGES = ["/people/", "/people/segments/", "/people/suppression/"]
CHOICES = "/people/segments/choices/?topic=medias-ai-pivot"


@pytest.fixture
def many(pivot: Topic) -> list[Subscriber]:
    emails = [f"reader{n:03}@example.org" for n in range(PAGE + 5)]
    return Subscriber.objects.bulk_create(
        Subscriber(email=email, email_hash=address_hash(email)) for email in emails
    )


@pytest.mark.parametrize("path", PAGES)
def test_readers_are_shown_to_staff_alone_and_suppression_to_whoever_may_act(
    path: str, client: Client, edda: User, pia: User, otto: User, ada: User, signed_in: Any
) -> None:
    assert client.get(path).status_code == 302
    seen = 403 if "suppression" in path else 200
    assert signed_in(edda).get(path).status_code == seen
    for user in (pia, otto, ada):
        assert signed_in(user).get(path).status_code == 200


@pytest.mark.parametrize("path", [*PAGES, CHOICES])
def test_the_pages_only_show(path: str, ada: User, pivot: Topic, signed_in: Any) -> None:
    assert signed_in(ada).post(path).status_code == 405


def test_the_list_shows_how_each_person_stands_and_why_one_is_not_mailed(
    ann: Subscriber, otto: User, signed_in: Any
) -> None:
    SubscriberTag.objects.create(subscriber=ann, tag="trade")
    retail = Topic.objects.create(slug="retail", name="Retail")
    Subscription.objects.create(subscriber=ann, topic=retail, state="unsubscribed")
    page = signed_in(otto).get("/people/").content.decode()
    for shown in ("ann@example.org", "Ann Lee", "trade", "Retail", "confirmed", "unsubscribed"):
        assert shown in page
    assert "not mailed" not in page
    Suppression.objects.create(email_hash=ann.email_hash, reason="complaint")
    assert "not mailed: complaint" in signed_in(otto).get("/people/").content.decode()


def test_a_search_finds_people_by_address_and_name(
    ann: Subscriber, many: list[Subscriber], otto: User, signed_in: Any
) -> None:
    browser = signed_in(otto)
    for query in ("ANN@", "lee", "  ann@example.org ", "ANN LEE"):
        page = browser.get("/people/", {"q": query}).content.decode()
        assert "ann@example.org" in page
        assert "reader001" not in page
    for query in ("nobody", "%", "'; --", "\0", '"><script>'):
        page = browser.get("/people/", {"q": query}).content.decode()
        assert "ann@example.org" not in page or query == "\0"
        assert "<script>" not in page.partition("<main")[2]


def test_a_long_list_goes_by_pages_without_a_gap(
    many: list[Subscriber], otto: User, signed_in: Any, django_assert_max_num_queries: Any
) -> None:
    browser = signed_in(otto)
    with django_assert_max_num_queries(12):
        first = browser.get("/people/").content.decode()
    assert "reader054" in first
    assert "reader004@" not in first
    last = f"?before={many[5].pk}"
    assert last in first
    second = browser.get(f"/people/{last}").content.decode()
    assert [f"reader{n:03}@" in second for n in range(6)] == [True] * 5 + [False]
    assert browser.get("/people/?before=x'").status_code == 200


def test_segments_are_listed_with_whom_they_select(
    ann: Subscriber, otto: User, pia: User, signed_in: Any
) -> None:
    SubscriberTag.objects.create(subscriber=ann, tag="trade")
    segments.save("trade", {"field": "tag", "is": "trade"})
    segments.save("resting", {"field": "status", "is": "paused"})
    page = signed_in(otto).get("/people/segments/").content.decode()
    assert "trade" in page
    assert "1 person" in page
    assert "depends on the topic" in page
    choices = signed_in(pia).get(CHOICES).content.decode()
    assert 'value="trade"' in choices
    assert "now 1 person" in choices
    assert "0 people" in choices
    assert signed_in(pia).get("/people/segments/choices/?topic=%00").status_code == 404


def test_a_segment_of_which_nobody_was_met_is_not_said_to_be_empty(
    pivot: Topic, many: list[Subscriber], pia: User, signed_in: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(glance, "SMALL", 40)
    monkeypatch.setattr(glance, "_LENGTH", 1)
    segments.save("rare", {"field": "tag", "is": "rare"})
    browser, most = signed_in(pia), round(len(many) * 3 / 40)
    page = browser.get("/people/segments/").content.decode()
    assert f"fewer than {most} people" in page
    assert "about 0" not in page
    rule = {"rule": '{"field": "tag", "is": "rare"}'}
    typed = browser.post("/people/segments/count/", rule).content.decode()
    assert f"Fewer than {most} people" in typed


def test_the_approval_form_says_how_many_will_be_left_out_as_suppressed(
    ann: Subscriber, pia: User, signed_in: Any
) -> None:
    browser = signed_in(pia)
    SubscriberTag.objects.create(subscriber=ann, tag="trade")
    segments.save("trade", {"field": "tag", "is": "trade"})
    segments.save("others", {"not": {"field": "tag", "is": "trade"}})
    assert "suppressed" not in browser.get(CHOICES).content.decode()
    suppression.add("example.org", by="pia@example.org")
    page = browser.get(CHOICES).content.decode()
    assert "now 1 person, of whom 1 is suppressed and left out" in page
    said = dict(re.findall(r'value="(\w+)".*small">(.*?)</span>', page))
    assert said == {"trade": "1 person, of whom 1 is suppressed and left out", "others": "0 people"}


def test_the_approval_form_asks_once_about_each_segment(
    ann: Subscriber, pia: User, signed_in: Any
) -> None:
    browser = signed_in(pia)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            browser.get(CHOICES)
        return len(queries)

    without = asked()
    segments.save("trade", {"field": "tag", "is": "trade"})
    segments.save("others", {"not": {"field": "tag", "is": "trade"}})
    assert asked() == without + 2


def test_an_address_is_looked_up_among_the_suppressed(
    ann: Subscriber, otto: User, signed_in: Any
) -> None:
    Suppression.objects.create(email_hash=ann.email_hash, reason="hard_bounce")
    browser = signed_in(otto)
    page = browser.get("/people/suppression/", {"q": "Ann@Example.org"}).content.decode()
    assert "hard bounce" in page
    page = browser.get("/people/suppression/", {"q": "bea@example.org"}).content.decode()
    assert "bea@example.org is not suppressed" in page
    assert browser.get("/people/suppression/", {"q": "bea\0"}).status_code == 200
    assert ann.email_hash[:12] in browser.get("/people/suppression/").content.decode()
