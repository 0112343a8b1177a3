"""What the doctor finds: each fault in words with its mend, and nothing where all is well."""

import json
import os
import shlex
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import OperationalError, connection
from django.utils import timezone

from digest.models import Topic
from tests import certificates, signing
from tests.nameserver import Zone, serving
from tests.relays import PoliteRelay, sink
from tests.routing import a_route, only_routes, url_of
from tests.signing import signed
from workers.commands.doctor import doctor
from workers.doctor import (
    clock,
    configured,
    dmarc,
    inbox,
    machine,
    own_address,
    ports,
    relays,
    senders,
    stores,
)
from workers.doctor.finding import Finding, Grade
from workers.doctor.names import Names
from workers.doctor.senders import Sender
from workers.inbound.models import Inbox
from workers.inbound.source import source
from workers.letters import signer_of
from workers.relay import Relay
from workers.watch import health, readings
from workers.watch.readings import Disk

__all__ = ["only_routes", "signed"]  # fixtures

SPF, DKIM, DMARC = ("news.example.org", "TXT"), ("s1._domainkey.example.org", "TXT"), (
    "_dmarc.example.org", "TXT",
)  # fmt: skip
RELAY = "192.0.2.25"


def zone(**changed: Any) -> dict[tuple[str, str], list[str]]:
    """DNS as it should be for news.example.org, signed for example.org."""
    key = signing.signer().record
    halves = f'"{key[:200]}" "{key[200:]}"'  # as long records are written
    return {
        SPF: [f'"v=spf1 ip4:{RELAY} ~all"'],
        DKIM: [halves],
        DMARC: ['"v=DMARC1; p=none"'],
        ("news.example.org", "MX"): ["10 mx.example.net."],
        **changed,
    }


def of_sender(known: Zone, bounces: str = "news.example.org") -> list[Finding]:
    with serving(known) as server:
        sender = Sender("news.example.org", bounces, [RELAY], signer_of("news.example.org"))
        return list(senders.examine(Names(server), sender))


def troubles(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.grade is not Grade.WELL]


def only(found: list[Finding]) -> Finding:
    """The one that is not well; each has a mend."""
    (one,) = troubles(found)
    assert one.mend
    return one


# ---- DNS -------------------------------------------------------------------------------------


def test_a_sender_whose_dns_is_as_it_should_be_is_well(signed: bytes) -> None:
    found = of_sender(zone())
    assert troubles(found) == []
    assert [one.about.partition(" ")[0] for one in found] == ["SPF", "DKIM", "DMARC", "Bounces"]


@pytest.mark.parametrize(
    ("record", "grade", "words"),
    [
        ([], Grade.BAD, "no SPF record"),
        (['"v=spf1 -all"', '"v=spf1 mx -all"'], Grade.BAD, "2 SPF records"),
        (['"v=spf1 ip4:198.51.100.7 -all"'], Grade.BAD, f"does not name the relay's {RELAY}"),
        ([f'"v=spf1 ip4:{RELAY} +all"'], Grade.LOOK, "lets everybody send"),
        ([f'"v=spf1 ip4:{RELAY}"'], Grade.LOOK, "ends in nothing"),
        ([f'"v=spf1 ?ip4:{RELAY} -all"'], Grade.BAD, f"does not name the relay's {RELAY}"),
        (['"v=spf1 ip4:nonsense -all"'], Grade.BAD, "ip4:nonsense is no network"),
        (['"v=spf1 include:gone.example.net -all"'], Grade.BAD, "has no SPF record"),
        (['"v=spf1 include:news.example.org -all"'], Grade.BAD, "more than 10 look-ups"),
    ],
)
def test_an_spf_record_is_read_as_receivers_read_it(
    signed: bytes, record: list[str], grade: Grade, words: str
) -> None:
    found = only(of_sender(zone() | {SPF: record}))
    assert found.grade is grade
    assert words in found.words


def test_an_spf_record_may_name_the_relay_by_what_it_includes_and_by_names(signed: bytes) -> None:
    beyond = zone() | {
        SPF: ['"v=spf1 include:spf.example.net -all"'],
        ("spf.example.net", "TXT"): ['"v=spf1 redirect=all.example.net"'],
        ("all.example.net", "TXT"): ['"v=spf1 mx:example.net ?all"'],
        ("example.net", "MX"): ["10 mx.example.net."],
        ("mx.example.net", "A"): [RELAY],
    }
    assert troubles(of_sender(beyond)) == []


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], "no record"),
        (['"v=DKIM1; k=rsa; p=MIIBIjANBg"'], "not that of the key that signs"),
        (["{right}", '"v=DKIM1; p=abc"'], "2 records"),
        (['"v=DKIM1; p="'], "the key is withdrawn"),
        (['"h=sha1; " {right}'], "does not allow SHA-256 (h=sha1)"),
        (['"s=tlsrpt; " {right}'], "is not for mail (s=tlsrpt)"),
    ],
)
def test_a_dkim_record_must_be_that_of_the_key_that_signs(
    signed: bytes, records: list[str], words: str
) -> None:
    right = zone()[DKIM][0]
    found = only(of_sender(zone() | {DKIM: [one.replace("{right}", right) for one in records]}))
    assert found.grade is Grade.BAD
    assert words in found.words


