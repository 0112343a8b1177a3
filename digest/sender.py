"""Whom mails are from: one mailbox, told alike by every reader of the From header."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from digest.errors import Refused
from digest.international import in_ascii

LONGEST = 320
"""Characters, name and address together."""

_NOBODY = ("example", "example.com", "example.org", "example.net", "test", "invalid", "localhost")
"""Domains that belong to nobody (RFC 2606)."""

_MAILBOX = re.compile(r'(?:"[^"\\]*"|[^"<>@,;]*?) *<([^<>"\s]+)>|([^<>"\s]+)')

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def one_mailbox(text: str) -> str:
    """``Media Desk <news@example.org>`` or a bare address; Refused when it is neither (RFC 5322).
    A domain in other letters comes back as mail servers write it, since not all of them know it.

    Lists, comments, line breaks and quoted local parts are none: what parsers disagree about
    would come to light only when the first mail is made.
    """
    text = text.strip()
    found = _MAILBOX.fullmatch(text) if _plain(text) else None  # which long texts would hold up
    address = (found[1] or found[2]) if found else ""
    if not _address(address):
        raise Refused(
            f"{text[:80]!r} is no sender; nothing was changed. Write one address, with or without "
            "a name, e.g. Media Desk <news@example.org>"
        )
    local, _, domain = address.rpartition("@")
    return text if domain.isascii() else text.replace(address, f"{local}@{in_ascii(domain)}")


def is_nobodys(domain: str) -> bool:
    """Whether nobody can own this domain; so too of none."""
    name = domain.lower().rstrip(".")
    return not name or any(name == one or name.endswith(f".{one}") for one in _NOBODY)


def _plain(text: str) -> bool:
    return len(text) <= LONGEST and not _CONTROL.search(text)


def _address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
