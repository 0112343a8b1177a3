"""Filling a mailing's audience."""

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from digest.models import Topic
from subscribers import planner
from subscribers.models import SubscriberTag, Subscription, SubscriptionState
from tests.ledgering import mailing, readers
from workers import audience, balance, ledger
from workers.models import Batch, Mailing, MailingState

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_every_confirmed_reader_is_in_once_and_the_mailing_is_prepared(pivot: Topic) -> None:
    readers(pivot, 7)
    readers(pivot, 3, SubscriptionState.PENDING)
    sent = mailing(pivot)
    assert audience.fill(sent.id)
    sheet = balance.sheet(sent)
    assert (sheet.candidates, sheet.queued, sheet.balanced) == (7, 7, True)
    sent.refresh_from_db()
    assert sent.state == MailingState.SENDING
    assert sent.prepared_at


def test_filling_resumes_at_its_checkpoint_and_repeats_nothing(
    pivot: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "CHUNK", 4)
    readers(pivot, 10)
    sent = mailing(pivot)
    assert not audience.fill(sent.id, seconds=0)
    half = balance.sheet(sent)
    assert (half.queued, half.balanced) == (4, True)
    sent.refresh_from_db()
    assert sent.prepared_at is None
    assert audience.fill(sent.id)
    assert audience.fill(sent.id)
    assert balance.sheet(sent).queued == 10
    assert [batch.size for batch in Batch.objects.order_by("id")] == [4, 4, 2]


def test_whoever_joins_behind_the_checkpoint_is_not_a_candidate(
    pivot: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "CHUNK", 2)
    people = readers(pivot, 4)
    Subscription.objects.filter(subscriber=people[0]).update(state=SubscriptionState.PENDING)
    sent = mailing(pivot)
    audience._fill_chunk(sent.id)
    Subscription.objects.filter(subscriber=people[0]).update(state=SubscriptionState.CONFIRMED)
    audience.fill(sent.id)
    sheet = balance.sheet(sent)
    assert (sheet.candidates, sheet.balanced) == (3, True)


def test_a_paused_mailing_is_not_filled_further(pivot: Topic) -> None:
    readers(pivot, 3)
    sent = mailing(pivot, state=MailingState.PAUSED)
    assert not audience.fill(sent.id)
    assert balance.sheet(sent).candidates == 0


def test_an_empty_audience_is_complete(pivot: Topic) -> None:
    sent = mailing(pivot)
    assert audience.fill(sent.id)
    assert ledger.finish() == 1
    assert balance.sheet(sent).balanced


def test_a_segment_selects_whom_its_rule_says(pivot: Topic) -> None:
    people = readers(pivot, 5)
    people[2].tags.create(tag="trade")
    sent = mailing(pivot, audience=[segment("trade", "arranged")])
    audience.fill(sent.id)
    assert list(sent.deliveries.values_list("address", flat=True)) == [people[2].email]


def test_each_reader_gets_the_variant_of_the_first_segment_that_selects_them(pivot: Topic) -> None:
    people = readers(pivot, 4)
    for person, tags in zip(people, (["trade"], ["brief"], ["trade", "brief"], []), strict=True):
        person.tags.set([SubscriberTag(tag=tag) for tag in tags], bulk=False)
    sent = mailing(pivot, audience=[segment("brief", "short"), segment("trade", "full")])
    audience.fill(sent.id)
    got = sent.deliveries.order_by("subscriber_id").values_list("subscriber_id", "variant")
    assert list(got) == [
        (people[0].pk, "full"),
        (people[1].pk, "short"),
        (people[2].pk, "short"),
    ]


def test_one_segment_alone_decides_for_all_and_none_means_as_arranged(pivot: Topic) -> None:
    for person in readers(pivot, 2):
        person.tags.create(tag="trade")
    for asked, wanted in (([segment("trade", "full")], "full"), ([], "arranged")):
        sent = mailing(pivot, audience=asked)
        audience.fill(sent.id)
        assert list(sent.deliveries.values_list("variant", flat=True)) == [wanted, wanted]


def segment(tag: str, variant: str) -> dict[str, Any]:
    """As frozen on a mailing: whoever has this tag."""
    return {"name": tag, "rule": {"field": "tag", "is": tag}, "variant": variant}


@pytest.mark.django_db(transaction=True)
def test_an_audience_that_is_new_is_made_known_to_the_planner(pivot: Topic) -> None:
    readers(pivot, 200)
    if connection.vendor == "postgresql":
        connection.cursor().execute("SELECT pg_stat_force_next_flush()")
        assert planner.unknown() == ["subscribers_subscriber", "subscribers_subscription"]
    audience.fill(mailing(pivot).id)
    assert planner.unknown() == []


def test_a_batch_with_a_rate_holds_ten_seconds_of_sending() -> None:
    assert audience.batch_size(70) == 700
    assert audience.batch_size(0.01) == 1
    assert audience.batch_size(None) == audience.CHUNK


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("before", "after", "candidates"),
    [
        (SubscriptionState.CONFIRMED, SubscriptionState.UNSUBSCRIBED, 4),
        (SubscriptionState.PENDING, SubscriptionState.CONFIRMED, 5),
    ],
)
def test_whoever_comes_or_leaves_between_counting_and_filling_upsets_no_sheet(
    pivot: Topic, monkeypatch: pytest.MonkeyPatch, before: str, after: str, candidates: int
) -> None:
    """SQLite lets nobody write meanwhile; PostgreSQL does."""
    changed = readers(pivot, 5)[2]
    Subscription.objects.filter(subscriber=changed).update(state=before)
    real, moved = audience._insert, []

    def change() -> None:
        Subscription.objects.filter(subscriber=changed).update(state=after)
        connections.close_all()

    def insert(*args: Any) -> int:
        if not moved:
            moved.append(threading.Thread(target=change))
            moved[0].start()
            moved[0].join()
        return real(*args)

    monkeypatch.setattr(audience, "_insert", insert)
    sent = mailing(pivot)
    assert audience.fill(sent.id)
    sheet = balance.sheet(sent)
    assert (sheet.candidates, sheet.queued, sheet.balanced) == (candidates, candidates, True)
    assert Batch.objects.count() == 1


@pytest.mark.django_db
def test_one_process_fills_at_a_time_and_a_dead_ones_turn_ends(pivot: Topic) -> None:
    readers(pivot, 3)
    sent = mailing(pivot)
    assert audience._take_turn(sent.id, seconds=5)
    assert not audience.fill(sent.id), "another is at it"
    assert sent.deliveries.count() == 0
    Mailing.objects.update(filling_until=timezone.now() - dt.timedelta(seconds=1))
    assert audience.fill(sent.id)
    assert sent.deliveries.count() == 3


@pytest.mark.django_db
def test_sending_can_begin_while_most_of_the_audience_is_still_to_be_filled(
    pivot: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers(pivot, 5)
    sent = mailing(pivot)
    monkeypatch.setattr(audience, "CHUNK", 2)
    monkeypatch.setattr(audience, "FIRST", 0)
    assert not audience.fill(sent.id)
    assert sent.deliveries.count() == 2
    assert audience.fill(sent.id)
    assert sent.deliveries.count() == 5
