"""The relay, as `digest init` tries it: what it has against us, told with what mends it."""

import socket
import ssl
from pathlib import Path

import pytest

from tests import certificates
from tests.providing import standing
from tests.relays import Answer, PoliteRelay, sink
from tests.setting_up import (
    BOUNCES,
    FROM,
    GIVEN,
    PASSWORD,
    POSTAL,
    called,
    env,
    finding,
    here,
    run,
)
from workers.doctor import ports
from workers.feedback.providers import Provider

__all__ = ["here"]  # a fixture


STOOD = "smtp://stood.example.net"
"""The relay of a file that was there before."""


def relay_at(port: int, options: str = "starttls=0") -> str:
    return f"smtp://us:{PASSWORD}@127.0.0.1:{port}?{options}"


def says(**replies: str) -> Answer:
    """A relay that lets us in, and else says this."""
    return lambda verb, _line, _number: ({"AUTH": "235 OK"} | replies).get(verb)


REFUSALS = [
    ("AUTH", "535 5.7.8 Wrong password", "bad", "does not let us in: 535 5.7.8 Wrong", "password"),
    ("MAIL", "553 5.7.1 not yours", "bad", "553 5.7.1 not yours", "all addresses of"),
    ("RCPT", "553 5.7.1 Sender address rejected: not owned", "bad", "not owned", "all addresses"),
    ("MAIL", "530 5.7.0 Must issue a STARTTLS command first", "bad", "STARTTLS", "starttls=1"),
    ("RCPT", "554 5.7.1 Relay access denied", "bad", "access denied", "let that user send"),
    ("MAIL", "450 4.1.8 Domain not found", "look", "Domain not found", "Paste the records"),
    ("RCPT", "550 5.1.1 no such user", "look", "no such user", "that address is right"),
    ("RCPT", "451 4.7.1 come again", "look", "come again", "try again"),
    ("greeting", "554 5.7.1 you are on a list", "bad", "on a list", "operator"),
]


@pytest.mark.parametrize(("verb", "reply", "grade", "words", "mend"), REFUSALS)
def test_what_a_relay_has_against_our_mail_is_told_with_its_words_and_a_mend(
    here: Path, verb: str, reply: str, grade: str, words: str, mend: str
) -> None:
    Path(".env").write_text(f"SMTP_URL={STOOD}\n")
    polite = PoliteRelay(says(**{verb: reply}), offers=("AUTH PLAIN",))
    with polite.running() as relay:
        url = relay_at(relay.port)
        said = run(*GIVEN, "--relay", url, status=1 if grade == "bad" else 0)
    found = finding(said, "Relay")
    assert found["grade"] == grade
    assert words in found["words"]
    assert mend in found["mend"]
    assert env()["SMTP_URL"] == (STOOD if grade == "bad" else url)
    assert env()["POSTAL_ADDRESS"] == POSTAL, "all else is kept"
    assert polite.accepted == [], "no mail was sent"


@pytest.mark.parametrize(
    ("verb", "reply"),
    [("MAIL", "530 5.7.1 Authentication required"), ("RCPT", "554 5.7.1 Relay access denied")],
)
def test_a_relay_that_knows_no_strangers_is_told_to_want_a_password(
    here: Path, verb: str, reply: str
) -> None:
    with PoliteRelay(says(**{verb: reply})).running() as relay:
        said = run(*GIVEN, "--relay", f"smtp://127.0.0.1:{relay.port}", status=1)
    assert reply in finding(said, "Relay")["words"]
    assert "give its user and password" in finding(said, "Relay")["mend"]


def test_it_is_tried_with_the_sender_and_the_reader_that_a_mail_would_have(here: Path) -> None:
    with (polite := PoliteRelay()).running() as relay:
        run(*GIVEN, "--bounce-domain", BOUNCES, "--relay", f"smtp://127.0.0.1:{relay.port}")
    said = [line for _, line in polite.lines][1:]
    assert said == [
        f"MAIL FROM:<bounce+0-{'0' * 20}@{BOUNCES}>",
        f"RCPT TO:<{FROM}>",
        "RSET",
        "QUIT",
    ]


def test_a_host_that_no_name_server_knows_is_a_typo(here: Path) -> None:
    said = run(*GIVEN, "--relay", "smtp://mail..example.org", status=3)
    found = finding(said, "Relay")
    assert "mail..example.org is not found" in found["words"]
    assert "spelt" in found["mend"]
    assert "SMTP_URL" not in env()