def test_a_dkim_record_that_is_on_trial_is_to_be_looked_at(signed: bytes) -> None:
    found = only(of_sender(zone() | {DKIM: [f'"t=y; " {zone()[DKIM][0]}']}))
    assert (found.grade, "trial (t=y)" in found.words) == (Grade.LOOK, True)


def test_the_record_to_paste_is_the_one_that_is_missing(signed: bytes) -> None:
    told = only(of_sender(zone() | {DKIM: []})).mend
    pasted = told.partition(": ")[2]
    assert troubles(of_sender(zone() | {DKIM: [f'"{pasted[:200]}" "{pasted[200:]}"']})) == []


def test_mails_that_nobody_signs_are_to_be_looked_at(settings: Any) -> None:
    found = only(of_sender(zone()))
    assert found.grade is Grade.LOOK
    assert "signs nothing" in found.words


@pytest.mark.parametrize(
    ("record", "bounces", "words"),
    [
        ([], "news.example.org", "no DMARC record"),
        (['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'], "news.example.org", "2 records"),
        (['"v=DMARC1; p=reject; adkim=s; aspf=s"'], "bounces.example.org", "(adkim=s, aspf=s): D"),
        (['"v=DMARC1; p=quarentine"'], "news.example.org", "the policy “quarentine”, which is no"),
    ],
)
def test_dmarc_needs_one_record_and_a_from_that_something_proves(
    signed: bytes, record: list[str], bounces: str, words: str
) -> None:
    known = zone() | {
        DMARC: record,
        ("bounces.example.org", "TXT"): zone()[SPF],
        ("bounces.example.org", "MX"): ["10 mx.example.net."],
    }
    found = only(of_sender(known, bounces))
    assert found.grade is Grade.BAD
    assert words in found.words


def test_a_policy_of_the_domain_above_holds_and_one_of_all_who_register_there_does_not(
    signed: bytes,
) -> None:
    above = ["v=DMARC1; p=none; sp=quarantine"]
    with serving(
        {DMARC: [f'"{above[0]}"'], ("_dmarc.co.uk", "TXT"): ['"v=DMARC1; p=reject"']}
    ) as at:
        names = Names(at)
        assert dmarc.policy(names, "a.news.example.org") == ("example.org", above)
        assert dmarc.policy(names, "harbour.co.uk") == ("harbour.co.uk", [])
        (found,) = dmarc.examine(names, "news.example.org", signing="example.org", bounces="x.net")
    assert found.words == "p=quarantine; the From agrees with what DKIM proves."


@pytest.mark.parametrize(
    ("sender", "proven", "strict", "is_one"),
    [
        ("news.example.org", "bounces.example.org", False, True),  # both are of example.org
        ("news.example.org", "example.org", True, False),
        ("Example.org", "example.org", True, True),
        ("harbour.co.uk", "wharf.co.uk", False, False),
        ("harbour.co.uk", "co.uk", False, False),
        ("a.harbour.invalid", "b.harbour.invalid", False, True),  # an end that no list knows
        ("example.org", "", False, False),
    ],
)
def test_a_from_agrees_with_what_is_proven_where_one_organisation_registered_both(
    sender: str, proven: str, strict: bool, is_one: bool
) -> None:
    assert dmarc.is_aligned(sender, proven, strict=strict) is is_one


def test_bounces_need_a_domain_that_takes_mail(signed: bytes) -> None:
    none = only(of_sender({key: of for key, of in zone().items() if key[1] != "MX"}))
    assert "takes no mail" in none.words


