"""What the queue says of a mailing: its speed, its standing, its answers, its times."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from digest.models import Topic
from tests.queueing import a_mailing
from workers.ledger import Result, record
from workers.models import Batch, Delivery, DeliveryState, Mailing, MailingState
from workers.queue import deliveries
from workers.queue.answers import answers, enhanced_code, meaning
from workers.queue.clock import clock, span
from workers.queue.crew import asked
from workers.queue.speed import per_second, speeds
from workers.queue.standing import Facts, standing
from workers.routes import choosing
from workers.routes.models import Route

NOW = dt.datetime(2026, 5, 17, 14, 0, tzinfo=dt.UTC)


def lumps(*ago_and_n: tuple[float, int]) -> list[tuple[dt.datetime, int]]:
    return sorted((NOW - dt.timedelta(seconds=ago), n) for ago, n in ago_and_n)


# ---- speed ---------------------------------------------------------------------------


def test_a_steady_rate_reads_as_itself_wherever_the_window_falls():
    for offset in (0.0, 0.3, 0.9):
        steady = lumps(*((second + offset, 70) for second in range(10)))
        assert per_second(steady, NOW) == pytest.approx(70)


def test_uneven_lumps_read_as_their_mean():
    assert per_second(lumps((9, 500), (4, 500), (0, 200)), NOW) == pytest.approx(700 / 9)


def test_silence_brings_the_rate_down():
    assert per_second(lumps((9, 100), (8, 100)), NOW) == pytest.approx(100 / 9)
    assert per_second([], NOW) == 0


def test_a_single_lump_is_told_over_a_second_at_least():
    assert per_second(lumps((0.1, 40)), NOW) == 40
    assert per_second(lumps((5, 40)), NOW) == pytest.approx(0)


def test_the_speed_is_read_from_what_was_just_recorded_and_counts_no_exclusions(pivot: Topic):
    mailing = a_mailing(pivot, queued=30, accepted=5)
    other = a_mailing(pivot, queued=1)
    ids = list(mailing.deliveries.filter(state="queued").values_list("id", flat=True))
    record(mailing.id, [Result(one, "accepted", 250, "250 ok") for one in ids[:20]])
    record(mailing.id, [Result(one, "excluded", reason="unsubscribed") for one in ids[20:]])
    assert speeds([mailing.id, other.id]) == {
        mailing.id: pytest.approx(20, rel=0.3),
        other.id: 0,
    }


def test_the_speed_sees_a_batch_claimed_long_ago_and_costs_two_queries(
    pivot: Topic, django_assert_num_queries
):
    mailing = a_mailing(pivot, queued=10)
    Batch.objects.update(dated_at=timezone.now() - dt.timedelta(hours=1))
    Delivery.objects.update(state="accepted", settled_at=timezone.now())
    with django_assert_num_queries(2):
        assert speeds([mailing.id])[mailing.id] > 5


# ---- standing ------------------------------------------------------------------------


def facts(state: str = MailingState.SENDING, **said: object) -> Facts:
    own = {
        name: said.pop(name)
        for name in list(said)
        if name in {"queued", "deferred", "uncertain", "accepted", "why", "tries", "prepared_at"}
    }
    given: dict = {"prepared_at": NOW, "queued": 100, **own}
    mailing = Mailing(topic=Topic(zone="Europe/London"), state=state, due_at=NOW, **given)
    whole: dict = {
        "now": NOW, "leased": 0, "leased_elsewhere": 0, "served": True, "speed": 0.0,
        "asked": None, **said,
    }  # fmt: skip
    return Facts(mailing, **whole)


@pytest.mark.parametrize(
    ("given", "tone", "words"),
    [
        (facts(leased=1, speed=69.0, asked=70), "ok", "at the rate that was asked"),
        (facts(leased=1, speed=30.0, asked=70), "ok", "below the rate that was asked"),
        (facts(leased=1, speed=0.3, asked=0.4), "ok", "at the rate that was asked"),
        (facts(leased=1, speed=0.1, asked=0.4), "ok", "below the rate that was asked"),
        (facts(leased=1, speed=900.0), "ok", "as fast as the relay takes it"),
        (facts(served=False), "bad", "Start them with: digest up"),
        (facts(leased_elsewhere=2), "warn", "2 batches of other mailings are being sent"),
        (facts(), "warn", "Waits for a worker"),
        (facts(why="relay x:25: refused"), "warn", "tries again by itself: relay x:25: refused"),
        (facts(tries=1, why="A batch failed: x"), "warn", "Try 1 of 3 failed"),
        (facts("preparing", prepared_at=None), "info", "audience is being looked up"),
        (facts("preparing", served=False), "bad", "digest up"),
        (facts("paused", why="Paused by otto."), "warn", "Paused by otto. Resuming goes on"),
        (facts("paused", leased=1), "warn", "What is on the wire ends within seconds"),
        (facts("held", why="Too late."), "bad", "Too late."),
        (facts("quarantined", why="Poison."), "bad", "Poison."),
        (facts("done", queued=0), "ok", "Every candidate is accounted for"),
        (facts("done", queued=0, uncertain=3), "warn", "3 uncertain"),
        (facts("cancelled", queued=5), "quiet", "5 are being taken back"),
        (facts("scheduled"), "quiet", "Goes out 15:00 London"),
        (facts(queued=0), "ok", "Everybody was attempted"),
        (
            facts(
                queued=0,
                deferred=9,
                next_retry=NOW + dt.timedelta(minutes=12),
                last_retry=NOW + dt.timedelta(minutes=70),
            ),
            "info",
            "try the 9 deferred again: next 15:12 London, last 16:10 London",
        ),
    ],
)
def test_every_state_says_what_happens_next(given: Facts, tone: str, words: str):
    assert standing(given).tone == tone
    assert words in standing(given).words


def test_the_end_counts_the_queue_at_the_present_speed_and_the_retries():
    going = facts(leased=1, speed=10.0)
    assert going.ends_at == NOW + dt.timedelta(seconds=10)
    late = NOW + dt.timedelta(hours=1)
    assert facts(leased=1, speed=10.0, deferred=2, last_retry=late).ends_at == late
    assert facts(leased=1, asked=50.0).ends_at == NOW + dt.timedelta(seconds=2)
    assert facts("paused", speed=10.0).ends_at is None


def test_the_end_counts_in_quiet_hours_and_what_is_waited_for():
    going = facts(leased=1, speed=10.0, quiet="15:00-16:00")  # London's, an hour from NOW
    assert going.ends_at == NOW + dt.timedelta(hours=1, seconds=10)
    rests = facts(asked=10.0, rests="Quiet.", rests_until=NOW + dt.timedelta(minutes=30))
    assert rests.ends_at == NOW + dt.timedelta(minutes=30, seconds=10)
    assert facts(speed=10.0, prepared_at=None).ends_at is None


def test_what_moves_is_what_may_change_within_seconds():
    soon, later = NOW + dt.timedelta(seconds=30), NOW + dt.timedelta(hours=1)
    assert facts().moves
    assert facts("paused", leased=1).moves
    assert not facts("paused").moves
    assert not facts("done").moves
    assert facts(queued=0, deferred=1, next_retry=soon).moves
    assert not facts(queued=0, deferred=1, next_retry=later).moves
    assert facts(queued=1, deferred=1, next_retry=later).moves


def test_the_lowest_rate_is_what_is_asked_of_the_mailing_of_all_and_of_its_routes(
    db, pivot, settings
):
    def limits() -> list[float | None]:
        made = [Mailing(id=n, rate=rate, kind="scheduled", topic=pivot) for n, rate in rates]
        return list(asked(made).values())

    rates = [(1, None), (2, 70), (3, 20)]
    settings.SEND_RATE, settings.MAILBOX_IS_RELAY = None, False
    assert limits() == [None, 70, 20]
    settings.SEND_RATE = 50
    assert limits() == [50, 50, 20]
    choosing.default()
    Route.objects.update(rate=10)
    assert limits() == [10, 10, 10]
    Route.objects.create(name="second", rate=15)
    assert limits() == [25, 25, 20], "both together"
    Route.objects.create(name="spare", place=2)
    Route.objects.create(name="tests", kinds=["test"])
    assert limits() == [25, 25, 20], "neither is asked"
    Route.objects.create(name="unlimited")
    assert limits() == [50, 50, 20]


# ---- answers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "code", "enhanced", "words"),
    [
        ("failed", 550, "5.1.1", "No such mailbox"),
        ("deferred", 421, "4.7.0", "Slow down"),
        ("failed", 550, "5.7.0", "Refused by a rule of theirs"),
        ("failed", 552, "5.2.2", "The mailbox is full"),
        ("deferred", 451, "", "Trouble at the relay"),
        ("deferred", 499, "4.9.9", "Refused for now"),
        ("failed", 599, "", "Refused for good"),
        ("deferred", 0, "", "No answer, or no connection"),
        ("uncertain", 0, "", "The final dot may have arrived; we never heard"),
    ],
)
def test_an_answer_is_told_in_words(state, code, enhanced, words):
    assert meaning(state, code, enhanced) == words


@pytest.mark.parametrize(
    ("text", "code"),
    [("5.1.1 <a", "5.1.1"), ("5.7.26 x", "5.7.26"), ("5.7.2666", ""), ("no such", ""), ("5.1", "")],
)
def test_an_enhanced_code_is_read_from_the_head(text, code):
    assert enhanced_code(text) == code


def test_answers_are_counted_by_code_whatever_name_follows_it(pivot: Topic):
    mailing = a_mailing(pivot, accepted=9, failed=6, deferred=3, uncertain=1)
    said = iter(
        [f"550 5.1.1 <{letter}@example.org> unknown" for letter in "abc"]
        + ["554 go away", "451 x"]
        + ["Given up after 24 h. Last answer: 452 4.2.2 <d@example.org> full"]
    )
    for row, answer in zip(mailing.deliveries.filter(state="failed"), said, strict=True):
        row.answer = answer
        row.code = int(answer[:3]) if answer[:3].isdigit() else 452
        row.save()
    mailing.deliveries.filter(state="deferred").update(code=421, answer="421 4.7.0 later, please")
    mailing.deliveries.filter(state="uncertain").update(answer="no answer: gone")
    found = [(one.state, one.code, one.enhanced, one.count) for one in answers(mailing)]
    assert found[0] == (DeliveryState.UNCERTAIN, 0, "", 1)
    assert found[1] == (DeliveryState.FAILED, 550, "5.1.1", 3)
    assert sorted(found[2:5]) == [
        (DeliveryState.FAILED, 451, "", 1),
        (DeliveryState.FAILED, 452, "4.2.2", 1),
        (DeliveryState.FAILED, 554, "", 1),
    ]
    assert found[5] == (DeliveryState.DEFERRED, 421, "4.7.0", 3)
    given_up = next(one for one in answers(mailing) if one.given_up)
    assert given_up.meaning == "The mailbox is full; tried until its time was over"
    assert answers(mailing)[-1].again_at is not None


@pytest.mark.only_on("sqlite")  # PostgreSQL scans a small table
def test_rows_to_see_are_found_by_their_index_never_among_the_accepted(pivot: Topic):
    mailing = a_mailing(pivot, accepted=50, failed=2, answer="550 no")
    plans: list[str] = []

    def explained(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        # With its parameters bound, as it is asked: written out they would flatter the plan.
        cursor = connection.connection.cursor()
        plan = f"EXPLAIN QUERY PLAN {sql.replace('%s', '?')}"
        plans.append(str(cursor.execute(plan, params).fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explained):
        answers(mailing)
        deliveries.page(mailing, "failed", after=0)
    assert len(plans) == 2
    assert all("INDEX delivery_to_see (mailing_id=?" in plan for plan in plans)


# ---- times ---------------------------------------------------------------------------


def test_a_time_is_told_in_the_topic_s_zone_with_its_day_only_where_it_differs():
    def at(hours: float) -> str:
        return clock(NOW + dt.timedelta(hours=hours), "Europe/London", NOW)

    assert at(0.15) == "15:09 London"
    assert at(16) == "Mon 18 May, 07:00 London"
    assert at(24 * 365) == "Mon 17 May 2027, 15:00 London"
    assert clock(NOW, "No/Such", NOW) == "14:00 Such"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (5340, "1 h 29 min"),
        (7200, "2 h"),
        (90061, "1 d 1 h"),
    ],
)
def test_a_length_is_told_in_its_two_largest_units(seconds, said):
    assert span(dt.timedelta(seconds=seconds)) == said
