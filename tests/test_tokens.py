"""Personal links can't be forged, swapped or used for anything else."""

import base64
import datetime as dt
import hashlib
import hmac
import re

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from subscribers import tokens
from subscribers.tokens import (
    ACCOUNT_FOR,
    CONFIRM_FOR,
    Purpose,
    address_tag,
    make,
    make_for_address,
    path,
    verify,
)

NOW = 1_780_000_000.0
WEEK = CONFIRM_FOR.total_seconds()


@given(
    st.sampled_from(Purpose),
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**16 - 1),
    st.integers(0, 2**16 - 1),
)
def test_a_token_says_what_it_was_made_of(
    purpose: Purpose, subscriber: int, topic: int, version: int
) -> None:
    claim = verify(purpose, make(purpose, subscriber, topic, version, NOW), NOW)
    assert claim is not None
    assert claim[:4] == (purpose, subscriber, topic, version)


def test_every_flipped_bit_is_noticed() -> None:
    token = make(Purpose.UNSUBSCRIBE, 12345, 3, 0)
    raw = base64.urlsafe_b64decode(token)
    for bit in range(len(raw) * 8):
        forged = bytearray(raw)
        forged[bit // 8] ^= 1 << bit % 8
        assert verify(Purpose.UNSUBSCRIBE, base64.urlsafe_b64encode(forged).decode()) is None


def test_every_changed_character_is_noticed() -> None:
    token = make(Purpose.UNSUBSCRIBE, 12345, 3, 0)
    for place, right in enumerate(token):
        for wrong in "Aa0-_":
            if wrong != right:
                forged = token[:place] + wrong + token[place + 1 :]
                assert verify(Purpose.UNSUBSCRIBE, forged) is None


@pytest.mark.parametrize("used", Purpose)
@pytest.mark.parametrize("made", Purpose)
def test_a_token_is_good_for_its_own_purpose_alone(made: Purpose, used: Purpose) -> None:
    assert (verify(used, make(made, 1, 1, 0)) is not None) == (made == used)


@pytest.mark.parametrize(
    "text",
    ["", "x", "A" * 39, "A" * 40, "A" * 41, "é" * 40, "/" * 40, "A" * 39 + "=", "A" * 39 + "\n"],
)
def test_what_is_no_token_is_refused_quietly(text: str) -> None:
    assert verify(Purpose.UNSUBSCRIBE, text) is None


def test_a_token_of_another_secret_is_refused(
    monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    token = make(Purpose.PREFERENCES, 1, 1, 0)
    monkeypatch.setattr(settings, "SECRET_KEY", "another")
    tokens._key.cache_clear()
    try:
        assert verify(Purpose.PREFERENCES, token) is None
    finally:
        monkeypatch.undo()
        tokens._key.cache_clear()


@pytest.mark.parametrize(
    ("purpose", "lasts"), [(Purpose.CONFIRM, CONFIRM_FOR), (Purpose.ACCOUNT, ACCOUNT_FOR)]
)
def test_a_confirmation_expires_after_seven_days_and_the_account_after_one(
    purpose: Purpose, lasts: dt.timedelta
) -> None:
    token, end = make(purpose, 1, 1, 0, NOW), NOW + lasts.total_seconds()
    assert verify(purpose, token, end) is not None
    assert verify(purpose, token, end + 1) is None


def test_links_to_leave_and_to_the_preferences_never_expire() -> None:
    for purpose in (Purpose.UNSUBSCRIBE, Purpose.PREFERENCES):
        assert verify(purpose, make(purpose, 1, 1, 0, NOW), NOW + 100 * WEEK) is not None


def test_a_token_that_never_expires_is_the_same_whenever_it_is_made() -> None:
    assert make(Purpose.UNSUBSCRIBE, 1, 1, 0, NOW) == make(Purpose.UNSUBSCRIBE, 1, 1, 0)


def test_a_link_to_another_address_is_for_that_address_alone() -> None:
    token = make_for_address(1, 1, 0, "new@example.org")
    claim = verify(Purpose.MOVE, token, NOW + 100 * WEEK)
    assert claim is not None
    assert claim.made_at == address_tag("new@example.org") != address_tag("other@example.org")


def test_the_signature_is_hmac_sha256_as_the_standard_library_computes_it() -> None:
    raw = base64.urlsafe_b64decode(make(Purpose.UNSUBSCRIBE, 12345, 3, 7))
    key = hashlib.sha256(b"subscribers.tokens\0" + settings.SECRET_KEY.encode()).digest()
    assert raw[17:] == hmac.digest(key, raw[:17], "sha256")[:13]
    assert len(raw[17:]) * 8 >= 96


def test_a_link_fits_an_unfolded_header_and_needs_no_escaping() -> None:
    words = ["unsubscribe", "preferences", "confirm", "account", "move"]
    for purpose, word in zip(Purpose, words, strict=True):
        link = path(purpose, make(purpose, 10**12, 65535, 65535))
        assert re.fullmatch(rf"/{word}/[A-Za-z0-9_-]{{40}}/", link)
        assert len(f"List-Unsubscribe: <https://news.example.org{link}>") < 110
