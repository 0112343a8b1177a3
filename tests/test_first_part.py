"""A mailing that goes to a part of its readers first: who they are, and when the rest follows."""

import datetime as dt
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from digest.audit import AuditEntry
from digest.errors import Refused
from digest.models import Topic
from tests.ledgering import mailing, readers
from tests.relays import BRISK, PoliteRelay
from tests.sends import Through, due_to, holds, received
from workers import audience, balance, ledger, mailings, sending
from workers.brake import caring, first_part, judging
from workers.brake.models import HELD_BACK, Care, FirstPart, Stage
from workers.models import BULK, Batch, Delivery, Mailing, MailingKind, MailingState

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def careful(pivot: Topic) -> Topic:
    """A topic whose mailings go to one in a hundred first, and half an hour later to the rest."""
    caring.set_care(pivot, 1, 30, "", by="pia")
    return pivot


def filled(topic: Topic, many: int, **said: object) -> Mailing:
    readers(topic, many)
    made = mailing(topic, **said)
    audience.fill(made.id)
    made.refresh_from_db()
    return made


def send_all() -> None:
    while sending.send(BULK, seconds=5):
        pass


def attempted(made: Mailing, **said: int) -> None:
    """As if the first part had been sent, with these counters."""
    Batch.objects.filter(not_before=None).update(state="done")
    Mailing.objects.filter(id=made.id).update(started_at=timezone.now(), **said)
    first_part.go_on()


def half_an_hour_later() -> None:
    FirstPart.objects.update(until=timezone.now() - MINUTE)
    first_part.go_on()


@pytest.mark.django_db
def test_the_rest_goes_by_itself_half_an_hour_after_the_first_part(
    careful: Topic, relay: Path
) -> None:
    sent = due_to(careful, 420)
    send_all()
    first = received(relay)
    assert len(first) == FirstPart.objects.get().size == 200, "one in a hundred, 200 at least"
    oldest = set(sent.deliveries.order_by("subscriber").values_list("address", flat=True)[:200])
    assert 40 < len(oldest & set(first)) < 160, "by lot, not the oldest first"

    first_part.go_on()
    part = FirstPart.objects.get()
    assert part.stage == Stage.WAITING
    assert part.until is not None
    assert part.went_at is not None
    assert part.until - part.went_at == 30 * MINUTE
    send_all()
    assert received(relay) == first, "nobody else before its time"

    half_an_hour_later()
    send_all()
    ledger.finish()
    holds(sent, received(relay))
    assert len(received(relay)) == 420


@pytest.mark.django_db
@pytest.mark.both_databases
def test_who_is_first_is_the_same_whenever_a_filler_dies_and_who_rests_goes_to_nobody(
    careful: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "CHUNK", 70)
    readers(careful, 400)
    made = mailing(careful)
    real, inserted = audience._insert, 0

    def dies(*given: object) -> int:
        nonlocal inserted
        inserted += 1
        if inserted % 3 == 0:
            raise OSError("killed")
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(audience, "_insert", dies)
    for _ in range(40):
        try:
            done = audience.fill(made.id, seconds=0)
        except OSError:
            done = False
        first_part.go_on()
        if done:
            break
    made.refresh_from_db()
    assert balance.sheet(made).balanced
    assert (made.candidates, made.prepared_at is not None) == (400, True)
    part = FirstPart.objects.get()
    assert part.stage == Stage.FIRST, "what is filled and not sent is not attempted"
    everybody = first_part.placed(audience.people(made), made.id)
    first = set(everybody.filter(place__lt=part.below).values_list("id", flat=True))
    rests = Delivery.objects.filter(batch__not_before=HELD_BACK)
    goes = Delivery.objects.filter(batch__not_before=None)
    assert set(goes.values_list("subscriber_id", flat=True)) == first
    assert rests.count() == 400 - len(first) == 200
    assert not Batch.objects.filter(size=0).exists()


@pytest.mark.django_db
@pytest.mark.both_databases
def test_each_mailing_draws_anew_and_a_small_one_waits_for_nobody(careful: Topic) -> None:
    one = filled(careful, 250)
    other = mailing(careful)
    audience.fill(other.id)
    first = [
        set(made.deliveries.filter(batch__not_before=None).values_list("subscriber_id", flat=True))
        for made in (one, other)
    ]
    assert len(first[0]) == len(first[1]) == 200
    assert first[0] != first[1]
    again = filled(careful, 0, kind=MailingKind.RESEND)
    assert not FirstPart.objects.filter(mailing=again).exists(), "updates alone are staggered"
    Care.objects.update(first=0)
    plain = filled(careful, 0)
    assert not FirstPart.objects.filter(mailing=plain).exists()


@pytest.mark.django_db
@pytest.mark.both_databases
def test_what_only_lets_others_go_before_it_is_not_attempted_and_what_a_share_keeps_is(
    careful: Topic,
) -> None:
    made = filled(careful, 420)
    first = Batch.objects.filter(mailing=made, not_before=None)
    pk = first.get().pk
    first.update(not_before=timezone.now() + dt.timedelta(seconds=5))
    first_part.go_on()
    assert FirstPart.objects.get().stage == Stage.FIRST, "a domain's limit rests for moments"
    Batch.objects.filter(pk=pk).update(not_before=timezone.now() + 15 * MINUTE)
    first_part.go_on()
    assert FirstPart.objects.get().stage == Stage.WAITING


