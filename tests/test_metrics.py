"""/metrics: who may read it, what it tells, and that it stays cheap."""

import datetime as dt
import os
import time
from pathlib import Path

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from digest.feeds import Feed
from digest.models import Topic
from tests.conftest import NOBODY
from tests.queueing import a_crew, a_mailing, an_update
from workers.identity import journals
from workers.models import MailingKind, MailingState, Pulse, Schedule, Slot, SlotResult
from workers.watch import metrics

pytestmark = pytest.mark.django_db

ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7"}
TOKEN = "a-token-of-thirty-characters-00"


@pytest.fixture
def client():
    """A program on this machine."""
    return Client(SERVER_NAME="localhost")


@pytest.fixture(autouse=True)
def _no_broker(settings):
    settings.REDIS_URL = NOBODY


def scraped(client, **said):
    """(family, sorted labels) → value."""
    answer = client.get("/metrics", **said)
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def value(found, name, **labels):
    return found[name, tuple(sorted(labels.items()))]


# ---- who may -------------------------------------------------------------------------


def test_a_program_on_this_machine_needs_no_token_and_one_elsewhere_does(client, settings):
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", **ELSEWHERE).status_code == 401
    settings.METRICS_TOKEN = TOKEN
    right = {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}
    assert client.get("/metrics", **ELSEWHERE, **right).status_code == 200


@pytest.mark.parametrize(
    "said", ["", "Bearer ", "Bearer x", f"Basic {TOKEN}", "Bearer \udcff", TOKEN]
)
def test_a_wrong_token_opens_nothing(client, settings, said):
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", **ELSEWHERE, HTTP_AUTHORIZATION=said)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert b"digest_" not in answer.content


def test_no_token_set_means_that_none_is_right(client):
    assert client.get("/metrics", **ELSEWHERE, HTTP_AUTHORIZATION="Bearer ").status_code == 401


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_VIA"])
def test_what_a_proxy_on_this_machine_hands_on_is_no_program_on_this_machine(client, header):
    assert client.get("/metrics", **{header: "203.0.113.7"}).status_code == 401


def test_nor_is_nginx_that_adds_nothing_but_speaks_as_nobody_else_does(client):
    assert client.get("/metrics", SERVER_PROTOCOL="HTTP/1.0").status_code == 401


# ---- what it tells -------------------------------------------------------------------


def test_an_open_mailing_is_told_with_its_counters_and_what_was_asked(client, pivot: Topic):
    mailing = a_mailing(
        pivot, update=an_update(pivot, 2), accepted=3, queued=4, uncertain=1, rate=70
    )
    found = scraped(client)
    its = {"mailing": str(mailing.id), "topic": "medias-ai-pivot", "update": "2"}
    assert value(found, "digest_mailing_deliveries", **its, state="accepted") == 3
    assert value(found, "digest_mailing_deliveries", **its, state="queued") == 4
    assert value(found, "digest_mailing_candidates", **its) == 8
    assert value(found, "digest_mailing_rate_limit", **its) == 70
    assert value(found, "digest_mailings", state="sending") == 1
    assert value(found, "digest_mailings", state="held") == 0
    assert value(found, "digest_uncertain_deliveries") == 1
    assert value(found, "digest_mailings_unbalanced") == 0
    assert value(found, "digest_oldest_waiting_seconds", served_by="bulk") == pytest.approx(
        120, abs=9
    )
    assert value(found, "digest_oldest_waiting_seconds", served_by="urgent") == 0


def test_a_mailing_that_ended_keeps_its_label_for_an_hour_and_no_longer(client, pivot: Topic):
    now = timezone.now()
    for ago in (50, 70):
        at = now - dt.timedelta(minutes=ago)
        a_mailing(pivot, accepted=ago, state=MailingState.DONE, due_at=at, finished_at=at)
    told = {v for (name, _), v in scraped(client).items() if name == "digest_mailing_candidates"}
    assert told == {50}


