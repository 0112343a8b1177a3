"""What the doctor sees of relays: whether they take our mail, and what the world calls them."""

import socket
import ssl
from pathlib import Path

import pytest

from tests import certificates
from tests.doctoring import RELAY, only, zone
from tests.nameserver import serving
from tests.relays import PoliteRelay, sink
from tests.routing import a_route, only_routes, url_of
from tests.signing import signed
from workers.doctor import own_address, ports, relays, senders
from workers.doctor.finding import Grade
from workers.doctor.names import Names
from workers.doctor.senders import Sender
from workers.letters import signer_of
from workers.relay import Relay

__all__ = ["only_routes", "signed"]  # fixtures

pytest_db = pytest.mark.django_db


@pytest_db
def test_a_relay_that_lets_us_in_is_well(only_routes: None) -> None:
    with sink() as (relay, _), serving({}) as server:
        (found,) = relays.examine(Names(server), a_route("first", url_of(relay)))
    assert found.grade is Grade.WELL
    assert "Connected" in found.words


@pytest_db
def test_a_wrong_password_is_told_with_the_relays_words_and_not_shown(only_routes: None) -> None:
    def no(verb: str, _line: str, _number: int) -> str | None:
        return "535 5.7.8 Wrong password" if verb == "AUTH" else None

    relay = PoliteRelay(no, offers=("AUTH PLAIN",))
    with relay.running() as way, serving({}) as server:
        url = f"smtp://us:hunter2@127.0.0.1:{way.port}?starttls=0"
        names, route = Names(server), a_route("first", url)
        found = only(list(relays.examine(names, route)))
        tried = only(
            list(relays.examine(names, route, [("bounce+0@example.com", "a@example.com")]))
        )
    assert (found.grade, tried.grade) == (Grade.BAD, Grade.BAD)
    assert (found.about, tried.about) == ("Route first", "Route first")
    assert "Wrong password" in found.words
    assert "Wrong password" in tried.words
    assert "Give user and password anew" in tried.mend
    assert "hunter2" not in f"{found} {tried}"


def refusing(verb: str, reply: str) -> PoliteRelay:
    def no(said: str, line: str, _number: int) -> str | None:
        return reply if said == verb and "example.com" in line else None

    return PoliteRelay(no)


@pytest_db
@pytest.mark.parametrize(
    ("verb", "reply", "grade", "mend"),
    [
        ("MAIL", "553 5.7.1 Sender address rejected: not yours", Grade.BAD, "send from all add"),
        ("MAIL", "450 4.1.8 Sender address rejected: Domain not found", Grade.LOOK, "records"),
        ("RCPT", "450 4.2.0 Greylisted", Grade.LOOK, "try again in a while"),
        ("RCPT", "550 5.1.1 No such user", Grade.LOOK, "whether that address is right"),
    ],
)
def test_a_relay_that_refuses_our_sender_is_told_by_its_words_and_for_that_sender_alone(
    only_routes: None, verb: str, reply: str, grade: Grade, mend: str
) -> None:
    relay = refusing(verb, reply)
    envelopes = [
        ("bounce+0@harbour.example", "desk@harbour.example"),
        ("bounce+0@example.com", "desk@example.com"),
    ]
    with relay.running() as way, serving({}) as server:
        url = f"smtp://127.0.0.1:{way.port}"
        route, ours, theirs = relays.examine(Names(server), a_route("first", url), envelopes)
    assert (route.grade, ours.grade, theirs.grade) == (Grade.WELL, Grade.WELL, grade)
    assert theirs.about == "Route first: from example.com"
    assert reply in theirs.words
    assert mend in theirs.mend
    assert relay.accepted == [], "no mail is sent"


@pytest_db
@pytest.mark.parametrize(("days", "grade"), [(90, Grade.WELL), (13, Grade.LOOK), (2, Grade.BAD)])
def test_a_relay_whose_certificate_ends_soon_is_told_in_time(
    only_routes: None, tmp_path: Path, days: int, grade: Grade
) -> None:
    authority, own = tmp_path / "authority.pem", tmp_path / "relay.pem"
    certificates.issue(authority, own, days=days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    with PoliteRelay(tls=context, offers=("STARTTLS",)).running() as way, serving({}) as server:
        url = f"smtp://127.0.0.1:{way.port}?starttls=1&cafile={authority}"
        route, found = relays.examine(Names(server), a_route("first", url))
    assert (route.grade, found.grade) == (Grade.WELL, grade)
    assert found.about == "Certificate of 127.0.0.1"


@pytest_db
def test_where_a_port_is_blocked_one_that_answers_is_named(
    only_routes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, serving({}) as server:
        port = other.getsockname()[1]
        monkeypatch.setattr(ports, "OTHERS", (1, port))
        found = only(list(relays.examine(Names(server), a_route("first", "smtp://127.0.0.1:1"))))
        monkeypatch.setattr(ports, "OTHERS", (1,))
        none = only(list(relays.examine(Names(server), a_route("other", "smtp://127.0.0.1:1"))))
    assert f"Set the port in SMTP_URL to {port}" in found.mend
    assert "provider's HTTP API" in none.mend


@pytest.mark.parametrize(
    ("called", "grade", "words"),
    [
        ([], Grade.BAD, "has no name (PTR)"),
        (["host.example.net."], Grade.BAD, "does not lead back"),
        (["mail.example.net."], Grade.WELL, "leads back to it"),
    ],
)
def test_a_relay_of_ours_has_a_name_that_leads_back_to_it(
    called: list[str], grade: Grade, words: str
) -> None:
    known = {
        ("mail.example.net", "A"): [RELAY],
        ("host.example.net", "A"): ["192.0.2.99"],
        ("25.2.0.192.in-addr.arpa", "PTR"): called,
    }
    with serving(known) as server:
        (found,) = relays.called(Names(server), Relay("mail.example.net"))
    assert (found.grade, words in found.words) == (grade, True)


def test_of_a_providers_relay_only_the_provider_knows_its_addresses() -> None:
    with serving({("smtp.sendgrid.net", "A"): [RELAY]}) as server:
        assert relays.addresses(Names(server), Relay("smtp.sendgrid.net")) == []


def test_a_relay_on_this_machine_sends_from_where_the_machine_is_unless_it_passes_mail_on(
    signed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_address, "public", lambda: ["192.0.2.9", "2001:db8::9"])
    here = Relay("127.0.0.1")
    v6 = f"9.{'0.' * 23}8.b.d.0.1.0.0.2.ip6.arpa"
    known = zone() | {
        ("9.2.0.192.in-addr.arpa", "PTR"): ["news.example.org."],
        ("news.example.org", "A"): ["192.0.2.9"],
        (v6, "PTR"): [],
    }
    with serving(known) as server:
        names = Names(server)
        assert relays.addresses(names, here) == []
        four, six = relays.called(names, here)
        sender = Sender(
            "news.example.org", "news.example.org", [], signer_of("news.example.org"),
            perhaps=relays.perhaps(here),
        )  # fmt: skip
        spf = only(list(senders.examine(names, sender)))
    assert (four.grade, six.grade) == (Grade.WELL, Grade.LOOK)
    assert "has no name (PTR). That matters unless" in six.words
    assert (spf.about, spf.grade) == ("SPF of news.example.org", Grade.LOOK)
    assert "ip4:192.0.2.9 ip6:2001:db8::9" in spf.mend


def test_an_address_that_a_router_translates_says_nothing_of_where_mail_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own_address, "_towards", lambda _family, _far: "10.0.0.7")
    assert own_address.public() == []
