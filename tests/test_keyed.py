"""Signatures under one key for one use."""

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from digest.keyed import Keyed


@given(st.text(), st.binary())
def test_it_is_the_hmac_of_the_standard_library(secret: str, message: bytes) -> None:
    secret = secret.encode("utf-8", "ignore").decode()
    key = hashlib.sha256(f"a use\0{secret}".encode()).digest()
    assert Keyed(secret, "a use").mac(message) == hmac.digest(key, message, "sha256")


def test_one_use_says_nothing_of_another() -> None:
    assert Keyed("secret", "links").mac(b"1") != Keyed("secret", "bounces").mac(b"1")
