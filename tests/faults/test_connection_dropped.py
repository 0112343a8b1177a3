"""A connection dropped before the final dot, and after it."""

import re

import pytest
from django.utils import timezone

from digest.models import Topic
from tests.relays import BRISK, HANG_UP, PoliteRelay, sink
from tests.sends import Through, holds, states
from workers import balance, ledger, mailings, sending
from workers.ledger import Result
from workers.models import BULK, DeliveryState, Mailing
from workers.sink import Manners

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def sent(due: Mailing) -> dict[str, str]:
    """What the ledger says once nothing is queued any more."""
    for _ in range(10):
        sending.send(BULK, seconds=5)
        if "queued" not in states(due).values():
            break
    ledger.finish()
    return states(due)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_dropped_before_the_dot_is_queued_again_and_sent_once(
    due: Mailing, through: Through, verb: str
) -> None:
    dropped: list[str] = []

    def once(said: str, line: str, _number: int) -> str | None:
        if said == verb and not dropped:
            dropped.append(line)
            return HANG_UP
        return None

    polite = PoliteRelay(once)
    with polite.running(connections="2") as relay:
        through(relay, BRISK)
        assert set(sent(due).values()) == {"accepted"}
    assert dropped
    holds(due, [who for who, _ in polite.accepted])


def test_dropped_after_the_dot_is_uncertain_and_never_sent_again_unasked(
    due: Mailing, through: Through
) -> None:
    manners = Manners(drop_after=re.compile(b"reader[24]@"))
    with sink(manners, connections="2") as (relay, kept):
        through(relay, BRISK)
        found = sent(due)
    got = sorted(to.decode() for _, (to,), _ in kept)
    assert [who for who, state in sorted(found.items()) if state == "uncertain"] == [
        "reader2@example.org",
        "reader4@example.org",
    ]
    assert got == [f"reader{n}@example.org" for n in range(1, 6)], "they had them, each once"
    holds(due, got, uncertain=2)


def test_dropped_before_the_dot_of_one_reader_and_after_that_of_another(
    due: Mailing, through: Through
) -> None:
    manners = Manners(drop_before=re.compile(b"reader1@"), drop_after=re.compile(b"reader2@"))
    with sink(manners, connections="2") as (relay, kept):
        through(relay, BRISK)
        found = sent(due)
    assert found.pop("reader2@example.org") == "uncertain"
    assert set(found.values()) == {"accepted"}
    holds(due, [to.decode() for _, (to,), _ in kept], uncertain=1)


@pytest.mark.parametrize(("asked", "times"), [(False, 1), (True, 2)])
def test_dropped_after_the_dot_is_sent_once_more_where_the_topic_asks_for_it(
    due: Mailing, through: Through, asked: bool, times: int
) -> None:
    Topic.objects.update(resend_uncertain=asked)
    tried: list[str] = []

    def never(said: str, line: str, _number: int) -> str | None:
        if said == "DOT":
            tried.append(line)
            return HANG_UP if "reader2@" in line else None
        return None

    with PoliteRelay(never).running(connections="2") as relay:
        through(relay, BRISK)
        for _ in range(4):
            found = sent(due)
            mailings.resend_uncertain()
    assert found["reader2@example.org"] == "uncertain"
    assert sum("reader2@" in line for line in tried) == times
    assert balance.sheet(due).balanced


def test_what_is_uncertain_is_not_sent_again_once_its_time_is_over(due: Mailing) -> None:
    Topic.objects.update(resend_uncertain=True)
    batch = ledger.claim(BULK, "here", "one")
    assert batch is not None
    row, *_ = ledger.queued(batch)
    ledger.record(due.id, [Result(row.id, DeliveryState.UNCERTAIN)])
    Mailing.objects.update(started_at=timezone.now() - due.give_up_after)
    assert mailings.resend_uncertain() == 0
