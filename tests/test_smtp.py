"""The SMTP client against relays of every kind, over real sockets."""

import re
import select
import smtplib
from collections.abc import Callable

import pytest

from tests.relays import BRISK, HANG_UP, Outbox, PoliteRelay, readers, sink
from workers import smtp
from workers.message import prepare
from workers.outbox import Envelope, Outcome, Verdict, Withdrawn
from workers.relay import Limits
from workers.sink import Manners
from workers.smtp import Client, Report, send_all

FINE = Report()


@pytest.fixture(autouse=True)
def _short_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "TICK", 0.02)


def only(wanted: str, reply: str, *, number: int = 0, to: str = "") -> Callable[..., str | None]:
    """Answer this verb so, on this connection alone where one is named, for this reader alone."""

    def answer(verb: str, line: str, connection: int) -> str | None:
        meant = verb == wanted and number in {0, connection} and to in line
        return reply if meant else None

    return answer


# What arrives


@pytest.mark.parametrize("connections", ["1", "5"])
@pytest.mark.parametrize("pipelining", [True, False])
def test_every_message_arrives_once_and_every_answer_is_told(
    pipelining: bool, connections: str
) -> None:
    outbox = Outbox(readers(60), b"x" * 70 + b"\r\n")
    with sink(Manners(pipelining=pipelining), connections=connections) as (relay, kept):
        assert send_all(relay, outbox) == FINE
    assert sorted(to[0].decode() for _, to, _ in kept) == sorted(readers(60))
    assert outbox.verdicts == ["accepted"] * 60
    assert re.fullmatch(r"250 2\.0\.0 taken as \d+", outbox.outcomes[1].text)


def test_the_same_octets_arrive_as_with_smtplib() -> None:
    pieces = prepare(
        subject="A studio sold", html="<p>.\n.</p>\n.\n__T_CITY__", text="\n.\n.\n..\n__T_CITY__",
        headers=[("From", "news@example.org")], tokens={"__T_CITY__": "city"}, secret=b"s",
    )  # fmt: skip
    fields = {"date": "Sat, 22 Nov 2025 10:00:00 +0000", "message_id": "<1@example.org>"}
    messages = [
        pieces.join({"name": "Ann", "address": "r1@example.org", "city": city, **fields})
        for city in ("Oslo", ".", "\n.\n", "\r.\r", "\n.\r\n", "\r\n.\r\nMAIL FROM:<eve@e.org>\r\n")
    ]

    class Prepared(Outbox):
        def envelope(self, key: int, recipient: str) -> Envelope:
            return Envelope(key, b"bounce@example.org", recipient.encode(), messages[key - 1])

    with sink(connections="1") as (relay, kept):
        send_all(relay, Prepared(readers(len(messages))))
        ours = kept.copy()
        kept.clear()
        with smtplib.SMTP(relay.host, relay.port) as oracle:
            for reader, message in zip(readers(len(messages)), messages, strict=True):
                oracle.sendmail("bounce@example.org", [reader], message)
        assert ours == kept
        assert len(ours) == len(messages)


