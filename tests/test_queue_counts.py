"""What the queue's pages read instead of counting rows: samples over time, mail domains."""

import datetime as dt

import pytest
from django.utils import timezone

from digest.models import Topic
from tests.queueing import a_mailing
from workers import evidence, ledger, samples
from workers.ledger import Result
from workers.models import Delivery, DeliveryState, Mailing, MailingState
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
