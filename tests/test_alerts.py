"""Alerts: what is found, when it is told and when it is over, by whom it is seen."""

import asyncio
import datetime as dt
import email
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from django.utils import timezone

from digest.audit import AuditEntry
from digest.feeds import Feed
from digest.models import Topic
from tests.conftest import NOBODY
from tests.queueing import a_mailing, an_update
from tests.relays import in_a_thread
from workers.models import Delivery, Mailing, MailingState, Pulse, Slot, SlotResult, Worker
from workers.routes import choosing
from workers.routes.models import Route
from workers.watch import readings, troubles, watching
from workers.watch.advice import ADVICE
from workers.watch.alert import Alert, AlertKind, Watch
from workers.watch.readings import Disk
from workers.watch.troubles import FINDERS
from workers.watch.watching import look

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)
SECRET = "a-secret-of-thirty-characters-00"


@pytest.fixture(autouse=True)
def all_is_well(settings, valkey):
    """Workers, a tick, a broker: nothing to be told but what a test breaks."""
    now = timezone.now()
    Worker.objects.create(
        name="w", host="wharf-1", pid=1, queues="tick,urgent,bulk,import",
        seen_at=now + dt.timedelta(days=1),
    )  # fmt: skip
    Pulse.objects.create(at=now + dt.timedelta(days=1))


