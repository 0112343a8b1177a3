"""4xx, 5xx and 421 for some recipients: deferred, failed, and the others go."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from tests.relays import BRISK, PoliteRelay, sink
from tests.sends import Through, holds, states
from workers import balance, sending, ticking
from workers.models import BULK, Mailing
from workers.sink import Manners

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.mark.parametrize("where", ["RCPT", "DOT"])
def test_per_recipient_4xx_is_deferred_5xx_is_failed_421_costs_a_connection(
    due: Mailing, through: Through, where: str
) -> None:
    answers = {
        "reader1@": "450 4.2.0 not now",
        "reader2@": "550 5.1.1 nobody here",
        "reader3@": "421 4.3.2 closing down",
    }

    def answer(verb: str, line: str, _number: int) -> str | None:
        said = next((said for who, said in answers.items() if who in line), None)
        if verb != where or said is None:
            return None
        if said.startswith("421"):
            del answers["reader3@"]
        return said

    polite = PoliteRelay(answer)
    with polite.running(connections="2") as relay:
        through(relay, BRISK)
        sending.send(BULK, seconds=5)
        now = states(due)
        assert now["reader1@example.org"] == "deferred"
        assert now["reader2@example.org"] == "failed"
        later = due.deliveries.get(address="reader1@example.org")
        assert later.next_attempt_at is not None
        wait = later.next_attempt_at - timezone.now()
        assert dt.timedelta(seconds=50) < wait <= dt.timedelta(minutes=1)
        refused = due.deliveries.get(address="reader2@example.org")
        assert (refused.attempts, refused.code) == (1, 550), "5xx is one attempt"
        holds(due, [who for who, _ in polite.accepted], ended=False)
        answers.clear()
        due.deliveries.filter(state="deferred").update(
            next_attempt_at=timezone.now() - dt.timedelta(seconds=1)
        )
        ticking.requeue_due()
        sending.send(BULK, seconds=5)
    got = [who for who, _ in polite.accepted]
    assert sorted(got) == [f"reader{n}@example.org" for n in (1, 3, 4, 5)]
    holds(due, got, ended=False)
    assert balance.sheet(due).failed == 1


def test_421_after_each_message_costs_connections_and_nobody(
    due: Mailing, through: Through
) -> None:
    with sink(Manners(per_connection=1), connections="2") as (relay, kept):
        through(relay, BRISK)
        for _ in range(5):
            sending.send(BULK, seconds=5)
    holds(due, [to.decode() for _, (to,), _ in kept])
    assert set(states(due).values()) == {"accepted"}


def test_a_relay_that_refuses_everybody_for_now_keeps_nobody_from_being_tried_again(
    due: Mailing, through: Through
) -> None:
    with sink(Manners(defer=re.compile(b"")), connections="2") as (relay, kept):
        through(relay, BRISK)
        sending.send(BULK, seconds=5)
    assert kept == []
    assert set(states(due).values()) <= {"queued", "deferred"}
    holds(due, [], ended=False)