@pytest.mark.parametrize("trick", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\r\n", b"\0", b"\n"])
def test_bytes_that_could_smuggle_a_second_message_are_never_sent(trick: bytes) -> None:
    outbox = Outbox(readers(3), b"text" + trick + b"MAIL FROM:<eve@example.org>\r\n")
    with sink() as (relay, kept):
        with pytest.raises(ValueError, match="the message of delivery 1 h"):
            send_all(relay, outbox)
        assert kept == []
    assert outbox.verdicts == ["untried"]


def test_without_pipelining_nothing_is_said_before_it_was_answered() -> None:
    polite = PoliteRelay(only("RCPT", "550 no", to="r2@"), offers=("SIZE",))
    outbox = Outbox(readers(4))
    with polite.running(connections="1") as relay:
        assert send_all(relay, outbox) == FINE
    assert outbox.verdicts == ["accepted", "failed", "accepted", "accepted"]


def test_replies_that_drip_in_octet_by_octet_are_understood() -> None:
    outbox = Outbox(readers(6))
    with sink(Manners(drip=0.0002), connections="2") as (relay, kept):
        assert send_all(relay, outbox) == FINE
    assert len(kept) == 6


def test_replies_of_many_lines_are_understood() -> None:
    def wordy(verb: str, line: str, number: int) -> str | None:
        if verb == "greeting":
            return "220-first\r\n220-second\r\n220 third"
        return "250-2.0.0 one\r\n250-two\r\n250 three" if verb in {"MAIL", "RCPT", "DOT"} else None

    outbox = Outbox(readers(3))
    with PoliteRelay(wordy).running() as relay:
        assert send_all(relay, outbox) == FINE
    assert outbox.outcomes[3] == Outcome(Verdict.ACCEPTED, 250, "250 2.0.0 one two three")


def test_an_old_relay_that_knows_only_helo_is_served() -> None:
    outbox = Outbox(readers(2))
    with PoliteRelay(only("EHLO", "502 what?"), offers=()).running() as relay:
        assert send_all(relay, outbox) == FINE
    assert outbox.verdicts == ["accepted", "accepted"]


# Connections that end


@pytest.mark.parametrize("verb", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
@pytest.mark.parametrize("end", ["421 4.3.2 closing", HANG_UP])
def test_a_connection_may_end_at_any_point_and_nobody_is_lost_or_mailed_twice(
    verb: str, offers: tuple[str, ...], end: str
) -> None:
    polite = PoliteRelay(only(verb, end, number=1), offers=offers)
    outbox = Outbox(readers(4))
    with polite.running(connections="1") as relay:
        client = Client(relay, BRISK)
        assert client.send_all(outbox) == FINE
        client.close()
    unheard = "deferred" if end.startswith("421") else "uncertain"
    assert outbox.verdicts == [unheard if verb == "DOT" else "accepted", *["accepted"] * 3]
    assert polite.connections == 2
    assert len({to for to, _ in polite.accepted}) == len(polite.accepted)


def test_a_limit_of_messages_per_connection_costs_a_connection_and_no_message() -> None:
    outbox = Outbox(readers(50))
    with sink(Manners(per_connection=7), connections="2") as (relay, kept):
        assert send_all(relay, outbox) == FINE
    assert outbox.verdicts == ["accepted"] * 50
    assert len(kept) == 50


LARGE = (b"y" * 70 + b"\r\n") * 100_000
"""More than the kernel takes for a relay that doesn't read."""


@pytest.mark.parametrize(
    ("body", "verdict", "text"),
    [(LARGE, "untried", "not sent whole: "), (b"A line.\r\n", "uncertain", "no answer: ")],
)
def test_a_body_cut_short_is_untried_and_one_sent_whole_is_uncertain(
    body: bytes, verdict: str, text: str
) -> None:
    outbox = Outbox(readers(1), body)
    with PoliteRelay(only("BODY", HANG_UP), offers=("PIPELINING",)).running() as relay:
        assert send_all(relay, outbox) == FINE
    assert outbox.verdicts == [verdict]
    assert outbox.outcomes[1].text.startswith(text)


def test_an_answer_in_the_middle_of_a_body_counts_and_the_next_goes_over_a_new_connection() -> None:
    polite = PoliteRelay(only("BODY", "552 5.3.4 too much", number=1), offers=("PIPELINING",))
    outbox = Outbox(readers(2), LARGE)
    with polite.running(connections="1") as relay:
        assert send_all(relay, outbox) == FINE
    assert outbox.outcomes[1] == Outcome(Verdict.FAILED, 552, "552 5.3.4 too much")
    assert outbox.outcomes[2].verdict is Verdict.ACCEPTED


def test_connections_that_fail_between_others_that_work_do_not_add_up_to_trouble() -> None:
    def every_other(verb: str, line: str, number: int) -> str | None:
        if verb == "greeting" and number % 2:
            return HANG_UP
        return "421 enough" if verb == "MAIL" and len(polite.accepted) >= number // 2 else None

    polite, outbox = PoliteRelay(every_other), Outbox(readers(6))
    with polite.running(connections="1") as relay:
        assert send_all(relay, outbox, Limits(pause=0.01, attempts=2)) == FINE
    assert outbox.verdicts == ["accepted"] * 6


def test_one_message_that_makes_the_relay_hang_up_is_put_off_and_the_others_go() -> None:
    polite = PoliteRelay(only("RCPT", HANG_UP, to="r3@"))
    outbox = Outbox(readers(8))
    with polite.running(connections="1") as relay:
        client = Client(relay, BRISK)
        assert client.send_all(outbox) == FINE
        client.close()
    assert outbox.verdicts == ["accepted"] * 2 + ["deferred"] + ["accepted"] * 5
    assert outbox.outcomes[3].text == "the relay hung up without a word"


def test_a_connection_is_kept_from_run_to_run() -> None:
    polite = PoliteRelay()
    with polite.running(connections="1") as relay:
        client = Client(relay)
        for _ in range(3):
            outbox = Outbox(readers(2))
            assert client.send_all(outbox) == FINE
            assert outbox.verdicts == ["accepted"] * 2
        client.close()
    assert polite.connections == 1


def test_a_kept_connection_that_the_relay_closed_is_offered_no_message() -> None:
    polite, outbox = PoliteRelay(), Outbox(readers(2))
    with polite.running(connections="1") as relay:
        client = Client(relay, Limits(losses=1))
        client.send_all(Outbox(readers(1)))
        polite.hang_up()
        assert select.select([session.wire for session in client._sessions], [], [], 5)[0]
        assert client.send_all(outbox) == FINE
        client.close()
    assert outbox.verdicts == ["accepted"] * 2


def test_a_connection_kept_for_long_is_left_in_good_form() -> None:
    now = [0.0]
    polite = PoliteRelay()
    with polite.running(connections="1") as relay:
        client = Client(relay, Limits(idle=20), lambda: now[0])
        client.send_all(Outbox(readers(1)))
        now[0] = 21.0
        client.send_all(Outbox(readers(1)))
        client.close()
    assert polite.connections == 2
    assert (1, "QUIT") in polite.lines


def test_leaving_the_relay_is_said() -> None:
    polite = PoliteRelay()
    with polite.running() as relay:
        send_all(relay, Outbox(readers(1)))
    assert polite.lines[-1] == (1, "QUIT")


# What the outbox says


def test_an_outbox_that_says_wait_is_asked_again_later() -> None:
    class Paced(Outbox):
        asked = 0

        def take(self) -> Envelope | float | None:
            self.asked += 1
            return 0.005 if self.asked % 3 else super().take()

    outbox = Paced(readers(10))
    with sink() as (relay, kept):
        assert send_all(relay, outbox) == FINE
    assert outbox.verdicts == ["accepted"] * 10
    assert len(kept) == 10


def test_a_long_wait_is_asked_about_at_every_tick() -> None:
    class Paused(Outbox):
        asked = 0

        def take(self) -> Envelope | float | None:
            self.asked += 1
            return 3600.0 if self.asked < 4 else None

    with sink() as (relay, _):
        assert send_all(relay, Paused(readers(1))) == FINE


def test_an_empty_outbox_ends_the_run() -> None:
    with sink() as (relay, kept):
        assert send_all(relay, Outbox([])) == FINE
        assert kept == []


def test_each_begin_comes_after_the_settling_before_it_on_one_connection() -> None:
    outbox = Outbox(readers(10))
    with sink(connections="1") as (relay, _):
        send_all(relay, outbox)
    assert outbox.calls == [
        call for key in range(1, 11) for call in (("begin", key), ("settle", key))
    ]


def test_a_message_withdrawn_at_the_last_moment_is_not_sent_and_the_others_are() -> None:
    class Withdrawing(Outbox):
        def begin(self, key: int) -> None:
            if key == 3:
                raise Withdrawn
            super().begin(key)

    outbox = Withdrawing(readers(6))
    with sink(connections="1") as (relay, kept):
        assert send_all(relay, outbox) == FINE
    assert outbox.verdicts == ["accepted"] * 2 + ["untried"] + ["accepted"] * 3
    assert [to for _, to, _ in kept if to == [b"r3@example.org"]] == []


def test_a_full_disk_at_begin_stops_before_the_body_and_settles_the_rest() -> None:
    class Full(Outbox):
        def begin(self, key: int) -> None:
            if key == 5:
                raise OSError(28, "No space left on device")
            super().begin(key)

    outbox = Full(readers(100))
    with sink(connections="3") as (relay, kept), pytest.raises(OSError, match="No space"):
        send_all(relay, outbox)
    told = {outbox.recipients[key] for key, o in outbox.outcomes.items() if o.verdict == "accepted"}
    assert {to[0].decode() for _, to, _ in kept} == told
    assert set(outbox.verdicts) == {"accepted", "untried"}
    assert len(outbox.outcomes) + len(outbox.waiting) == 100
    assert len(outbox.waiting) > 80


@pytest.mark.parametrize("fault", ["take", "settle", "tick"])
def test_a_fault_of_the_outbox_is_raised_after_what_was_under_way_is_settled(fault: str) -> None:
    class Faulty(Outbox):
        calls_until_fault = 4

        def take(self) -> Envelope | float | None:
            self._count("take")
            return super().take()

        def settle(self, key: int, outcome: Outcome) -> None:
            super().settle(key, outcome)
            self._count("settle")

        def tick(self) -> None:
            if self.outcomes:
                self.calls_until_fault = 1
                self._count("tick")

        def _count(self, call: str) -> None:
            if call == fault:
                self.calls_until_fault -= 1
                if self.calls_until_fault == 0:
                    raise LookupError("the database is away")

    outbox = Faulty(readers(5000))
    with sink(connections="2") as (relay, kept), pytest.raises(LookupError):
        send_all(relay, outbox)
    accepted = [o for o in outbox.outcomes.values() if o.verdict is Verdict.ACCEPTED]
    assert len(kept) == len(accepted)
    assert len(outbox.outcomes) + len(outbox.waiting) == 5000
    assert outbox.waiting


def test_a_worker_that_is_interrupted_knows_what_was_under_way() -> None:
    class Interrupted(Outbox):
        def tick(self) -> None:
            if len(self.outcomes) > 3:
                raise KeyboardInterrupt

    outbox = Interrupted(readers(5000))
    with sink(connections="2") as (relay, kept):
        client = Client(relay)
        with pytest.raises(KeyboardInterrupt):
            client.send_all(outbox)
        assert len(outbox.outcomes) + len(outbox.waiting) == 5000
        client.close()
    assert len(outbox.outcomes) + len(outbox.waiting) == 5000
    sent = {to[0].decode() for _, to, _ in kept}
    verdicts = {outbox.recipients[key]: o.verdict for key, o in outbox.outcomes.items()}
    assert {to for to, verdict in verdicts.items() if verdict is Verdict.ACCEPTED} <= sent
    unheard = {to for to, verdict in verdicts.items() if verdict is Verdict.UNCERTAIN}
    assert sent <= {to for to, v in verdicts.items() if v is Verdict.ACCEPTED} | unheard
    assert len(unheard) <= 2
