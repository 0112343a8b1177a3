"""Quiet hours: what they are where clocks change, and what they keep."""

import datetime as dt
from typing import Any

import pytest
from click.testing import CliRunner
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from config.cli import main
from digest.errors import Refused
from digest.models import Stage, Topic
from tests.ledgering import mailing, readers
from tests.queueing import a_crew, an_update
from workers import audience, ledger, sending
from workers.brake import caring, quiet
from workers.brake.models import Care
from workers.ledger import Result
from workers.models import BULK, URGENT, Batch, DeliveryState, Mailing, MailingKind
from workers.outbox import Outcome, Verdict
from workers.queue.coming import coming
from workers.results import deadline, result_of
from workers.sending import _Outbox
from workers.watch.alert import AlertKind, Watch
from workers.watch.troubles import FINDERS

HOUR = dt.timedelta(hours=1)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


# ---- pure ------------------------------------------------------------------------------


LONDON, NEW_YORK = "Europe/London", "America/New_York"


@pytest.mark.parametrize(
    ("hours", "zone", "at", "start", "end"),
    [
        ("22:00-07:00", "UTC", "2026-11-27T23:00", "2026-11-27T22:00", "2026-11-28T07:00"),
        ("22:00-07:00", "UTC", "2026-11-28T06:59", "2026-11-27T22:00", "2026-11-28T07:00"),
        ("22:00-07:00", "UTC", "2026-11-27T22:00", "2026-11-27T22:00", "2026-11-28T07:00"),
        ("12:00-13:00", "UTC", "2026-11-27T12:30", "2026-11-27T12:00", "2026-11-27T13:00"),
        # Clocks go forward at 01:00 UTC, so that the night is an hour shorter; then back.
        ("22:00-07:00", LONDON, "2026-03-29T03:00", "2026-03-28T22:00", "2026-03-29T06:00"),
        ("22:00-07:00", LONDON, "2026-10-25T03:00", "2026-10-24T21:00", "2026-10-25T07:00"),
        # 01:30 comes twice: quiet until the second; and from the first.
        ("22:00-01:30", LONDON, "2026-10-25T01:10", "2026-10-24T21:00", "2026-10-25T01:30"),
        ("01:30-05:00", LONDON, "2026-10-25T00:40", "2026-10-25T00:30", "2026-10-25T05:00"),
        # 02:30 is skipped: quiet as long as on other nights.
        ("22:00-02:30", NEW_YORK, "2026-03-08T07:20", "2026-03-08T03:00", "2026-03-08T07:30"),
    ],
)  # fmt: skip
def test_a_window_is_found_by_the_instant_and_right_where_clocks_change(
    hours: str, zone: str, at: str, start: str, end: str
) -> None:
    assert quiet.window_at(hours, zone, utc(at)) == (utc(start), utc(end))
    assert quiet.window_at(hours, zone, utc(end)) is None, "its end is no part of it"
    before = utc(start) - dt.timedelta(seconds=1)
    assert quiet.window_at(hours, zone, before) is None


def test_a_clock_that_stands_still_in_quiet_hours_tells_when_a_time_is_over() -> None:
    at = utc("2026-11-27T21:50")
    assert quiet.after("22:00-07:00", "UTC", at, 8 * HOUR) == utc("2026-11-28T14:50")
    assert quiet.after("22:00-07:00", "UTC", at, HOUR / 6) == utc("2026-11-27T22:00")
    assert quiet.after("22:00-07:00", "UTC", at, 16 * HOUR) == utc("2026-11-29T07:50")
    assert quiet.after("", "UTC", at, 8 * HOUR) == at + 8 * HOUR
    night = utc("2026-03-28T21:50")  # London's clocks go forward in it
    assert quiet.after("22:00-07:00", "Europe/London", night, HOUR) == utc("2026-03-29T06:50")


@pytest.mark.parametrize("text", ["22-7", "24:00-07:00", "22:00", "22:00-22:00", "22:00-07:60"])
def test_what_are_no_quiet_hours_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="nothing was changed"):
        quiet.spelled(text)


# ---- in the queue ----------------------------------------------------------------------


def now_quiet(topic: Topic) -> str:
    """Make it quiet now, and for an hour more; when it ends, as a local time."""
    now = timezone.now()
    hours = f"{now - HOUR:%H:%M}-{now + HOUR:%H:%M}"
    caring.set_care(topic, 0, 30, hours, by="pia")
    return f"{now + HOUR:%H:%M}"


@pytest.fixture
def ready(pivot: Topic) -> Mailing:
    """A mailing to five readers, ready to be claimed."""
    readers(pivot, 5)
    made = mailing(pivot)
    audience.fill(made.id)
    return Mailing.objects.get(id=made.id)


