"""Signatures, checked by dkimpy, which knows nothing of ours."""

import re

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given, settings

from tests import signing
from tests.signing import pem
from tests.test_message import ANYTHING, pieces, reader
from workers.dkim import SignedPieces, Signer
from workers.lint import lint

SIGNER = signing.signer()


def verifies(message: bytes) -> bool:
    def dns(name: bytes, **_: object) -> bytes | None:
        asked = name.decode().rstrip(".")
        return SIGNER.record.encode() if asked == SIGNER.name else None

    verified: bool = dkim.verify(message, dnsfunc=dns)
    return verified


@settings(deadline=None, max_examples=15)
@given(
    subject=ANYTHING, city=ANYTHING.map(lambda text: text + "\n.\n  "),
    name=ANYTHING.filter(lambda text: len(text) <= 250),
)  # fmt: skip
def test_every_signed_message_verifies_and_shows_what_was_meant(
    subject: str, city: str, name: str
) -> None:
    edition, ann = SignedPieces(pieces(subject=subject), SIGNER), reader(name=name, city=city)
    message = edition.join(ann)
    assert verifies(message)
    assert lint(message, edition.intended(ann), signed=True) == []


def test_an_edition_without_personal_places_in_its_body_verifies() -> None:
    assert verifies(
        SignedPieces(pieces(html="<p>All alike</p>", text="All alike"), SIGNER).join(reader())
    )


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"Oslo", b"Bonn"),
        (b"Subject: A studio", b"Subject: B studio"),
        (b"List-Unsubscribe: <https://example.org", b"List-Unsubscribe: <https://example.net"),
        (b"List-Unsubscribe-Post: List", b"List-Unsubscribe-Post: Lost"),
        (b"Feedback-ID: 2", b"Feedback-ID: 3"),
        (b"\r\nTo: ", b"\r\nTo: eve@example.org\r\nTo: "),
        (b"\r\nFrom: ", b"\r\nFrom: eve@example.org\r\nFrom: "),
        (b"\r\nSubject: ", b"\r\nSubject: Other\r\nSubject: "),
        (b"\r\nDate: ", b"\r\nDate: Sun, 23 Nov 2025 10:00:00 +0000\r\nDate: "),
        (b"\r\nMessage-ID: ", b"\r\nMessage-ID: <x@example.org>\r\nMessage-ID: "),
    ],
)
def test_a_change_or_a_second_field_breaks_the_signature(was: bytes, becomes: bytes) -> None:
    message = SignedPieces(pieces(), SIGNER).join(reader())
    assert was in message
    assert not verifies(message.replace(was, becomes, 1))


def test_the_signature_has_no_length_and_no_time_and_is_the_same_again() -> None:
    message = SignedPieces(pieces(), SIGNER).join(reader())
    field = re.match(rb"DKIM-Signature: (?:.*\r\n[ \t])*.*\r\n", message)
    assert field
    tags = [tag.split(b"=")[0].strip() for tag in field[0].partition(b":")[2].split(b";")]
    assert tags == [b"v", b"a", b"c", b"d", b"s", b"h", b"bh", b"b"]
    assert max(map(len, field[0].split(b"\r\n"))) <= 76
    assert message == SignedPieces(pieces(), SIGNER).join(reader())


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (b"no key at all", "no private key in PEM"),
        (pem(rsa.generate_private_key(65537, 1024)), "no RSA key of at least 2048"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "no RSA key of at least 2048"),
    ],
)
def test_a_key_that_can_not_sign_is_refused_in_words(key: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Signer("example.org", "s1", key)
