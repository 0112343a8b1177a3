"""The SMTP client and relays that can't be used or keep it waiting, over real sockets."""

import socket
import threading
import time

import pytest

from tests.relays import BRISK, HANG_UP, QUICK, Outbox, PoliteRelay, readers, sink
from tests.test_smtp import FINE, _short_ticks, only
from workers.outbox import Outcome, Verdict
from workers.relay import Limits, Relay
from workers.sink import Manners
from workers.smtp import Client, send_all

__all__ = ["_short_ticks"]  # fixtures


# Relays that can't be used


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def test_a_relay_that_refuses_connections_costs_no_message_an_attempt() -> None:
    outbox = Outbox(readers(1000))
    client = Client(Relay("127.0.0.1", closed_port()), BRISK)
    report = client.send_all(outbox)
    assert report.trouble.endswith("the connection failed: Connection refused")
    assert report.retry_in > 0
    assert outbox.calls == []
    assert len(outbox.waiting) == 1000
    assert outbox.ticks > 0
    again = client.send_all(outbox)
    assert again.trouble == report.trouble
    assert 0 < again.retry_in < report.retry_in
    client.close()


def test_the_rest_after_trouble_grows_and_ends_with_the_first_message() -> None:
    now = [0.0]
    client = Client(Relay("127.0.0.1", closed_port()), Limits(attempts=1), lambda: now[0])
    rests = []
    for _ in range(8):
        rests.append(client.send_all(Outbox(readers(1))).retry_in)
        now[0] += rests[-1]
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60]
    client.close()


def test_a_name_that_is_not_found_is_trouble_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", not_found)
    outbox = Outbox(readers(3))
    report = send_all(Relay("relay.example.org"), outbox, BRISK)
    assert report.trouble == (
        "relay relay.example.org:25: relay.example.org is not found: Name or service not known"
    )
    assert outbox.calls == []


def test_a_slow_name_server_stops_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = socket.getaddrinfo, threading.Event()

    def slow(host: str, *args: object, **named: object) -> object:
        asked.wait(5)
        return real("127.0.0.1", *args, **named)  # type: ignore[arg-type]

    class Waking(Outbox):
        def tick(self) -> None:
            super().tick()
            if self.ticks == 3:
                asked.set()

    outbox = Waking(readers(2))
    with sink() as (relay, _):
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        assert send_all(Relay("relay.example.org", relay.port), outbox) == FINE
    assert outbox.verdicts == ["accepted"] * 2
    assert outbox.ticks >= 3


def test_the_next_address_is_tried_when_the_first_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with sink() as (relay, _):
        first = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", closed_port()))
        second = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", relay.port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [first, second])
        outbox = Outbox(readers(2))
        assert send_all(Relay("relay.example.org"), outbox, Limits(attempts=1)) == FINE
    assert outbox.verdicts == ["accepted"] * 2


@pytest.mark.parametrize(
    ("verb", "reply"),
    [("greeting", "554 go away"), ("EHLO", "550 no"), ("MAIL", HANG_UP), ("RCPT", "421 no")],
)
def test_a_relay_that_never_takes_anything_burns_nobody(verb: str, reply: str) -> None:
    def answer(said: str, line: str, number: int) -> str | None:
        return reply if said == verb or (verb, said) == ("EHLO", "HELO") else None

    polite, outbox = PoliteRelay(answer), Outbox(readers(100))
    with polite.running() as relay:
        assert send_all(relay, outbox, BRISK).trouble
    assert set(outbox.verdicts) <= {"untried"}
    assert len(outbox.waiting) > 90
    assert polite.connections <= 8


def test_being_shut_out_at_mail_stops_the_run_and_fails_nobody() -> None:
    polite = PoliteRelay(only("MAIL", "530 5.7.0 authentication required"))
    outbox = Outbox(readers(50))
    with polite.running(connections="2") as relay:
        report = send_all(relay, outbox, BRISK)
    assert "does not let us in: 530 5.7.0 authentication required" in report.trouble
    assert set(outbox.verdicts) == {"untried"}
    assert len(outbox.waiting) > 40


def test_a_relay_that_takes_fewer_connections_than_we_would_open_gets_all_the_same() -> None:
    def one_alone(verb: str, line: str, number: int) -> str | None:
        return "421 too many connections" if verb == "greeting" and number > 1 else None

    polite, outbox = PoliteRelay(one_alone), Outbox(readers(40))
    with polite.running(connections="4") as relay:
        assert send_all(relay, outbox) == FINE
    assert outbox.verdicts == ["accepted"] * 40


# Waiting


@pytest.mark.parametrize("verb", ["greeting", "EHLO", "MAIL", "DATA"])
def test_a_silent_relay_is_left_after_a_while_and_the_message_goes_elsewhere(verb: str) -> None:
    hush = threading.Event()

    def silent(said: str, line: str, number: int) -> str | None:
        if said == verb and number == 1:
            hush.wait(5)
        return None

    outbox = Outbox(readers(2))
    with PoliteRelay(silent).running(connections="1") as relay:
        assert send_all(relay, outbox, QUICK) == FINE
        hush.set()
    assert outbox.verdicts == ["accepted"] * 2


def test_silence_after_the_dot_is_uncertain_and_costs_one_slot() -> None:
    hush = threading.Event()

    def silent(said: str, line: str, number: int) -> str | None:
        if said == "DOT" and number == 1:
            hush.wait(5)
        return None

    polite, outbox = PoliteRelay(silent), Outbox(readers(20))
    with polite.running(connections="3") as relay:
        limits = Limits(final=0.4, stall=0.1)
        assert send_all(relay, outbox, limits) == FINE
        hush.set()
    assert outbox.verdicts.count("uncertain") == 1
    assert outbox.verdicts.count("accepted") == 19
    (silenced,) = (o for o in outbox.outcomes.values() if o.verdict is Verdict.UNCERTAIN)
    assert silenced.text == "no answer: the relay took too long to answer"


def test_octets_do_not_buy_a_slow_relay_more_time() -> None:
    outbox = Outbox(readers(1))
    with sink(Manners(drip=0.02)) as (relay, kept):
        before = time.monotonic()
        assert "took too long" in send_all(relay, outbox, QUICK).trouble
        assert time.monotonic() - before < 3
        assert kept == []


def test_the_message_behind_a_stalled_one_goes_another_way() -> None:
    hush = threading.Event()

    def silent(said: str, line: str, number: int) -> str | None:
        if said == "DOT" and number == 1:
            hush.wait(5)
        return None

    class Releasing(Outbox):
        def settle(self, key: int, outcome: Outcome) -> None:
            super().settle(key, outcome)
            if len(self.outcomes) == 4:
                hush.set()

    outbox = Releasing(readers(5))
    with PoliteRelay(silent).running(connections="2") as relay:
        assert send_all(relay, outbox, Limits(stall=0.05)) == FINE
    assert outbox.verdicts == ["accepted"] * 5
    assert outbox.calls[-1] == ("settle", 1)
