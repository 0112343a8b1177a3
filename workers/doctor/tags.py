"""``v=DKIM1; p=…``: the form that DKIM's and DMARC's records have (RFC 6376 3.2)."""

import re

_TAG = re.compile(r"\s*([a-z]+)\s*=\s*([^;]*)", re.IGNORECASE)


def tags_of(record: str) -> dict[str, str]:
    """By name; without blanks, which records may have within a key."""
    found = (_TAG.match(part) for part in record.split(";"))
    return {one[1].lower(): re.sub(r"\s", "", one[2]) for one in found if one}
