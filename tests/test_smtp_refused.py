"""What relays refuse of the SMTP client's messages, and what it never asks of them."""

import pytest

from tests.relays import Outbox, PoliteRelay, readers
from tests.test_smtp import FINE, _short_ticks
from workers.smtp import send_all

__all__ = ["_short_ticks"]  # fixtures


@pytest.mark.parametrize(
    ("verb", "reply", "verdict"),
    [
        ("MAIL", "451 4.3.0 later", "deferred"),
        ("MAIL", "550 5.7.1 not you", "failed"),
        ("RCPT", "450 4.2.0 greylisted", "deferred"),
        ("RCPT", "550 5.1.1 nobody", "failed"),
        ("DATA", "452 4.3.1 full", "deferred"),
        ("DATA", "554 5.3.0 no", "failed"),
        ("DOT", "451 4.7.0 spam?", "deferred"),
        ("DOT", "554 5.7.1 spam", "failed"),
    ],
)
@pytest.mark.parametrize("offers", [("PIPELINING",), ()])
def test_a_refusal_is_of_one_message_and_the_next_goes_over_the_same_connection(
    verb: str, reply: str, verdict: str, offers: tuple[str, ...]
) -> None:
    turns = []

    def second(said: str, line: str, number: int) -> str | None:
        if said != verb:
            return None
        turns.append(said)
        return reply if len(turns) == 2 else None

    polite, outbox = PoliteRelay(second, offers=offers), Outbox(readers(4))
    with polite.running(connections="1") as relay:
        assert send_all(relay, outbox) == FINE
    assert outbox.verdicts == ["accepted", verdict, "accepted", "accepted"]
    assert outbox.outcomes[2].text == reply
    assert outbox.outcomes[2].code == int(reply[:3])
    assert polite.connections == 1
    assert [to for to, _ in polite.accepted] == [f"r{n}@example.org" for n in (1, 3, 4)]


def test_where_data_is_granted_for_nobody_a_lone_dot_is_sent() -> None:
    def lax(verb: str, line: str, number: int) -> str | None:
        if verb == "DATA":
            return "354 go on"
        return "550 5.1.1 nobody" if verb == "RCPT" and "r1@" in line else None

    polite, outbox = PoliteRelay(lax), Outbox(readers(2))
    with polite.running(connections="1") as relay:
        assert send_all(relay, outbox) == FINE
    assert outbox.verdicts == ["failed", "accepted"]
    assert outbox.outcomes[1].text == "550 5.1.1 nobody"
    assert polite.accepted[0] == ("", b"\r\n")


def test_a_message_over_the_relays_size_fails_unsent() -> None:
    polite, outbox = (
        PoliteRelay(offers=("PIPELINING", "SIZE 100")),
        Outbox(readers(2), b"x\r\n" * 50),
    )
    with polite.running() as relay:
        assert send_all(relay, outbox) == FINE
    assert outbox.verdicts == ["failed", "failed"]
    assert outbox.outcomes[1].code == 552
    assert "the relay takes 100" in outbox.outcomes[1].text
    assert not [line for _, line in polite.lines if line.startswith("MAIL")]


def test_the_size_is_stated_where_the_relay_asks_for_it() -> None:
    polite = PoliteRelay(offers=("PIPELINING", "SIZE"))
    with polite.running() as relay:
        send_all(relay, Outbox(readers(1)))
    assert (1, "MAIL FROM:<bounce@example.org> SIZE=30") in polite.lines


@pytest.mark.parametrize("offered", [True, False])
def test_an_address_of_other_letters_goes_only_where_they_are_taken(offered: bool) -> None:
    polite = PoliteRelay(offers=("PIPELINING", *["SMTPUTF8"] * offered))
    outbox = Outbox(["jøran@example.org", "r2@example.org"])
    with polite.running(connections="1") as relay:
        assert send_all(relay, outbox) == FINE
    said = [line for _, line in polite.lines]
    assert outbox.verdicts == ["accepted" if offered else "failed", "accepted"]
    assert ("MAIL FROM:<bounce@example.org> SMTPUTF8" in said) == offered
    assert ("RCPT TO:<jøran@example.org>" in said) == offered
    assert "MAIL FROM:<bounce@example.org>" in said


@pytest.mark.parametrize(
    "address",
    ["a@b>\r\nRCPT TO:<eve@example.org", "a b@example.org", "", "a", "a@b@c", "<a@b>", "a@b\0"],
)
def test_an_address_that_could_be_read_as_commands_is_never_written(address: str) -> None:
    polite, outbox = PoliteRelay(), Outbox([address, "r2@example.org"])
    with polite.running() as relay:
        assert send_all(relay, outbox) == FINE
    assert outbox.verdicts == ["failed", "accepted"]
    assert [line for _, line in polite.lines if line.startswith("RCPT")] == [
        "RCPT TO:<r2@example.org>"
    ]
