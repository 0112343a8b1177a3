"""Personal links: tokens that name a subscriber and a topic and that only we can make.

A token is 40 characters of base64url over 30 bytes, so that every bit of every character
counts: 17 bytes that say what is claimed, then 104 bits of HMAC-SHA256 (RFC 2104) over
them. Nothing is stored. Making one costs about 2 µs, for the sender needs one a message.
Whether the subscriber's links were revoked since is for ``links`` to look up.
"""

import base64
import datetime as dt
import functools
import hmac
import re
import struct
import time
from enum import IntEnum
from typing import NamedTuple

from django.conf import settings

from digest.keyed import Keyed

CONFIRM_FOR = dt.timedelta(days=7)
ACCOUNT_FOR = dt.timedelta(days=1)

_CLAIM = struct.Struct(">BqHHI")  # purpose, subscriber, topic, token version, second or address
_MAC = 13  # bytes; ≥ 96 bits, and 17 + 13 = 30 bytes are 40 characters without padding
_TOKEN = re.compile(r"[A-Za-z0-9_-]{40}", re.ASCII)


class Purpose(IntEnum):
    """What a link is good for; a token for one purpose is nothing for another."""

    UNSUBSCRIBE = 1  # leave a topic; never expires
    PREFERENCES = 2  # the reader's own page; never expires
    CONFIRM = 3  # "yes, I meant to sign up"; good for CONFIRM_FOR
    ACCOUNT = 4  # name, zone, export, another address, erasure; good for ACCOUNT_FOR
    MOVE = 5  # "yes, write to me here from now on"; good for its one address


# Plain numbers: looking up an enum's member costs as much as a hash.
_GOOD_FOR = {
    int(Purpose.CONFIRM): CONFIRM_FOR.total_seconds(),
    int(Purpose.ACCOUNT): ACCOUNT_FOR.total_seconds(),
}


class Claim(NamedTuple):
    """What a genuine token says.

    ``made_at``: in seconds since 1970, 0 where it never expires; of MOVE the address's tag.
    """

    purpose: int
    subscriber_id: int
    topic_id: int
    version: int
    made_at: int


def make(
    purpose: int, subscriber_id: int, topic_id: int, version: int, now: float | None = None
) -> str:
    """The token, 40 characters of ``A-Za-z0-9_-``; ``version`` is Subscriber.token_version.

    The time (seconds since 1970) is in those alone that expire: the others say the same whenever
    they are made, so that a message sent again has the same bytes.
    """
    made_at = int(time.time() if now is None else now) if purpose in _GOOD_FOR else 0
    return _signed(_CLAIM.pack(purpose, subscriber_id, topic_id, version, made_at))


def make_for_address(subscriber_id: int, topic_id: int, version: int, address: str) -> str:
    """The token that goes to another address, and moves the subscriber there and nowhere else."""
    claim = _CLAIM.pack(Purpose.MOVE, subscriber_id, topic_id, version, address_tag(address))
    return _signed(claim)


def address_tag(address: str) -> int:
    """32 bits that stand for the address in a token. Keyed, so that nobody can look for another
    address with the same."""
    return int.from_bytes(_key().mac(b"address:" + address.encode())[:4])


def verify(purpose: int, token: str, now: float | None = None) -> Claim | None:
    """What the token claims; None for one that is forged, expired or for another purpose."""
    if not _TOKEN.fullmatch(token):
        return None
    raw = base64.urlsafe_b64decode(token)
    if not hmac.compare_digest(raw[_CLAIM.size :], _mac(raw[: _CLAIM.size])):
        return None
    claim = Claim(*_CLAIM.unpack_from(raw))
    if claim.purpose != purpose:
        return None
    age = (time.time() if now is None else now) - claim.made_at
    return None if age > _GOOD_FOR.get(purpose, age) else claim


def path(purpose: int, token: str) -> str:
    """Where the link leads, as ``/unsubscribe/<token>/``.

    It goes behind settings.BASE_URL: never behind a request's host, which anybody may write.
    """
    return f"/{Purpose(purpose).name.lower()}/{token}/"


def _signed(claim: bytes) -> str:
    return base64.urlsafe_b64encode(claim + _mac(claim)).decode()


def _mac(claim: bytes) -> bytes:
    return _key().mac(claim)[:_MAC]


@functools.cache
def _key() -> Keyed:
    return Keyed(settings.SECRET_KEY, "subscribers.tokens")