def test_a_name_server_that_does_not_answer_says_nothing_of_the_records(
    signed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.doctor.names.LONGEST", 0.2)
    with serving({}, silent=True) as server:
        sender = Sender("news.example.org", "news.example.org", [], signer_of("example.org"))
        found = list(senders.examine(Names(server), sender))
    assert {one.grade for one in found} == {Grade.UNKNOWN}
    kinds = ["SPF", "DKIM", "DMARC", "Bounces"]
    assert [one.about.partition(" ")[0] for one in found] == kinds, "each keeps its name"
    assert [one.words.startswith("No name server answered before") for one in found] == [
        False, False, True, True,
    ], "nobody waits for the third"  # fmt: skip


# ---- relays ----------------------------------------------------------------------------------

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


# ---- clock -----------------------------------------------------------------------------------


@contextmanager
def telling_time(off: float) -> Iterator[str]:
    """A time server that is so many seconds behind this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))

        def answer() -> None:
            _, whence = listening.recvfrom(48)
            now = time.time() - off + 2_208_988_800
            stamp = struct.pack("!II", int(now), int(now % 1 * 2**32))
            listening.sendto(b"\x24\x01" + bytes(30) + stamp * 2, whence)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join(5)


@pytest.mark.parametrize(
    ("off", "grade", "words"),
    [
        (0, Grade.WELL, "agrees"),
        (-20, Grade.LOOK, "20.0 s behind"),
        (600, Grade.BAD, "600.0 s ahead"),
    ],
)
def test_the_clock_is_held_against_a_time_server(
    settings: Any, off: float, grade: Grade, words: str
) -> None:
    with telling_time(off) as server:
        settings.TIME_SERVER = server
        (found,) = clock.examine()
    assert (found.grade, words in found.words) == (grade, True)


def test_a_time_server_that_is_not_there_says_nothing_of_the_clock(settings: Any) -> None:
    settings.TIME_SERVER = "127.0.0.1:1"
    (found,) = clock.examine()
    assert found.grade is Grade.UNKNOWN


# ---- the machine -----------------------------------------------------------------------------


def about(found: list[Finding], what: str) -> Finding:
    return next(one for one in found if one.about.startswith(what))


@pytest.fixture
def abroad(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of a server that sends for real, without an ``.env``; where that would be."""
    monkeypatch.chdir(tmp_path)
    settings.RELAY_ON_LOOPBACK = settings.MAILBOX_IS_RELAY = False
    settings.SECRET_KEY = "k3y-Of-thirty-and-Some-Letters-More"
    settings.BASE_URL, settings.POSTAL_ADDRESS = "https://news.example.org", "1 Quay, Harbour"
    settings.INBOUND_URL, settings.ALERT_MAIL = "lmtp://127.0.0.1:2424", ["ops@example.org"]
    return tmp_path / ".env"


def test_a_misspelt_setting_is_named_with_its_line_and_the_one_that_was_meant(abroad: Path) -> None:
    abroad.write_text("# mail\nSMPT_URL=smtp://mail.example.org\nPOSTGRES_PASSWORD=x\n")
    found = only(list(configured.examine()))
    assert ".env line 2: nothing of this name is known" in found.words
    assert found.mend == "Write SMTP_URL, if that was meant."


def test_a_setting_that_stands_twice_is_named_with_the_line_that_counts(abroad: Path) -> None:
    abroad.write_text("SEND_RATE=70\nSEND_RATE=20\nLOG_LEVEL=info\n")
    found = only(list(configured.examine()))
    assert found.about == "Setting SEND_RATE"
    assert "lines 1 and 2; the last one counts" in found.words


@pytest.mark.parametrize(
    ("setting", "value", "grade"),
    [
        ("BASE_URL", "http://127.0.0.1:8000", Grade.BAD),
        ("SECRET_KEY", "short", Grade.BAD),
        ("SECRET_KEY", "a" * 60, Grade.BAD),
        ("DEBUG", True, Grade.BAD),
        ("POSTAL_ADDRESS", "", Grade.LOOK),
        ("INBOUND_URL", "", Grade.LOOK),
        ("ALERT_MAIL", [], Grade.LOOK),
    ],
)
def test_a_setting_that_will_not_do_for_mail_to_the_world_is_told(
    abroad: Path, settings: Any, setting: str, value: object, grade: Grade
) -> None:
    assert troubles(list(configured.examine())) == []
    setattr(settings, setting, value)
    found = only(list(configured.examine()))
    assert (found.about, found.grade) == (f"Setting {setting}", grade)


def test_links_to_the_readers_own_machine_will_do_while_no_mail_leaves_this_one(
    abroad: Path, settings: Any
) -> None:
    settings.BASE_URL, settings.RELAY_ON_LOOPBACK = "http://127.0.0.1:8000", True
    assert only(list(configured.examine())).grade is Grade.UNKNOWN


def test_secret_files_that_everybody_may_read_are_named_with_their_mend(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings.DATA_DIR = tmp_path / "var"
    settings.DATA_DIR.mkdir(mode=0o700)
    settings.DKIM_DOMAIN = "example.org, example.net"
    settings.DKIM_KEY_FILE = tmp_path / "{domain}.pem"
    for name in (".env", "example.net.pem"):
        (tmp_path / name).write_text("SECRET_KEY=x")
        (tmp_path / name).chmod(0o644)
    found = troubles(list(machine.files()))
    assert [one.about for one in found] == ["File .env", "File example.net.pem"]
    for one in found:
        subprocess.run(shlex.split(one.mend), check=True)
    assert troubles(list(machine.files())) == []


@pytest_db
def test_a_disk_that_is_nearly_full_stops_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "disk", lambda: Disk(free=9_000_000, size=10**11))
    assert only(list(machine.disk())).grade is Grade.BAD


@pytest_db
def test_mails_that_can_t_come_in_are_told_as_those_say_who_look_for_them(settings: Any) -> None:
    assert list(inbox.examine()) == []
    settings.INBOUND_URL = "imaps://digest:secret@mail.example.org/INBOX?address=u@example.org"
    assert only(list(inbox.examine())).grade is Grade.UNKNOWN
    row = Inbox.objects.create(name=str(source(settings.INBOUND_URL)), read_at=timezone.now())
    assert [one.grade for one in inbox.examine()] == [Grade.WELL]
    row.trouble = "mail.example.org says: Invalid credentials"
    row.save()
    found = only(list(inbox.examine()))
    assert (found.grade, "Invalid credentials" in found.words) == (Grade.LOOK, True)
    settings.INBOUND_URL = "lmtp://127.0.0.1:2424"
    assert "Nobody listens at" in only(list(inbox.examine())).words


# ---- the database ------------------------------------------------------------------------------


@pytest_db
def test_a_database_that_is_away_or_newer_or_of_another_key_is_told_with_its_mend(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert troubles(list(stores.database())) == []
    key, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    assert "another SECRET_KEY" in only(list(stores.database())).words
    settings.SECRET_KEY = key
    ours = health._ours() | {("digest", "9999_later")}
    monkeypatch.setattr(health, "_ours", lambda: ours)
    assert "run: digest migrate" in only(list(stores.database())).words

    def gone() -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "ensure_connection", gone)
    away = only(list(stores.database()))
    assert "can't be used: connection refused" in away.words


@pytest.mark.long
def test_without_its_database_the_command_tells_all_that_can_be_told_without_it(
    tmp_path: Path,
) -> None:
    """In a process of its own, as somebody would call it."""
    nobody = {"DNS_SERVER": "127.0.0.1:1", "TIME_SERVER": "127.0.0.1:1", "DATA_DIR": str(tmp_path)}
    asked = subprocess.run(
        [Path(sys.executable).with_name("digest"), "doctor", "--json"],
        env={"PATH": os.environ["PATH"], **nobody, "DATABASE_URL": "postgres://digest:geheim@127.0.0.1:1/digest"},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = {one["about"]: one for one in json.loads(asked.stdout)["findings"]}
    assert asked.returncode == 1
    assert "Connection refused" in found["Database"]["words"]
    assert {"Settings", "Disk", "Clock", "Broker", "Pages at http://127.0.0.1:8000"} <= set(found)
    assert "geheim" not in asked.stdout + asked.stderr


# ---- the command -----------------------------------------------------------------------------


@pytest_db
def test_the_command_says_all_in_words_or_in_one_object_and_1_where_something_is_bad(
    only_routes: None, settings: Any, pivot: Topic, valkey: object
) -> None:
    settings.TIME_SERVER, settings.DKIM_KEY_FILE = "127.0.0.1:1", Path("/nowhere/dkim.pem")
    settings.DKIM_DOMAIN, settings.DKIM_SELECTOR = "daily-press.co.uk", "s1"
    settings.FROM_ADDRESS = "News <news@daily-press.co.uk>"
    Topic.objects.create(slug="harbour", name="Harbour", from_address="a@example.org")
    a_route("first", "smtp://127.0.0.1:1")
    with serving(zone()) as server:
        settings.DNS_SERVER = server
        told = CliRunner().invoke(doctor)
        plain = CliRunner().invoke(doctor, ["--json"])
    assert (told.exit_code, plain.exit_code) == (1, 1)
    assert "✗ Route first" in told.output
    assert "✗ DKIM of daily-press.co.uk  DKIM_KEY_FILE /nowhere/dkim.pem: No such" in told.output
    assert "From of example.org" in told.output
    assert "to mend before anything is sent" in told.output
    said = json.loads(plain.output)
    assert said["well"] is False
    assert {"about", "grade", "words", "mend", "area"} == set(said["findings"][0])
