"""The envelope sender of a delivery, so that a bounce names it (VERP), and back again.

``bounce+<delivery>-<MAC>@domain``, both in hexadecimal: relays may change the case of a local
part. The MAC keeps others from making up bounces.
"""

import hmac
import re

from digest.keyed import Keyed

_MAC = 10  # octets
_SHAPE = re.compile(r"bounce\+([0-9a-f]{1,16})-([0-9a-f]{20})@", re.IGNORECASE)


def bounce_address(key: Keyed, delivery: int, domain: str) -> str:
    """The envelope sender for this delivery; the local part is at most 44 octets (64 allowed)."""
    return f"bounce+{delivery:x}-{_mac(key, delivery)}@{domain}"


def bounced_delivery(key: Keyed, address: str) -> int | None:
    """The delivery that a bounce's recipient names, or None if the address isn't one of ours."""
    found = _SHAPE.match(address)
    if not found:
        return None
    delivery = int(found[1], 16)
    genuine = hmac.compare_digest(_mac(key, delivery), found[2].lower())
    return delivery if genuine else None


def _mac(key: Keyed, delivery: int) -> str:
    return key.mac(b"%d" % delivery)[:_MAC].hex()
