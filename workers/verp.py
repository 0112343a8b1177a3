"""The envelope sender of a delivery, so that a bounce names it (VERP), and back again.

``bounce+<delivery in base 32>-<MAC>@domain``: the MAC keeps others from making up bounces.
Both are lower-case letters and digits, since relays may change the case of a local part.
"""

import base64
import hmac
import re

_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_SHAPE = re.compile(r"bounce\+([0-9a-v]{1,13})-([a-z2-7]{16})@", re.IGNORECASE)


def bounce_address(secret: bytes, delivery: int, domain: str) -> str:
    """The envelope sender for this delivery; the local part is at most 37 octets (64 allowed)."""
    digits = ""
    rest = delivery
    while rest or not digits:
        digits = _DIGITS[rest & 31] + digits
        rest >>= 5
    return f"bounce+{digits}-{_mac(secret, delivery)}@{domain}"


def bounced_delivery(secret: bytes, address: str) -> int | None:
    """The delivery that a bounce's recipient names, or None if the address isn't one of ours."""
    found = _SHAPE.match(address)
    if not found:
        return None
    delivery = int(found[1], 32)
    genuine = hmac.compare_digest(_mac(secret, delivery), found[2].lower())
    return delivery if genuine else None


def _mac(secret: bytes, delivery: int) -> str:
    digest = hmac.digest(secret, b"bounce:%d" % delivery, "sha256")
    return base64.b32encode(digest[:10]).decode("ascii").lower()
