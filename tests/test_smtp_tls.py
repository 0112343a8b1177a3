"""TLS is what was asked for or nothing; signing in within it. Certificates are made here."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.relays import BRISK, Outbox, PoliteRelay, in_a_thread, readers
from workers.relay import Relay, Security
from workers.smtp import Report, send_all

HERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
ELSEWHERE = x509.DNSName("mail.example.org")


def certificate(directory: Path, name: x509.GeneralName) -> Path:
    """A file with a key and a certificate for this name, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay of the tests")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = directory / "relay.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def server_side(pem: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    return context


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    return certificate(tmp_path, HERE)


class Collecting:
    """An aiosmtpd handler that keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Any) -> str:  # noqa: N802
        self.got.append((envelope.rcpt_tos[0], envelope.content))
        return "250 OK"


def lets_ann_in(_server: object, _session: object, _envelope: object, _mechanism: str, data: Any) -> AuthResult:  # fmt: skip  # noqa: E501
    return AuthResult(success=data == LoginPassword(b"ann", b"p@ss"), handled=False)


@contextmanager
def aiosmtpd(pem: Path, security: Security, **options: Any) -> Iterator[tuple[int, Collecting]]:
    """An SMTP server of other people's making."""
    handler = Collecting()
    starttls = server_side(pem) if security is Security.STARTTLS else None
    at_once = server_side(pem) if security is Security.IMPLICIT else None

    async def serve() -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: SMTP(handler, loop=loop, tls_context=starttls, hostname="relay", **options),
            "127.0.0.1", ssl=at_once,
        )  # fmt: skip

    with in_a_thread(serve) as port:
        yield port, handler


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.IMPLICIT])
def test_mail_arrives_over_tls_at_another_peoples_server(pem: Path, security: Security) -> None:
    outbox = Outbox(readers(10), b"x" * 70 + b"\r\n")
    required = {"require_starttls": True} if security is Security.STARTTLS else {}
    with aiosmtpd(pem, security, **required) as (port, handler):
        relay = Relay("127.0.0.1", port, security, connections=2, cafile=str(pem))
        assert send_all(relay, outbox) == Report()
    assert sorted(to for to, _ in handler.got) == sorted(readers(10))
    assert outbox.verdicts == ["accepted"] * 10


@pytest.mark.parametrize("barred", [["PLAIN"], ["LOGIN"]])
def test_signing_in_within_tls(pem: Path, barred: list[str]) -> None:
    options = {"auth_required": True, "authenticator": lets_ann_in}
    with aiosmtpd(pem, Security.STARTTLS, auth_exclude_mechanism=barred, **options) as (port, _):
        relay = Relay("127.0.0.1", port, Security.STARTTLS, "ann", "p@ss", cafile=str(pem))
        outbox = Outbox(readers(2))
        assert send_all(relay, outbox) == Report()
        assert outbox.verdicts == ["accepted"] * 2
        relay = Relay("127.0.0.1", port, Security.STARTTLS, "ann", "wrong", cafile=str(pem))
        outbox = Outbox(readers(2))
        assert "does not let ann in: 535" in send_all(relay, outbox, BRISK).trouble
        assert outbox.calls == []


def test_a_large_message_goes_through_tls_whole_and_pipelined(pem: Path) -> None:
    polite = PoliteRelay(offers=("PIPELINING",), tls=server_side(pem), at_once=True)
    outbox = Outbox(readers(3), (b"y" * 70 + b"\r\n") * 30_000)
    with polite.running(connections="1") as plain:
        relay = Relay(plain.host, plain.port, Security.IMPLICIT, cafile=str(pem))
        assert send_all(relay, outbox) == Report()
    assert [body.count(b"y" * 70) for _, body in polite.accepted] == [30_000] * 3


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.IMPLICIT])
@pytest.mark.parametrize("fault", ["unknown authority", "another name"])
def test_a_certificate_that_does_not_hold_is_trouble_and_nothing_is_said(
    tmp_path: Path, security: Security, fault: str
) -> None:
    pem = certificate(tmp_path, ELSEWHERE if fault == "another name" else HERE)
    trusted = str(pem) if fault == "another name" else ""
    polite = PoliteRelay(
        offers=("STARTTLS",), tls=server_side(pem), at_once=security is Security.IMPLICIT
    )
    outbox = Outbox(readers(5))
    with polite.running() as plain:
        relay = Relay(plain.host, plain.port, security, "ann", "secret", cafile=trusted)
        report = send_all(relay, outbox, BRISK)
    assert "certificate is not valid" in report.trouble
    assert outbox.calls == []
    assert polite.connections == 1
    assert {line[:4] for _, line in polite.lines} <= {"EHLO", "STAR"}


def test_a_relay_without_starttls_gets_nothing_in_the_clear() -> None:
    polite, outbox = PoliteRelay(), Outbox(readers(5))
    with polite.running(starttls="1") as relay:
        report = send_all(relay, outbox, BRISK)
    assert "offers no STARTTLS" in report.trouble
    assert [line[:4] for _, line in polite.lines] == ["EHLO"]
    assert outbox.calls == []


def test_what_is_slipped_in_before_tls_is_not_taken_for_the_relay(pem: Path) -> None:
    def slips_in(verb: str, line: str, number: int) -> str | None:
        return "220 go\r\n250-evil\r\n250 AUTH PLAIN" if verb == "STAR" else None

    polite = PoliteRelay(slips_in, offers=("STARTTLS",), tls=server_side(pem))
    outbox = Outbox(readers(1))
    with polite.running() as plain:
        relay = Relay(plain.host, plain.port, Security.STARTTLS, "ann", "secret", cafile=str(pem))
        assert "more than it was asked" in send_all(relay, outbox, BRISK).trouble
    assert outbox.calls == []


def test_a_relay_that_speaks_no_tls_is_trouble_in_words() -> None:
    outbox = Outbox(readers(1))
    with PoliteRelay().running() as plain:
        relay = Relay(plain.host, plain.port, Security.IMPLICIT)
        assert "TLS with the relay failed" in send_all(relay, outbox, BRISK).trouble
    assert outbox.calls == []
