"""A server that answers a byte a second, and one that falls silent: a total deadline each.

The deadlines are shortened here; what RFC 5321 asks for is minutes (``workers.relay.Limits``).
"""

import threading
import time

import pytest

from tests.relays import QUICK, PoliteRelay, sink
from tests.sends import Through, holds, states
from workers import sending
from workers.models import BULK, Mailing
from workers.relay import Limits
from workers.sink import Manners

pytestmark = pytest.mark.django_db


def test_silence_at_one_readers_dot_costs_one_slot_and_the_rest_go_on(
    due: Mailing, through: Through
) -> None:
    hush = threading.Event()

    def silent(verb: str, line: str, _number: int) -> str | None:
        if verb == "DOT" and "reader1@" in line:
            hush.wait(10)
        return None

    polite = PoliteRelay(silent)
    with polite.running(connections="2") as relay:
        through(relay, Limits(final=0.4, stall=0.1, pause=0.01, spare=0.05))
        sending.send(BULK, seconds=5)
        found = states(due)
        hush.set()
    assert found.pop("reader1@example.org") == "uncertain"
    assert set(found.values()) == {"accepted"}
    holds(due, [who for who, _ in polite.accepted if "reader1@" not in who], uncertain=1)


@pytest.mark.parametrize("verb", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
def test_silence_before_any_dot_costs_nobody(due: Mailing, through: Through, verb: str) -> None:
    hush = threading.Event()

    def silent(said: str, _line: str, number: int) -> str | None:
        if said == verb and number == 1:
            hush.wait(10)
        return None

    polite = PoliteRelay(silent)
    with polite.running(connections="2") as relay:
        through(relay, QUICK)
        for _ in range(5):
            sending.send(BULK, seconds=5)
        hush.set()
    assert set(states(due).values()) == {"accepted"}
    holds(due, [who for who, _ in polite.accepted])


def test_a_byte_a_second_buys_no_time_loses_nobody_and_is_told(
    due: Mailing, through: Through
) -> None:
    with sink(Manners(drip=0.02), connections="2") as (relay, kept):
        through(relay, QUICK)
        before = time.monotonic()
        sending.send(BULK, seconds=5)
        assert time.monotonic() - before < 5, "octets don't extend the deadline"
    due.refresh_from_db()
    assert "took too long" in due.why
    assert kept == []
    assert set(states(due).values()) == {"queued"}
    with sink(connections="2") as (relay, kept):
        through(relay, QUICK)
        sending.send(BULK, seconds=5)
    holds(due, [to.decode() for _, (to,), _ in kept])
