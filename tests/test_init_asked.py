"""`digest init` on a terminal: a question for each thing, again for that which is wrong, and
nothing changed before the end."""

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import Refused
from tests.providing import standing
from tests.relays import PoliteRelay, sink
from tests.setting_up import DOMAIN, FROM, PAGES, PASSWORD, POSTAL, called, env, here
from workers.commands import init as command
from workers.doctor.finding import bad
from workers.feedback.providers import Provider
from workers.relay import Relay, Security
from workers.setting_up import asking_relay
from workers.setting_up.trying import Fault, Tried

__all__ = ["here"]  # a fixture


@pytest.fixture
def somebody(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """There is somebody to ask."""
    monkeypatch.setattr(command, "at_a_terminal", lambda: True)
    return here


def lines(*answers: str) -> str:
    return "".join(f"{answer}\n" for answer in answers)


def test_it_asks_for_each_thing_and_for_a_wrong_password_alone_again(somebody: Path) -> None:
    def one_password(verb: str, line: str, _number: int) -> str | None:
        right = line.endswith("AHVzAGh1bnRlcjI=")  # us, hunter2
        return {"AUTH": "235 OK" if right else "535 5.7.8 Wrong"}.get(verb)

    with PoliteRelay(one_password, offers=("AUTH PLAIN",)).running() as relay:
        answers = lines(
            "The Harbour", "nobody", "-", FROM, "-", " ", POSTAL, f"http://news.{DOMAIN}", PAGES,
            "127.0.0.1", str(relay.port), "us", "a slip", "", "",
            "", "us", PASSWORD, "nobody", "",
        )  # fmt: skip
        said = called(status=0, typed=answers)
        url = f"smtp://us:{PASSWORD}@127.0.0.1:{relay.port}?starttls=0"
    assert env()["SMTP_URL"] == url
    assert env()["FROM_ADDRESS"] == f"The Harbour <{FROM}>"
    assert "is not one address" in said, "asked again for a From that is none"
    assert "must be https" in said
    assert "'nobody' is not one address" in said, "whom a test is to go to is asked for again"
    assert said.count("535 5.7.8 Wrong") == 1, "told once, with its mend"
    assert "Give user and password anew" in said
    for asked in ("From address", "Postal address", "Port ["):
        again = {"From address": 2, "Postal address": 2}.get(asked, 0)
        assert said.count(asked) == 1 + again, "none of these can be left out by a hyphen"
    assert "digest user add" in said
    assert "digest doctor" in said


def test_a_from_that_the_relay_refuses_is_asked_for_again(somebody: Path) -> None:
    def only_others(_verb: str, line: str, _number: int) -> str | None:
        return "553 5.7.1 not yours" if line.startswith("MAIL") and DOMAIN in line else None

    with PoliteRelay(only_others).running() as relay:
        given = ("--name", "Harbour", "--from", FROM, "--postal", POSTAL, "--base-url", PAGES)
        url = f"smtp://127.0.0.1:{relay.port}"
        answers = lines("", "n", "", "Quay <news@quay.example.net>", "")
        called(*given, "--relay", url, status=0, typed=answers)
    assert env()["FROM_ADDRESS"] == "Harbour <news@quay.example.net>"


def test_enter_keeps_all_that_is_there(somebody: Path) -> None:
    with sink() as (relay, _):
        first = ("--name", "The Harbour", "--from", FROM, "--postal", POSTAL, "--base-url", PAGES)
        called("--no-input", *first, "--relay", f"smtp://127.0.0.1:{relay.port}", status=0)
        before = Path(".env").read_bytes()
        said = called(status=0, typed=lines(*[""] * 8))
    assert f"Relay [127.0.0.1:{relay.port}]" in said
    assert ".env: nothing changed." in said
    assert "kept as it was" in said
    assert Path(".env").read_bytes() == before


def test_where_bounces_go_is_not_asked_where_a_provider_keeps_them(somebody: Path) -> None:
    with standing(Provider.POSTMARK, lambda _asked: (200, {}, b"{}")) as api:
        given = ("--name", "Harbour", "--from", FROM, "--postal", POSTAL, "--base-url", PAGES)
        said = called(*given, status=0, typed=lines(api.url, "", ""))
    assert "Bounce domain" not in said
    assert env()["SMTP_URL"] == api.url


@pytest.mark.parametrize("answered", range(8))
def test_leaving_at_any_question_leaves_everything_as_it_was(somebody: Path, answered: int) -> None:
    with sink() as (relay, _):
        answers = ["Harbour", FROM, POSTAL, PAGES, f"smtp://127.0.0.1:{relay.port}", "", "y", ""]
        if answered == 7:  # before the test mail: what was set up by then stays
            called(status=0, typed=lines(*answers[:7]))
            assert env()["POSTAL_ADDRESS"] == POSTAL
            return
        with pytest.raises(Refused, match="Nothing was changed"):
            called(status=2, typed=lines(*answers[:answered]))
    assert list(somebody.iterdir()) == []


def test_one_can_go_on_without_a_relay_or_without_one_that_works(somebody: Path) -> None:
    answers = ("Harbour", FROM, POSTAL, PAGES)
    assert "built-in mailbox keeps all" in called(status=0, typed=lines(*answers, "", "", "n"))
    assert env().get("SMTP_URL", "") == ""
    said = called(status=3, typed=lines("", "", "", "", "smtp://mail..example.org", "", "n", "n"))
    assert "is not found" in said
    answers = ("", "", "", "smtp://mail..example.org", "", "n", "n")
    said = called("--postal", "2 Quay", status=3, typed=lines(*answers))
    assert "SMTP_URL stays as it was" in " ".join(said.split())
    assert env()["POSTAL_ADDRESS"] == "2 Quay"


def test_a_test_mail_can_be_broken_off_and_what_was_set_up_stays(
    somebody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_off(*_command: object, **_how: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", broken_off)
    with sink() as (relay, _):
        given = ("--name", "Harbour", "--from", FROM, "--postal", POSTAL, "--base-url", PAGES)
        url = f"smtp://127.0.0.1:{relay.port}"
        said = called(*given, "--relay", url, status=1, typed=lines("", "n", "me@example.org"))
    assert "broken off; it may have gone all the same" in " ".join(said.split())
    assert "Next:" in said
    assert env()["SMTP_URL"] == url


# ---- the relay's address -----------------------------------------------------------------------

WORDS = st.text(alphabet="aZ0é @:/%?#&+'\"", max_size=8)


@settings(deadline=None, max_examples=60)
@given(
    user=WORDS,
    password=WORDS,
    security=st.sampled_from(list(Security)),
    port=st.integers(1, 65535),
    host=st.sampled_from(["mail.example.org", "2001:db8::25", "127.0.0.1"]),
    cafile=st.sampled_from(["", "/etc/a b&c.pem"]),
    connections=st.integers(1, 200),
)
def test_an_address_made_of_its_parts_is_read_as_them(
    user: str,
    password: str,
    security: Security,
    port: int,
    host: str,
    cafile: str,
    connections: int,
) -> None:
    relay = Relay(host, port, security, user, password if user else "", connections, cafile=cafile)
    assert Relay.from_url(asking_relay.url_of(relay)) == relay


def asked(stands: str, fault: Fault, *answers: str) -> str:
    tried = Tried(bad("Relay", "It is no use.", "Mend it."), fault, port=2525)
    with CliRunner().isolation(input=lines(*answers)):
        return asking_relay.part(stands, tried, DOMAIN)


@pytest.mark.parametrize(
    ("fault", "answers", "url"),
    [
        (Fault.HOST, ["a host", "b:25", "mail.example.net"], "smtp://us:pw@mail.example.net:587?starttls=1"),
        (Fault.PORT, ["465"], "smtps://us:pw@relay.example.net:465"),
        (Fault.PORT, [""], "smtp://us:pw@relay.example.net:2525?starttls=1"),
        (Fault.SIGN_IN, ["me", "p@:/"], "smtp://me:p%40%3A%2F@relay.example.net:587?starttls=1"),
        (Fault.TLS, ["", "implicit", "/a.pem"],
         "smtps://us:pw@relay.example.net:587?cafile=/a.pem"),
        (Fault.OTHER, ["smtp://a@b:26?starttls=2", "smtp://b.example.org"], "smtp://b.example.org"),
    ],
)  # fmt: skip
def test_of_a_relay_only_what_was_at_fault_is_asked_for_again(
    fault: Fault, answers: list[str], url: str
) -> None:
    assert asked("smtp://us:pw@relay.example.net:587?starttls=1", fault, *answers) == url


@pytest.mark.parametrize(
    ("answers", "url"),
    [
        (["postmark", "k@y", ""], "postmark+https://k%40y@?stream=broadcast"),
        (["mailgun", "key", "", "eu"], f"mailgun+https://key@{DOMAIN}?region=eu"),
        (["mailjet", "key", "secret", ""], "mailjet+https://key:secret@"),
        (["postal", "key", "postal.example.org"], "postal+https://key@postal.example.org"),
        (["mail.example.org", "", "us", "pw"], "smtp://us:pw@mail.example.org:587?starttls=1"),
        (["localhost", "", ""], "smtp://localhost:25"),
        (["mail.example.org:2525", ""], "smtp://mail.example.org:2525?starttls=1"),
        (["mail.example.org/x", "smtp:mail", "us@mail.example.org", "[::1]:26", ""],
         "smtp://[::1]:26"),
    ],
)  # fmt: skip
def test_a_provider_goes_by_its_name_and_a_server_by_its_host(answers: list[str], url: str) -> None:
    with CliRunner().isolation(input=lines(*answers)):
        assert asking_relay.whole("", DOMAIN) == url