class Ops:
    """Somebody's relay and webhook: what they were told."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.answers = 204
        self.takes = "250 Kept"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.takes.startswith("250"):
            self.mails.append(
                email.message_from_bytes(envelope.content, policy=email.policy.default)
            )
        return self.takes

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]


@pytest.fixture
def ops(settings) -> Iterator[Ops]:
    told = Ops()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.posts.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(told.answers)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    async def relay() -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: SMTP(told, loop=loop), "127.0.0.1", 0)

    hook = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    settings.ALERT_MAIL = ["ops@example.org"]
    settings.ALERT_WEBHOOK_URL = f"http://127.0.0.1:{hook.server_port}/alerts"
    settings.ALERT_WEBHOOK_SECRET = SECRET
    with in_a_thread(relay) as port:
        settings.ALERT_SMTP_URL = f"smtp://127.0.0.1:{port}"
        yield told
    hook.shutdown()
    hook.server_close()


def found(kind: AlertKind, now: dt.datetime | None = None, watch: Watch | None = None) -> list[str]:
    """The words of what is wrong of this kind."""
    return [one.words for one in troubles.found(kind, now or timezone.now(), watch or Watch())]


def after(minutes: float) -> dt.datetime:
    return timezone.now() + minutes * MINUTE


@pytest.fixture
def held(pivot: Topic) -> Mailing:
    return a_mailing(pivot, queued=1, state=MailingState.HELD, why="Too many bounced.")


def ended() -> None:
    Mailing.objects.update(state=MailingState.DONE)


# ---- what is found -------------------------------------------------------------------


def test_every_kind_has_advice_and_all_but_the_databases_a_finder():
    assert set(ADVICE) == set(AlertKind)
    assert set(FINDERS) == set(AlertKind) - {AlertKind.DATABASE_DOWN}


def test_where_all_is_well_nothing_is_found(pivot: Topic):
    a_mailing(pivot, accepted=2, queued=3)
    assert {kind: found(kind) for kind in FINDERS} == {kind: [] for kind in FINDERS}


def test_a_mailing_is_stuck_once_nothing_of_it_moved_for_ten_minutes(pivot: Topic):
    mailing, watch = a_mailing(pivot, update=an_update(pivot, 2), accepted=1, queued=3), Watch()
    stuck = AlertKind.MAILING_STUCK
    assert found(stuck, after(0), watch) == []
    assert found(stuck, after(9.5), watch) == []
    (words,) = found(stuck, after(11), watch)
    assert words == (
        f"Media's AI Pivot · Update #2 (mailing {mailing.id}): nothing moved for 11 minutes, "
        "with 3 queued."
    )
    Mailing.objects.update(accepted=2, queued=2)
    assert found(stuck, after(12), watch) == []


def test_a_slow_rate_a_pause_or_a_relay_that_says_why_is_no_stuck_mailing(pivot: Topic):
    a_mailing(pivot, queued=3, rate=0.002)
    a_mailing(pivot, queued=3, state=MailingState.PAUSED)
    a_mailing(pivot, queued=3, why="relay x:25: refused")
    watch = Watch()
    found(AlertKind.MAILING_STUCK, after(0), watch)
    assert found(AlertKind.MAILING_STUCK, after(20), watch) == []
    assert len(found(AlertKind.MAILING_STUCK, after(26), watch)) == 1


@pytest.mark.parametrize("state", [MailingState.HELD, MailingState.QUARANTINED])
def test_a_mailing_that_wants_a_person_is_found_with_its_reason(pivot: Topic, state):
    a_mailing(pivot, queued=1, state=state, why="Half of them bounced.")
    (words,) = found(AlertKind.MAILING_HELD)
    assert f"is {state.value}: Half of them bounced." in words


def test_a_relay_that_takes_nothing_is_found_with_its_words_and_no_readers_address(pivot: Topic):
    a_mailing(pivot, queued=1, why="Waits for the end of quiet hours.")
    assert found(AlertKind.RELAY_DOWN) == [], "that is no relay's doing"
    default = choosing.default()
    Route.objects.filter(id=default.id).update(kinds=["test"])
    assert readings.waiting_for_relay().count() == 1
    assert found(AlertKind.RELAY_DOWN) == [
        "1 mailing waits: no route serves such mails; see: digest route list"
    ]
    Route.objects.filter(id=default.id).update(
        kinds=[], failures=1, aside_until=after(5), trouble="relay x:25 says no to ann@example.org"
    )
    assert readings.waiting_for_relay().count() == 1
    assert found(AlertKind.RELAY_DOWN) == [
        "The route “default” is set aside: relay x:25 says no to a…@example.org"
    ]
    Route.objects.filter(id=default.id).update(aside_until=None, paused_at=after(0))
    assert readings.waiting_for_relay().count() == 0, "a person paused it"
    Route.objects.create(name="second", failures=3, aside_until=after(5), trouble="refused")
    Route.objects.create(name="third", failures=3, aside_until=after(5), paused_at=timezone.now())
    assert found(AlertKind.RELAY_DOWN) == ["The route “second” is set aside: refused"]


def test_uncertain_deliveries_are_found_by_mailing_ended_or_not(pivot: Topic):
    a_mailing(pivot, uncertain=1, state=MailingState.DONE)
    a_mailing(pivot, uncertain=2)
    one, two = found(AlertKind.UNCERTAIN)
    assert "1 delivery is uncertain; nothing says whether it arrived." in one
    assert "2 deliveries are uncertain; nothing says whether they arrived." in two


def test_counters_that_do_not_add_up_are_found(pivot: Topic):
    a_mailing(pivot, accepted=3)
    assert found(AlertKind.OUT_OF_BALANCE) == []
    Mailing.objects.update(accepted=2)
    assert "do not add up to its 3 candidates" in found(AlertKind.OUT_OF_BALANCE)[0]


def test_rows_that_differ_from_the_counters_are_found_when_a_mailing_ends_and_stay_found(
    pivot: Topic,
):
    a_mailing(pivot, accepted=3, state=MailingState.DONE, finished_at=timezone.now())
    Delivery.objects.first().delete()
    look(after(0))
    for minutes in (1, 2, 30):
        look(after(minutes))
    alert = Alert.objects.get(kind=AlertKind.OUT_OF_BALANCE)
    assert (alert.raised_at is not None, alert.resolved_at) == (True, None)


def test_late_and_held_slots_are_found(pivot: Topic, retail: Topic, daily):
    now = timezone.now()
    type(daily).objects.update(next_at=now - 2 * MINUTE)
    an_update(retail, 1, stage="approved", due_at=now - 2 * MINUTE)
    Slot.objects.create(topic=retail, due_at=now, result=SlotResult.HELD, why="Too late.")
    (late,) = found(AlertKind.SLOT_LATE)
    assert late == "Due, and nobody took it up: the schedule of medias-ai-pivot, retail/1."
    (held,) = found(AlertKind.SLOT_HELD)
    assert held.startswith("Retail, due ")
    assert held.endswith("was held. Too late.")


def test_a_queue_that_nobody_serves_is_found_by_name():
    Worker.objects.update(queues="tick,urgent")
    assert found(AlertKind.NO_WORKER) == [
        "Nobody alive takes from the queue “bulk”.",
        "Nobody alive takes from the queue “import”.",
    ]


def test_wake_ups_that_pile_up_are_found(valkey):
    valkey.rpush("bulk", *range(301))
    assert found(AlertKind.QUEUE_LAG) == ["301 wake-ups wait in “bulk”, and no worker takes them."]


def test_a_silent_broker_and_a_silent_tick_are_found(settings):
    settings.REDIS_URL = NOBODY
    Pulse.objects.update(at=timezone.now() - dt.timedelta(seconds=61))
    assert found(AlertKind.BROKER_DOWN)[0].startswith("The broker does not answer")
    assert found(AlertKind.TICK_LATE)[0].startswith("Nobody has looked for what is due for 61 s")


def test_feeds_that_failed_several_times_are_found_by_name_and_without_their_secrets(pivot: Topic):
    Feed.objects.create(topic=pivot, url="https://u:secret@feeds.example.org/x", failures=3)
    Feed.objects.create(topic=pivot, url="https://example.org/b", name="Wharf News", failures=3)
    (words,) = found(AlertKind.FEEDS_AILING)
    assert words == (
        "Failed several times in a row, or gone: medias-ai-pivot: feeds.example.org, "
        "medias-ai-pivot: Wharf News."
    )


@pytest.mark.parametrize(
    ("free", "size", "is_full"),
    [(4e9, 100e9, False), (0.9e9, 100e9, True), (0.9e9, 10e9, False), (0.4e9, 10e9, True)],
)
def test_a_disk_is_nearly_full_below_five_percent_and_a_gigabyte(monkeypatch, free, size, is_full):
    monkeypatch.setattr(troubles.readings, "disk", lambda: Disk(int(free), int(size)))
    assert bool(found(AlertKind.DISK_FULL)) == is_full


# ---- the page ------------------------------------------------------------------------


def test_the_page_says_that_nothing_is_wrong_or_that_nobody_has_looked(otto, signed_in):
    page = signed_in(otto).get("/queue/alerts/").content.decode()
    assert "Nobody has looked yet" in page
    look(after(0))
    page = signed_in(otto).get("/queue/alerts/").content.decode()
    assert "Nothing is wrong" in page


def test_an_alert_is_shown_with_what_to_do_and_whoever_is_at_it(held, otto, pia, signed_in):
    look(after(0))
    browser, alert = signed_in(otto), Alert.objects.get()
    page = browser.get("/queue/alerts/").content.decode()
    assert "Too many bounced." in page
    assert "Read why on its page" in page
    assert "nobody is at it" in page
    for _ in range(2):
        browser.post(f"/queue/alerts/{alert.id}/acknowledge/")
    assert AuditEntry.objects.filter(what="acknowledged alert").count() == 1
    page = signed_in(pia).get("/queue/alerts/").content.decode()
    assert "otto@example.org is at it" in page
    assert "I am at it" not in page


def test_what_is_over_is_listed_below(held, otto, signed_in):
    look(after(0))
    ended()
    look(after(6))
    page = signed_in(otto).get("/queue/alerts/").content.decode()
    assert "Nothing is wrong" in page
    assert page.index("Nothing is wrong") < page.index("Over") < page.index("Too many bounced.")


def test_ops_send_a_test_and_are_told_what_became_of_it(ops, otto, signed_in):
    ops.answers = 410
    page = signed_in(otto).post("/queue/alerts/test/", follow=True).content.decode()
    assert ops.subjects == ["[Digest] Test"]
    assert "A test was handed over by mail." in page
    assert "The last webhook could not be handed over: it answers 410." in page


def test_the_queues_page_leads_to_what_is_wrong(held, otto, signed_in):
    assert "alert not over" not in signed_in(otto).get("/queue/").content.decode()
    look(after(0))
    page = signed_in(otto).get("/queue/").content.decode()
    assert '<a href="/queue/alerts/">1 alert</a>' in page


def test_the_thread_begins_in_workers_and_in_the_schedule():
    from celery.signals import beat_init, worker_ready

    assert watching._in_a_worker in [ref() for _, ref in worker_ready.receivers]
    assert watching._in_the_schedule in [ref() for _, ref in beat_init.receivers]