def claimable(kinds: list[MailingKind]) -> bool:
    return ledger.claimable(kinds, quiet.awake(kinds, timezone.now())).exists()


@pytest.mark.django_db
@pytest.mark.both_databases
def test_nothing_of_the_topic_begins_while_it_is_quiet_but_what_a_person_waits_for(
    ready: Mailing, retail: Topic
) -> None:
    now_quiet(retail)
    assert claimable(BULK), "another topic's hours are its own"
    now_quiet(ready.topic)
    assert not claimable(BULK)
    for kind in (MailingKind.RESEND, MailingKind.CORRECTION):
        Mailing.objects.update(kind=kind)
        assert not claimable(BULK)
    Mailing.objects.update(kind=MailingKind.TEST)
    assert claimable(URGENT)


@pytest.mark.django_db
def test_what_is_on_its_way_stops_within_a_second_and_keeps_its_rest_queued(
    outbox: _Outbox, due: Mailing
) -> None:
    assert outbox._open
    now_quiet(due.topic)
    outbox._look()
    assert outbox.take() is None
    assert sending._claimed(BULK, sending.choosing.usable(sending.choosing.ways())) is None
    assert set(due.deliveries.values_list("state", flat=True)) == {"queued"}


@pytest.mark.django_db
def test_quiet_hours_take_nothing_of_the_time_for_retries(ready: Mailing) -> None:
    began = timezone.now() - 25 * HOUR
    Mailing.objects.update(started_at=began)
    ready.refresh_from_db()
    (row, *_) = ledger.queued(ledger.claim(BULK, "h1", "w1"))  # type: ignore[arg-type]
    put_off = Outcome(Verdict.DEFERRED, 450, "450 4.2.0 later")
    (late,) = result_of(row, put_off, ready)
    assert late.state == DeliveryState.FAILED, "24 hours are over"
    now_quiet(ready.topic)
    ready = Mailing.objects.get(id=ready.id)
    assert deadline(ready) > timezone.now()
    (again,) = result_of(row, put_off, ready)
    assert isinstance(again, Result)
    assert again.state == DeliveryState.DEFERRED


@pytest.mark.django_db
def test_cards_and_what_comes_next_say_until_when_it_is_quiet_and_nobody_calls_it_stuck(
    ready: Mailing, otto: User, signed_in: type[Client]
) -> None:
    until = now_quiet(ready.topic)
    a_crew()
    soon = timezone.now() + dt.timedelta(minutes=5)
    an_update(ready.topic, 9, stage=Stage.APPROVED, due_at=soon)
    browser = signed_in(otto)
    for path in ("/queue/", f"/queue/{ready.id}/"):
        page = browser.get(path).content.decode()
        assert "Quiet until " in page
        assert f"{until} UTC: nothing begins, and it goes on by itself." in page, path
    (next_one,) = [one for one in coming() if "#9" in one.what]
    assert "Quiet hours keep it until " in next_one.then
    assert f"{until} UTC" in next_one.then
    shown = CliRunner().invoke(main, ["status"])
    assert "Quiet until " in shown.output
    watch = Watch()
    stuck = FINDERS[AlertKind.MAILING_STUCK]
    list(stuck(timezone.now(), watch))
    assert list(stuck(timezone.now() + dt.timedelta(minutes=11), watch)) == []
    assert Batch.objects.get().state == "pending"


@pytest.mark.django_db
def test_a_publisher_sets_it_on_the_schedules_page_and_ops_by_a_command(
    pivot: Topic, pia: User, edda: User, signed_in: type[Client]
) -> None:
    said: dict[str, Any] = {"staggered": "on", "first": "2", "wait": "45", "quiet": "22:00-7:00"}
    path = f"/desk/{pivot.slug}/schedule/"
    assert signed_in(pia).post(f"{path}care/", said).status_code == 302
    care = Care.objects.get()
    assert (care.first, care.wait, care.quiet) == (2, 45, "22:00-07:00")
    page = signed_in(edda).get(path).content.decode()
    assert 'value="22:00-07:00"' in page
    assert "A publisher sets it." in page
    signed_in(pia).post(f"{path}care/", said | {"quiet": "late"})
    assert Care.objects.get().quiet == "22:00-07:00", "what can't be read changes nothing"
    shown = CliRunner().invoke(main, ["schedule", "care", pivot.slug, "--quiet", ""])
    assert shown.exit_code == 0
    assert "2 % go first, the rest 45 minutes later" in shown.output
    assert "no quiet hours" in shown.output
    assert Care.objects.get().quiet == ""