@pytest.mark.django_db
def test_the_wait_leaves_the_rest_time_for_retries_and_of_two_ticks_one_lets_it_go(
    careful: Topic,
) -> None:
    made = filled(careful, 420, give_up_after=40 * MINUTE)
    assert FirstPart.objects.get().wait == 20 * MINUTE, "the topic's next one comes soon"
    attempted(made, accepted=200, queued=220)
    part = FirstPart.objects.get()
    first_part._decide(part)
    first_part._decide(part)
    assert AuditEntry.objects.filter(what="let the rest go").count() == 1


@pytest.mark.django_db
def test_two_hundred_readers_or_fewer_get_it_all_at_once(
    careful: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:  # two of them left between counting and drawing
        before.setattr(QuerySet, "count", lambda _rows: 201)
        filled(careful, 199)
    assert not FirstPart.objects.exists()
    made = filled(careful, 1)
    assert not FirstPart.objects.exists()
    assert Batch.objects.get(mailing=made).not_before is None


@pytest.mark.django_db
def test_the_rest_stays_for_a_person_where_the_brake_has_anything_against_it(
    careful: Topic,
) -> None:
    made = filled(careful, 420)
    attempted(made, accepted=194, failed=6, hard=6, queued=220)
    half_an_hour_later()
    made.refresh_from_db()
    assert made.state == MailingState.HELD
    assert made.why.startswith("Held by the brake after its first part (200 readers)")
    assert "6 of 200 attempted bounced for good: 3.0 %" in made.why
    with pytest.raises(Refused, match="--despite"):
        mailings.resume(made, "otto")
    mailings.resume(made, "otto", "an old segment, mended")
    first_part.go_on()
    assert FirstPart.objects.get().stage == Stage.OPEN
    assert not Batch.objects.filter(not_before=HELD_BACK).exists()


@pytest.mark.django_db
def test_a_bad_list_reaches_the_first_part_alone_until_a_person_lets_it_go_on(
    careful: Topic, through: Through
) -> None:
    def bad(verb: str, line: str, _number: int) -> str | None:
        gone = verb == "RCPT" and ("0@" in line or "5@" in line)  # one in five
        return "550 5.1.1 nobody here" if gone else None

    relay = PoliteRelay(bad)
    with relay.running(connections="2") as way:
        through(way, BRISK)
        sent = due_to(careful, 420)
        send_all()
        judging.judge()
        sent.refresh_from_db()
        assert sent.state == MailingState.HELD
        assert sent.hard == sent.failed > 10
        assert f"{sent.failed} of 200 attempted bounced for good" in sent.why
        first_part.go_on()
        half_an_hour_later()
        send_all()
        assert len(relay.accepted) == 200 - sent.failed, "nothing goes meanwhile"
        mailings.resume(sent, "otto", "the rest was looked through")
        first_part.go_on()
        half_an_hour_later()
        send_all()
    ledger.finish()
    got = [to for to, _ in relay.accepted]
    assert len(got) == len(set(got)) == 420 - 84
    assert balance.sheet(sent).balanced


@pytest.mark.django_db
def test_what_was_being_filled_while_the_rest_was_let_go_goes_with_it(careful: Topic) -> None:
    made = filled(careful, 420)
    first_part.go_on_now(made, "otto")
    late = Batch.objects.create(mailing=made, size=1, not_before=HELD_BACK)
    first_part.go_on()
    late.refresh_from_db()
    assert late.not_before is None


@pytest.mark.django_db
def test_ops_see_when_the_rest_goes_and_let_it_go_now_or_stop_it(
    careful: Topic, otto: User, signed_in: type[Client]
) -> None:
    made, browser = filled(careful, 420), signed_in(otto)
    page = browser.get("/queue/").content.decode()
    assert "The first 1 % (200 readers) go; the rest 30 min after them" in page
    attempted(made, accepted=200, queued=220)
    page = browser.get(f"/queue/{made.id}/").content.decode()
    assert "The first 1 % (200 readers) went " in page
    assert "unless the brake says otherwise" in page
    assert "Stop here" in page
    assert browser.post(f"/queue/{made.id}/pause/").status_code == 302
    half_an_hour_later()
    assert FirstPart.objects.get().stage == Stage.WAITING, "stopped, its time does not come"
    mailings.resume(made, "otto")
    assert browser.post(f"/queue/{made.id}/rest/").status_code == 302
    assert not Batch.objects.filter(not_before=HELD_BACK).exists()
    entry = AuditEntry.objects.get(what="let the rest go")
    assert entry.who == "otto@example.org"
    assert "Go on now" not in browser.get(f"/queue/{made.id}/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("first", "wait"), [("51", 30), ("0.05", 30), ("x", 30), ("1", 4)])
def test_a_first_part_that_makes_no_sense_is_refused(pivot: Topic, first: str, wait: int) -> None:
    with pytest.raises(Refused, match="nothing was"):
        caring.set_care(pivot, caring.read_first(first), wait, "", by="pia")
    assert not Care.objects.exists()
