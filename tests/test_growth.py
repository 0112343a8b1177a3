"""Who came and left, why they left, and finding people."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from digest.models import Topic
from subscribers import growth, planner
from subscribers.growth import Step
from subscribers.models import (
    LeavingReason,
    Segment,
    Subscriber,
    SubscriberTag,
    Subscription,
    address_hash,
)
from subscribers.pages import people
from tests.ledgering import readers

NOW = dt.datetime(2026, 6, 3, 12, tzinfo=dt.UTC)  # a Wednesday
DAY = dt.timedelta(days=1)


def follows(
    topic: Topic, came: dt.timedelta, left: dt.timedelta | None = None, **said: Any
) -> None:
    """Somebody who came so long ago, and perhaps left."""
    (one,) = readers(topic, 1)
    Subscription.objects.filter(subscriber=one).update(
        confirmed_at=NOW - came,
        left_at=NOW - left if left is not None else None,
        state="confirmed" if left is None else "unsubscribed",
        **said,
    )


@pytest.mark.both_databases
def test_who_came_and_left_is_counted_by_day_week_and_month(pivot: Topic) -> None:
    retail = Topic.objects.create(slug="retail", name="Retail")
    follows(pivot, came=DAY)
    follows(pivot, came=8 * DAY, left=DAY)
    follows(retail, came=40 * DAY, left=9 * DAY)
    readers(pivot, 1, state="pending")  # never came
    days = growth.growth(None, Step.DAY, NOW)
    assert len(days) == 30
    assert days[-2] == growth.Period(dt.date(2026, 6, 2), 1, 1)
    assert sum(one.joined for one in days) == 2
    weeks = growth.growth(pivot, Step.WEEK, NOW)
    assert len(weeks) == 26
    assert weeks[-1] == growth.Period(dt.date(2026, 6, 1), 1, 1)
    assert weeks[-2] == growth.Period(dt.date(2026, 5, 25), 1, 0)
    months = growth.growth(None, Step.MONTH, NOW)
    assert len(months) == 24
    assert [one.begins.isoformat() for one in months[-2:]] == ["2026-05-01", "2026-06-01"]
    assert [(one.joined, one.left, one.net) for one in months[-3:]] == [
        (1, 0, 1), (1, 1, 0), (1, 1, 0),
    ]  # fmt: skip


@pytest.mark.both_databases
def test_why_people_left_is_counted_by_topic_with_their_words(pivot: Topic) -> None:
    for _ in range(2):
        follows(pivot, came=9 * DAY, left=DAY, left_code=LeavingReason.TOO_OFTEN)
    follows(pivot, came=9 * DAY, left=DAY, left_why="<i>Bye</i>", left_code=LeavingReason.OTHER)
    follows(pivot, came=900 * DAY, left=800 * DAY, left_code=LeavingReason.TOO_LONG)
    follows(pivot, came=9 * DAY, left=DAY)
    since = NOW - 365 * DAY
    assert growth.reasons(pivot, since)[0] == ("Too many mails", 2)
    assert set(growth.reasons(None, since)[1:]) == {("Something else", 1), ("No reason given", 1)}
    assert [one.left_why for one in growth.words(None, since)] == ["<i>Bye</i>"]
    other = Topic.objects.create(slug="retail", name="Retail")
    assert growth.reasons(other, since) == []


def test_the_page_draws_it_says_it_in_numbers_and_shows_words_as_text(
    pivot: Topic, press: Client
) -> None:
    assert "Nobody came or left since" in press.get("/people/growth/").content.decode()
    now = timezone.now()
    (one,) = readers(pivot, 1)
    Subscription.objects.filter(subscriber=one).update(
        confirmed_at=now - DAY, left_at=now, state="unsubscribed", left_why="<i>Bye</i>"
    )
    page = press.get("/people/growth/?by=day&topic=medias-ai-pivot").content.decode()
    assert page.count('<rect class="came"') == 30
    first = growth.growth(pivot, growth.Step.DAY, now)[0].begins
    assert f"Since {first:%-d %b %Y}, 1 came and 1 left: as many came as left" in page
    assert f"<span>{first:%-d %b %Y}</span> <span>now</span>" in page  # what the chart spans
    assert "&lt;i&gt;Bye&lt;/i&gt;" in page
    assert press.get("/people/growth/?by=x&topic=%00").status_code == 200


def test_it_opens_with_the_step_that_shows_somebody_and_leads_to_the_others(
    pivot: Topic, press: Client
) -> None:
    def opened(query: str = "") -> str:
        return press.get(f"/people/growth/{query}").content.decode()

    assert 'href="?by=month">Look by month</a>' in opened()
    (one,) = readers(pivot, 1)
    came = Subscription.objects.filter(subscriber=one)
    came.update(confirmed_at=timezone.now() - 300 * DAY)
    assert "Came and left, by month" in opened()
    assert "Nobody came or left since" in opened("?by=week")
    for step in Step:
        assert f'href="?by={step}"' in opened()
        assert f'href="?by={step}&amp;topic={pivot.slug}"' in opened(f"?topic={pivot.slug}")
    came.update(confirmed_at=timezone.now())
    assert "Came and left, by week" in opened()


# ---- finding people ------------------------------------------------------------------------------


def named(email: str, name: str) -> Subscriber:
    return Subscriber.objects.create(email=email, email_hash=address_hash(email), name=name)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ann@", ["ann"]),
        ("ANN LEE", ["ann"]),
        ("lee", ["ann"]),
        ("@mail.example.org", ["bo"]),
        ("example.org", ["ann", "bo"]),
        ("mail.ex", []),
        ("%", []),
        ("ünal", ["cy"]),
    ],
)
def test_a_search_finds_how_addresses_and_names_begin_and_end(
    query: str, found: list[str], db: None
) -> None:
    for email, name in [
        ("ann@example.org", "Ann Lee"),
        ("bo@mail.example.org", "Bo Leeds"),
        ("cy@example.net", "Cy Ünal"),
    ]:
        named(email, name)
    matching = Subscriber.objects.filter(people.matching(query)).order_by("id")
    assert [str(one).partition("@")[0] for one in matching] == found


@pytest.mark.both_databases
@pytest.mark.only_on("postgresql")
def test_postgresql_finds_beginnings_and_ends_by_index(db: None) -> None:
    plans = []
    with CaptureQueriesContext(connection) as asked:
        people.matching("lee")
    with planner.seeking(), connection.cursor() as cursor:
        for query in (one["sql"] for one in asked if one["sql"].startswith("SELECT")):
            cursor.execute(f"EXPLAIN {query}")
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    assert len(plans) == 4
    indexes = ("email", "subscriber_email_back", "subscriber_name", "subscriber_name_back")
    for plan, index in zip(plans, indexes, strict=True):
        assert index in plan
        assert "Index" in plan
        assert "Seq Scan" not in plan


def test_a_search_that_finds_many_reads_from_the_newest_on(
    pivot: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "MANY", 3)
    few = readers(pivot, 3)
    assert set(Subscriber.objects.filter(people.matching("reader"))) == set(few)
    many = readers(pivot, 3)
    assert set(Subscriber.objects.filter(people.matching("reader"))) == {*few, *many}


def test_people_are_sifted_by_topic_state_tag_and_segment(
    ann: Subscriber, pivot: Topic, press: Client
) -> None:
    bo = named("bo@example.org", "Bo")
    Subscription.objects.create(subscriber=bo, topic=pivot, state="unsubscribed")
    SubscriberTag.objects.create(subscriber=bo, tag="trade")
    Segment.objects.create(name="traders", rule={"field": "tag", "is": "trade"})
    Segment.objects.create(name="resting", rule={"field": "status", "is": "paused"})

    def shown(**asked: str) -> list[str]:
        page = press.get("/people/", asked).content.decode()
        return [name for name in ("ann", "bo") if f"{name}@example.org" in page]

    assert shown() == ["ann", "bo"]
    assert shown(topic=pivot.slug) == ["ann", "bo"]
    assert shown(topic=pivot.slug, state="confirmed") == ["ann"]
    assert shown(state="unsubscribed") == ["bo"]
    assert shown(tag="trade") == ["bo"]
    assert shown(segment="traders") == ["bo"]
    assert shown(segment="traders", topic=pivot.slug, state="confirmed") == []
    assert shown(segment="resting", topic=pivot.slug) == []
    assert "status is how people stand" in press.get("/people/?segment=resting").content.decode()
    assert press.get("/people/?state=x&topic=x&tag=%00&segment=x").status_code == 200


def test_text_inside_is_looked_for_when_asked(ann: Subscriber, otto: User, signed_in: Any) -> None:
    browser = signed_in(otto)
    page = browser.get("/people/?q=example.o").content.decode()
    assert "ann@example.org" not in page
    assert "inside=1" in page
    assert "ann@example.org" in browser.get("/people/?q=example.o&inside=1").content.decode()
