"""TLS refused, a certificate that does not hold, a name that is not found.

Nobody fails of it, nothing is said in the clear, and all go out once it is mended.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.relays import BRISK, PoliteRelay
from tests.sends import Through, holds, states
from tests.test_smtp_tls import ELSEWHERE, HERE, certificate, server_side
from workers import sending
from workers.models import BULK, Mailing
from workers.relay import Relay, Security

pytestmark = pytest.mark.django_db

STARTTLS, IMPLICIT = Security.STARTTLS, Security.IMPLICIT


@contextmanager
def relay_with(fault: str, folder: Path) -> Iterator[tuple[PoliteRelay, Relay]]:
    """A relay with this fault, and how we were told to reach it."""
    security = IMPLICIT if fault == "speaks no TLS" else STARTTLS
    pem = certificate(folder, ELSEWHERE if fault == "another name" else HERE)
    trusted = "" if fault == "unknown authority" else str(pem)
    offers = () if fault == "offers no STARTTLS" else ("STARTTLS",)

    def answer(verb: str, _line: str, _number: int) -> str | None:
        return "454 TLS not available" if (verb, fault) == ("STAR", "refuses TLS") else None

    polite = PoliteRelay(answer, offers=offers, tls=server_side(pem))
    with polite.running() as plain:
        yield polite, Relay(plain.host, plain.port, security, "ann", "secret", cafile=trusted)


@pytest.mark.parametrize(
    "fault",
    ["offers no STARTTLS", "refuses TLS", "speaks no TLS", "unknown authority", "another name"],
)
def test_tls_refused_or_a_bad_certificate_fails_nobody_and_says_nothing_in_the_clear(
    due: Mailing, through: Through, tmp_path: Path, fault: str
) -> None:
    with relay_with(fault, tmp_path) as (polite, wanted):
        through(wanted, BRISK)
        sending.send(BULK, seconds=5)
    assert set(states(due).values()) <= {"queued", "deferred"}
    assert {line[:4] for _, line in polite.lines} <= {"EHLO", "STAR"}
    assert polite.accepted == []
    due.refresh_from_db()
    assert due.why, "the queue says what is wrong"
    assert due.tries == 0, "the mailing is not at fault"


def test_once_tls_is_mended_everybody_gets_theirs(
    due: Mailing, through: Through, tmp_path: Path
) -> None:
    with relay_with("unknown authority", tmp_path) as (_, wanted):
        through(wanted, BRISK)
        sending.send(BULK, seconds=5)
    with relay_with("", tmp_path) as (polite, wanted):
        through(Relay(wanted.host, wanted.port, STARTTLS, cafile=wanted.cafile), BRISK)
        sending.send(BULK, seconds=5)
    holds(due, [who for who, _ in polite.accepted])
    due.refresh_from_db()
    assert due.why == ""


def test_a_name_that_is_not_found_fails_nobody(
    due: Mailing, through: Through, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_found(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", not_found)
        through(Relay("relay.example.org"), BRISK)
        sending.send(BULK, seconds=5)
    assert set(states(due).values()) <= {"queued", "deferred"}
    due.refresh_from_db()
    assert "relay.example.org is not found" in due.why
    polite = PoliteRelay()
    with polite.running() as relay:
        through(relay, BRISK)
        sending.send(BULK, seconds=5)
    holds(due, [who for who, _ in polite.accepted])
