"""What the queue's pages read instead of counting rows: samples over time, mail domains."""

import datetime as dt

import pytest
from django.utils import timezone

from digest.models import Topic
from tests.queueing import a_mailing
from workers import evidence, ledger, samples
from workers.ledger import Result
from workers.models import Delivery, DeliveryState, Mailing, MailingState
from workers.queue import by_domain, pages
from workers.queue.course import course
from workers.queue.models import AtDomain, Sample

pytestmark = pytest.mark.both_databases

NOON = dt.datetime(2026, 5, 17, 12, 0, 1, tzinfo=dt.UTC)


def told(mailing: Mailing, **of_state: str) -> None:
    """Results for the mailing's queued deliveries, the address's first part naming each."""
    rows = Delivery.objects.filter(mailing=mailing)
    ledger.record(
        mailing.id,
        [Result(rows.get(address__startswith=who).id, state) for who, state in of_state.items()],
    )


def at_domains(mailing: Mailing) -> dict[str, int]:
    return dict(AtDomain.objects.filter(mailing=mailing).values_list("domain", "accepted"))


def moved(mailing: Mailing, who: str, address: str) -> None:
    Delivery.objects.filter(mailing=mailing, address__startswith=who).update(address=address)


def test_what_each_mail_domain_accepted_is_counted_with_the_results(db, pivot: Topic):
    mailing = a_mailing(pivot, queued=4)
    moved(mailing, "queued3", "queued3@EXAMPLE.net")
    told(mailing, queued0="accepted", queued1="failed", queued3="accepted")
    assert at_domains(mailing) == {"example.org": 1, "example.net": 1}
    told(mailing, queued0="accepted", queued2="accepted")  # the first is told twice
    assert at_domains(mailing) == {"example.org": 2, "example.net": 1}


def test_an_uncertain_delivery_that_is_taken_as_sent_counts_for_its_domain(db, pivot: Topic):
    mailing = a_mailing(pivot, uncertain=3)
    ids = list(Delivery.objects.filter(mailing=mailing).order_by("id").values_list("id", flat=True))
    assert ledger.accept_uncertain(mailing.id, ids[:2]) == 2
    evidence.settle([Result(ids[1], DeliveryState.ACCEPTED), Result(ids[2], "accepted", 250)])
    assert at_domains(mailing) == {"example.org": 3}
    mailing.refresh_from_db()
    assert (mailing.accepted, mailing.uncertain) == (3, 0)


def test_a_mailing_that_moves_is_sampled_once_in_ten_seconds(db, pivot: Topic):
    mailing = a_mailing(pivot, accepted=3, queued=4)
    a_mailing(pivot, accepted=3, state=MailingState.DONE)
    a_mailing(pivot, queued=1, state=MailingState.PREPARING, started_at=None)
    samples.take(NOON)
    Mailing.objects.filter(id=mailing.id).update(accepted=5)
    samples.take(NOON + dt.timedelta(seconds=8))
    samples.take(NOON + dt.timedelta(seconds=9))
    assert list(Sample.objects.order_by("at").values_list("mailing_id", "at", "accepted")) == [
        (mailing.id, NOON, 3),
        (mailing.id, NOON + dt.timedelta(seconds=9), 5),
    ]


def test_old_samples_are_thinned_to_one_in_ten_minutes_and_go_a_month_after_the_end(
    db, pivot: Topic
):
    mailing = a_mailing(pivot, accepted=3, queued=4)
    first = int(NOON.timestamp()) // samples.EVERY
    Sample.objects.bulk_create(
        Sample(mailing=mailing, slot=first + n, at=NOON, accepted=n) for n in range(120)
    )
    samples.thin(NOON + dt.timedelta(minutes=10) + samples.FINE)
    assert Sample.objects.count() == 61
    samples.thin(NOON + dt.timedelta(minutes=20) + samples.FINE)
    kept = list(Sample.objects.order_by("slot").values_list("slot", flat=True))
    assert kept == [first, first + 60]
    Mailing.objects.update(state=MailingState.DONE, finished_at=timezone.now())
    samples.thin(timezone.now() + dt.timedelta(days=29))
    assert Sample.objects.count() == 2
    samples.thin(timezone.now() + dt.timedelta(days=31))
    assert not Sample.objects.exists()


