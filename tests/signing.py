"""A DKIM key of the tests' own, for example.org."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from workers import letters
from workers.dkim import Signer


@cache
def key() -> bytes:
    """The private key, as PEM: one for all, since to make it takes longer than most tests."""
    return pem(rsa.generate_private_key(65537, 2048))


def pem(private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    """The key as its file holds it."""
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def signer() -> Signer:
    """Signs with it; ``record`` is what DNS says of it."""
    return Signer("example.org", "s1", key())


def kept_in(folder: Path) -> dict[str, Any]:
    """The settings by which mails are signed, once the key lies in this folder."""
    path = folder / "dkim.pem"
    path.write_bytes(key())
    return {"DKIM_DOMAIN": "example.org", "DKIM_SELECTOR": "s1", "DKIM_KEY_FILE": path}


@pytest.fixture
def signed(settings: Any, tmp_path: Path) -> Iterator[bytes]:
    """Mails are signed; what DNS says of the key."""
    for name, value in kept_in(tmp_path).items():
        setattr(settings, name, value)
    letters._signer.cache_clear()
    yield signer().record.encode()
    letters._signer.cache_clear()
