"""SMTP_URL as a value."""

import re

import pytest

from workers.relay import Relay, Security


def test_a_url_says_where_how_and_as_whom() -> None:
    assert Relay.from_url("smtp://ann:p%40ss@mail.example.org:2587?starttls=1&connections=8") == (
        Relay("mail.example.org", 2587, Security.STARTTLS, "ann", "p@ss", connections=8)
    )
    assert Relay.from_url("smtps://mail.example.org?helo=us.example.org&cafile=/ca.pem") == (
        Relay("mail.example.org", 465, Security.IMPLICIT, helo="us.example.org", cafile="/ca.pem")
    )
    assert Relay.from_url("smtp://[::1]:2525/") == Relay("::1", 2525)


@pytest.mark.parametrize(
    ("url", "port"),
    [("smtp://m.example", 25), ("smtp://m.example?starttls=1", 587), ("smtps://m.example", 465)],
)
def test_the_port_follows_from_the_security(url: str, port: int) -> None:
    assert Relay.from_url(url).port == port


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://mail.example.org", "does not begin with smtp:// or smtps://"),
        ("smtp://", "names no host"),
        ("smtp://mail.example.org/path", "something after the port"),
        ("smtp://mail.example.org?conections=8", "unknown option, conections"),
        ("smtp://mail.example.org?starttls=yes", "neither 0 nor 1"),
        ("smtps://mail.example.org?starttls=1", "choose one"),
        ("smtp://mail.example.org:0", "between 1 and 65535"),
        ("smtp://mail.example.org:port", "between 1 and 65535"),
        ("smtp://mail.example.org:70000", "between 1 and 65535"),
        ("smtp://mail.example.org?connections=0", "between 1 and 200"),
        ("smtp://mail.example.org?connections=²", "between 1 and 200"),
        ("smtp://mail.example.org?helo=a%0d%0aMAIL", "no host name"),
        ("smtp://ann:secret@mail.example.org", "password in the clear"),
    ],
)
def test_a_url_that_makes_no_sense_is_refused_in_words(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)) as refusal:
        Relay.from_url(url)
    assert "secret" not in str(refusal.value)


def test_a_password_in_the_clear_is_only_sent_where_that_is_insisted_on() -> None:
    assert Relay.from_url("smtp://ann:secret@mail.example.org?starttls=0").password == "secret"
    assert Relay.from_url("smtp://ann:secret@127.0.0.1").password == "secret"
    assert Relay.from_url("smtp://ann:secret@localhost").password == "secret"


def test_a_relay_is_shown_without_its_password() -> None:
    relay = Relay.from_url("smtps://ann:secret@mail.example.org")
    assert "secret" not in f"{relay} {relay!r}"
    assert str(relay) == "mail.example.org:465"