# ---- the course ------------------------------------------------------------------------


def test_the_rate_over_time_is_what_was_accepted_between_samples():
    def later(seconds: int) -> dt.datetime:
        return NOON + dt.timedelta(seconds=seconds)

    drawn = course([(NOON, 0), (later(10), 500), (later(20), 500), (later(30), 5500)], 500.0)
    assert drawn
    assert [rate for _, _, rate in drawn.spans] == [50, 0, 500]
    assert drawn.asked_at == 2, "the asked rate is the peak: both at the top"
    assert drawn.line.split() == [
        "0.0,41.6", "80.0,41.6", "80.0,46.0", "160.0,46.0", "160.0,2.0", "240.0,2.0",
    ]  # fmt: skip
    assert "over 30 s: at most 500, at least 0, last 500." in drawn.told


def test_a_course_needs_two_spans_and_leaves_a_last_one_that_has_just_begun():
    half, whole = NOON + dt.timedelta(seconds=10), NOON + dt.timedelta(seconds=20)
    assert course([(NOON, 0), (half, 5)], None) is None
    assert course([(NOON, 0), (half, 5), (half + dt.timedelta(seconds=1), 50)], None) is None
    still = course([(NOON, 0), (half, 0), (whole, 0)], None)
    assert still
    assert still.peak == 0


def test_a_card_shows_the_last_ten_minutes_and_an_ended_mailing_all_of_it(
    db, pivot: Topic, otto, signed_in
):
    now = timezone.now()
    mailing = a_mailing(pivot, accepted=9, queued=4, started_at=now - dt.timedelta(minutes=30))
    for seconds, accepted in ((1500, 2), (500, 4), (100, 6)):
        at = now - dt.timedelta(seconds=seconds)
        slot = int(at.timestamp()) // samples.EVERY
        Sample.objects.create(mailing=mailing, slot=slot, at=at, accepted=accepted)
    browser = signed_in(otto)
    page = browser.get("/queue/").content.decode()
    assert "Messages accepted a second, over 8 min" in page
    Mailing.objects.update(state="done", queued=0, candidates=9, finished_at=now)
    page = browser.get(f"/queue/{mailing.id}/").content.decode()
    assert "Messages accepted a second, over 30 min" in page


# ---- by mail domain --------------------------------------------------------------------


def test_domains_show_the_biggest_and_the_others_as_one_so_that_sums_are_the_sheet_s(
    db, pivot: Topic
):
    mailing = a_mailing(pivot, accepted=20, deferred=2, failed=3, uncertain=1)
    for n in range(10):
        AtDomain.objects.create(mailing=mailing, domain=f"d{n}.example.com", accepted=2)
    moved(mailing, "failed0", "failed0@d3.example.com")
    moved(mailing, "failed1", "failed1@D3.example.com")
    found = by_domain.domains(mailing)
    assert [(one.name, one.accepted, one.failed) for one in found[:2]] == [
        ("d3.example.com", 2, 2),
        ("example.org", 0, 1),
    ]
    assert (found[-1].name, len(found)) == ("", by_domain.SHOWN + 1)
    for state in ("accepted", "deferred", "failed", "uncertain"):
        assert sum(getattr(one, state) for one in found) == getattr(mailing, state), state


def test_uncertain_readers_are_named_on_the_card_with_what_is_more(
    db, pivot: Topic, otto, signed_in
):
    a_mailing(pivot, accepted=1, uncertain=7)
    page = signed_in(otto).get("/queue/").content.decode()
    assert "uncertain0@example.org" in page
    assert "uncertain5@example.org" not in page
    assert "and 2 more" in page


def test_where_rows_are_many_counters_are_shown_until_somebody_asks(
    db, pivot: Topic, otto, signed_in, monkeypatch
):
    mailing = a_mailing(pivot, accepted=3, failed=2, excluded=1)
    monkeypatch.setattr(pages, "AT_ONCE", 1)
    browser = signed_in(otto)
    page = browser.get(f"/queue/{mailing.id}/").content.decode()
    assert "As its counters say" in page
    assert "left after the audience was looked up" not in page
    assert "Count by domain and answer" in page
    page = browser.get(f"/queue/{mailing.id}/?count").content.decode()
    assert "Counted row by row" in page
    assert "left after the audience was looked up" in page
    assert "By mail domain" in page