def test_a_port_that_is_blocked_is_told_with_one_that_answers(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as open_:
        port = open_.getsockname()[1]
        monkeypatch.setattr(ports, "OTHERS", (1, port))
        said = run(*GIVEN, "--relay", "smtp://127.0.0.1:1", status=3)
        assert f"Set the port in SMTP_URL to {port}" in finding(said, "Relay")["mend"]
    monkeypatch.setattr(ports, "OTHERS", (1,))
    said = run(*GIVEN, "--relay", "smtp://127.0.0.1:1", status=3)
    assert "provider's HTTP API" in finding(said, "Relay")["mend"]


def test_a_relay_that_says_nothing_is_given_up(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workers.relay import Limits
    from workers.routes import look

    monkeypatch.setattr(look, "LIMITS", Limits(connecting=1, opening=0.2, commands=0.2))
    monkeypatch.setattr(ports, "OTHERS", ())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = run(*GIVEN, "--relay", f"smtp://127.0.0.1:{silent.getsockname()[1]}", status=3)
    assert "too long to answer" in finding(said, "Relay")["words"]


@pytest.mark.parametrize(
    ("relay", "mend"),
    [
        ("smtp://{here}?starttls=1", "name the authority that signed"),
        (
            "smtp://localhost:{port}?starttls=1&cafile={ca}",
            "Name the relay as its certificate does",
        ),
        ("smtps://{here}?cafile={ca}", "smtps:// is for port 465"),
        ("smtp://{here}?starttls=1&cafile=/nowhere/ca.pem", "Name a file of certificates"),
    ],
)
def test_tls_that_cannot_be_had_is_told_by_what_is_wrong_with_it(
    here: Path, relay: str, mend: str
) -> None:
    authority, server = here / "authority.pem", here / "relay.pem"
    certificates.issue(authority, server)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(server)
    with PoliteRelay(offers=("STARTTLS",), tls=tls).running() as way:
        url = relay.format(here=f"127.0.0.1:{way.port}", port=way.port, ca=authority)
        said = run(*GIVEN, "--relay", url, status=1)
    assert mend in finding(said, "Relay")["mend"]


def test_a_relay_without_starttls_is_told_other_ways(here: Path) -> None:
    with sink() as (relay, _):
        said = run(*GIVEN, "--relay", f"smtp://127.0.0.1:{relay.port}?starttls=1", status=1)
    assert "offers no STARTTLS" in finding(said, "Relay")["words"]
    assert "port 465" in finding(said, "Relay")["mend"]


def test_a_providers_api_is_tried_by_its_key_and_signs_by_itself(here: Path) -> None:
    with standing(Provider.POSTMARK, lambda _asked: (200, {}, b"{}")) as api:
        good = run(*GIVEN, "--relay", api.url)
        assert finding(good, "Relay")["grade"] == "well"
        assert "DKIM_DOMAIN" not in env()
        assert "console" in finding(good, "DKIM")["mend"]
    with standing(Provider.POSTMARK, lambda _asked: (401, {}, b'{"Message": "no"}')) as api:
        bad = run(*GIVEN, "--relay", api.url, status=1)
    assert "does not let us in: 401" in finding(bad, "Relay")["words"]


def test_what_would_reach_nobody_is_bad_once_mail_leaves_the_machine(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers.setting_up import run as running

    monkeypatch.setattr(running, "on_loopback", lambda host: host == "localhost")
    with sink() as (relay, _):
        given = ("--from", "news@example.org", "--base-url", "http://localhost:8000")
        said = run(*GIVEN, *given, "--relay", f"smtp://127.0.0.1:{relay.port}", status=1)
    assert finding(said, "From of example.org")["grade"] == "bad"
    assert finding(said, "Setting BASE_URL")["grade"] == "bad"
    assert "in the clear" in finding(said, "Relay: TLS")["words"]


def test_the_relay_can_be_given_where_no_history_keeps_it(here: Path) -> None:
    with PoliteRelay(says(), offers=("AUTH PLAIN",)).running() as relay:
        called("--no-input", *GIVEN, "--relay", "-", status=0, typed=f"{relay_at(relay.port)}\n")
    assert env()["SMTP_URL"] == relay_at(relay.port)