def test_a_mailing_whose_counters_do_not_add_up_is_counted(client, pivot: Topic):
    mailing = a_mailing(pivot, accepted=3)
    type(mailing).objects.update(accepted=2)
    assert value(scraped(client), "digest_mailings_unbalanced") == 1


def test_no_address_and_no_mailing_of_a_single_person_has_a_label(client, pivot: Topic):
    a_mailing(pivot, kind=MailingKind.CONFIRM, queued=2)
    answer = client.get("/metrics").content.decode()
    assert "@" not in answer
    assert "digest_mailing_candidates{" not in answer
    assert 'digest_small_mails_waiting{kind="confirm"} 2.0' in answer


def test_workers_leases_and_waking_messages_are_told_by_queue(client, pivot: Topic, valkey):
    a_crew()
    a_mailing(pivot, queued=1, leased=True)
    valkey.rpush("bulk", "a", "b", "c")
    found = scraped(client)
    assert value(found, "digest_broker_up") == 1
    assert value(found, "digest_queue_messages", queue="bulk") == 3
    assert value(found, "digest_queue_messages", queue="tick") == 0
    assert value(found, "digest_workers", queue="urgent") == 1
    assert value(found, "digest_worker_places", queue="import") == 1
    assert value(found, "digest_leases") == 1
    assert value(found, "digest_leases_overdue") == 0


def test_the_broker_of_digest_up_is_found_by_its_note_where_redis_url_names_none(
    client, settings, valkey
):
    note = settings.DATA_DIR / "broker"
    note.write_text(f"{Path(settings.REDIS_URL.partition('://')[2]).parent}\n")
    settings.REDIS_URL = ""
    try:
        assert value(scraped(client), "digest_broker_up") == 1
    finally:
        note.unlink()


def test_what_is_late_held_or_ailing_is_counted(
    client, pivot: Topic, retail: Topic, daily: Schedule
):
    now = timezone.now()
    Schedule.objects.update(next_at=now - dt.timedelta(minutes=2))
    an_update(retail, 1, stage="approved", due_at=now - dt.timedelta(minutes=2))
    Slot.objects.create(topic=pivot, due_at=now, result=SlotResult.HELD)
    Feed.objects.create(topic=pivot, url="https://example.org/a", failures=3)
    Feed.objects.create(topic=pivot, url="https://example.org/b", failures=2)
    Feed.objects.create(topic=pivot, url="https://example.org/c", failures=9, paused_at=now)
    Pulse.objects.create(at=now - dt.timedelta(seconds=7))
    found = scraped(client)
    assert value(found, "digest_slots_late") == 2
    assert value(found, "digest_slots_held") == 1
    assert value(found, "digest_feeds_ailing") == 1
    assert value(found, "digest_tick_age_seconds") == pytest.approx(7, abs=3)


def test_a_journal_that_nobody_settles_is_counted_once_no_relay_can_still_answer(client):
    left, at_work = journals() / "1-left.log", journals() / "2-at-work.log"
    left.write_text("B 1\n")
    at_work.write_text("B 2\n")
    try:
        long_ago = time.time() - 700
        os.utime(left, (long_ago, long_ago))
        assert value(scraped(client), "digest_journals_left") == 1
    finally:
        left.unlink()
        at_work.unlink()


def test_without_broker_and_database_it_tells_what_is_left(client, monkeypatch):
    def gone(*_):
        raise OperationalError("refused")

    monkeypatch.setattr(metrics.readings, "database_size", gone)
    found = scraped(client)
    assert value(found, "digest_broker_up") == 0
    assert value(found, "digest_database_up") == 0
    assert value(found, "digest_disk_free_bytes") > 0
    assert not any(name == "digest_mailings" for name, _ in found)


def test_the_number_of_queries_does_not_grow_with_the_mailings(
    client, pivot: Topic, django_assert_max_num_queries
):
    for n in range(1, 30):
        a_mailing(pivot, update=an_update(pivot, n), queued=1)
    with django_assert_max_num_queries(27):
        found = scraped(client)
    assert value(found, "digest_mailings", state="sending") == 29
