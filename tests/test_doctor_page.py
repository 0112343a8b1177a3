"""The doctor's page, its daily look, and what of it ops are told."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.conftest import NOBODY
from workers import tasks
from workers.doctor import examination, kept
from workers.doctor.finding import Area, Finding, bad, look, unknown, well
from workers.doctor.models import Examination
from workers.watch.alert import Alert, AlertKind, Watch
from workers.watch.troubles import found
from workers.watch.watching import look as watch

PAGE = "/queue/doctor/"
DKIM, SPF = "DKIM at s1._domainkey.example.org", "SPF of example.org"
GONE = bad(DKIM, "There is no record.", "Add one.")


@pytest.fixture
def ops(otto: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(otto)


def nobody_answers(settings: Any) -> None:
    settings.TIME_SERVER, settings.REDIS_URL = "127.0.0.1:1", NOBODY
    settings.BASE_URL = "http://127.0.0.1:1"


def text(client: Client, path: str = PAGE) -> str:
    return client.get(path).content.decode()


@pytest.mark.django_db
def test_a_page_that_nobody_had_examined_says_so_and_offers_it(ops: Client) -> None:
    page = text(ops)
    assert "Nobody has looked yet" in page
    assert '<button class="button primary">Examine</button>' in page
    assert "hx-get" not in page.partition('id="doctor"')[2].partition(">")[0]


@pytest.mark.django_db
def test_findings_stand_by_area_the_worst_first_with_state_words_and_mend(ops: Client) -> None:
    dns = [
        well(SPF, "It names the relay."),
        look("Bounces to example.org", "No MX.", "Add one."),
        unknown("DMARC of example.org", "No answer."),
        bad(DKIM, "<b>None</b>.", "Add a TXT record."),
    ]
    kept.keep([well("Disk", "Room."), *(area(one, Area.DNS) for one in dns)], "otto@example.org")
    page = text(ops)
    assert "1 thing to mend before anything is sent" in page
    assert "by otto@example.org" in page
    order = [page.index(one.about) for one in (dns[3], dns[1], dns[2], dns[0])]
    assert page.index("This machine") < page.index("Disk") < page.index(">DNS<") < order[0]
    assert order == sorted(order)
    for words in ("to mend", "to look at", "can’t be told", "well", "Add a TXT record."):
        assert words in page
    assert "&lt;b&gt;None" in page
    assert 'class="bad state">Doctor: 1 to mend<' in text(ops, "/queue/")


def area(finding: Finding, where: Area) -> Finding:
    return dataclasses.replace(finding, area=where)


@pytest.mark.django_db
def test_the_verdict_is_that_of_the_worst(ops: Client) -> None:
    kept.keep([look(SPF, "Loose.", "Tighten it.")], "otto")
    assert "Nothing keeps you from sending; 1 thing to look at" in text(ops)
    assert 'class="warn state">Doctor: 1 to look at<' in text(ops, "/queue/")
    kept.keep([well(SPF, "It names the relay.")], "otto")
    assert "All is well" in text(ops)
    assert ">Doctor: all well<" in text(ops, "/queue/")


@pytest.mark.django_db(transaction=True)
def test_the_button_examines_beside_the_request_once_at_a_time_and_keeps_it(
    ops: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole examination, in its thread: there is no broker, no worker, and nothing to send."""
    nobody_answers(settings)
    threads = []
    begin = kept.begin

    def begun(by: str) -> Any:
        threads.append(begin(by))
        return threads[-1]

    monkeypatch.setattr(kept, "begin", begun)
    assert ops.post(PAGE).headers["Location"] == PAGE
    threads[0].join(60)
    page = text(ops)
    assert "by otto@example.org" in page
    assert "Broker" in page
    assert "Pages at http://127.0.0.1:1" in page
    Examination.objects.update(begun_at=timezone.now())
    assert "being examined" in text(ops)
    assert 'hx-get="/queue/doctor/live/"' in text(ops, f"{PAGE}live/")
    assert "examined already" in ops.post(PAGE, follow=True).content.decode()
    assert threads[1:] == [None]
    Examination.objects.update(begun_at=timezone.now() - kept.LONGEST)
    assert "being examined" not in text(ops), "whoever was at it is dead"


@pytest.mark.django_db
def test_an_area_that_fails_says_so_and_the_others_are_looked_at(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody_answers(settings)
    monkeypatch.setattr("workers.watch.readings.disk", lambda: 1 / 0)
    findings = list(examination.examine())
    (failed,) = [one for one in findings if "ZeroDivisionError" in one.words]
    assert failed.area is Area.MACHINE
    assert {one.area for one in findings} >= {Area.STORES, Area.RELAYS, Area.PAGES}


# ---- daily ------------------------------------------------------------------------------


def daily(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> None:
    monkeypatch.setattr(examination, "examine", lambda: iter(findings))
    kept.is_due(timezone.now())
    Examination.objects.update(daily_at=timezone.now())
    tasks.examine()


@pytest.mark.django_db
def test_what_is_newly_amiss_is_an_alert_until_it_is_found_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def told() -> list[str]:
        return [one.about for one in found(AlertKind.DOCTOR, timezone.now(), Watch())]

    daily(monkeypatch, well(DKIM, "Right."), look(SPF, "Loose.", "Tighten it."))
    assert told() == [], "what was so from the beginning is no news"
    full = bad("Disk", "9 MB are free.", "Make room.")
    daily(monkeypatch, GONE, look(SPF, "Loose.", "Tighten it."), full)
    assert told() == [DKIM], "a full disk has an alert of its own"
    (trouble,) = found(AlertKind.DOCTOR, timezone.now(), Watch())
    assert trouble.words == f"{DKIM}: There is no record. Add one."
    daily(monkeypatch, unknown(DKIM, "No name server answers."), look(SPF, "Loose.", "Tighten it."))
    assert told() == [DKIM], "silence says nothing"
    daily(monkeypatch, GONE, look(SPF, "Loose.", "Tighten it."))
    assert told() == [DKIM], "and it is told until it is mended"
    kept.keep([well(DKIM, "Right.")], "otto")
    assert told() == []
    kept.keep([GONE], "otto")
    assert told() == [], "whoever asks sees it"


@pytest.mark.django_db
def test_the_daily_look_is_woken_by_the_watch_an_hour_after_the_start_and_then_each_day(
    valkey: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    woken = []
    monkeypatch.setattr("workers.watch.watching.wake", woken.append)
    watch(now)
    watch(now + dt.timedelta(minutes=59))
    assert woken == []
    watch(now + dt.timedelta(minutes=61))
    assert woken == ["examine"]
    monkeypatch.setattr(examination, "examine", lambda: iter([GONE]))
    Examination.objects.update(daily_at=now)
    tasks.examine()
    tasks.examine()
    row = kept.current()
    assert row.by == kept.DAILY
    assert row.daily_at is not None
    assert row.daily_at - timezone.now() > dt.timedelta(hours=23)
    assert Alert.objects.filter(kind=AlertKind.DOCTOR).count() == 0
