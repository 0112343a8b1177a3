"""Personal parts: tokens that stand in a rendered email for what differs by reader.

``__K3J9QX2A7B_UNSUBSCRIBE_URL__``: plain ASCII, so that nothing on the way escapes or
breaks it. The nonce comes from the hash of the content, which therefore can't hold it,
by accident or on purpose.
"""

import base64
import hashlib
import html
from collections.abc import Mapping
from enum import StrEnum

from digest.rendering.view import View, canonical

_LENGTH = 10


class Field(StrEnum):
    """What differs by reader; addresses of pages are whole URLs, percent-encoded."""

    NAME = "NAME"  # as the reader gave it; may be empty
    ADDRESS = "ADDRESS"  # where the mail goes
    UNSUBSCRIBE_URL = "UNSUBSCRIBE_URL"  # a page with one button
    PREFERENCES_URL = "PREFERENCES_URL"  # topics, frequency, pause
    CONFIRM_URL = "CONFIRM_URL"  # a page with one button; in confirmation mails alone
    ACCOUNT_URL = "ACCOUNT_URL"  # the page of what only they may see; in letters of links alone
    MOVE_URL = "MOVE_URL"  # a page with one button; in letters to another address alone


def nonce(view: View) -> str:
    """Ten letters and digits that the view does not contain; the same for the same view."""
    content = canonical(view)
    digest = hashlib.sha256(content.encode()).digest()
    while (made := base64.b32encode(digest).decode("ascii")[:_LENGTH]) in content:
        digest = hashlib.sha256(digest).digest()
    return made


def token(field: Field, nonce: str) -> str:
    """What stands for the field in a mail with this nonce."""
    return f"__{nonce}_{field.value}__"


def tokens(nonce: str) -> dict[str, Field]:
    """Every token that a mail with this nonce may hold, and its field."""
    return {token(field, nonce): field for field in Field}


def fill_html(content: str, nonce: str, values: Mapping[Field, str]) -> str:
    """The HTML with the values, escaped, in place of their tokens."""
    for field, value in values.items():
        content = content.replace(token(field, nonce), html.escape(value))
    return content


def fill_text(content: str, nonce: str, values: Mapping[Field, str]) -> str:
    """The text with the values in place of their tokens."""
    for field, value in values.items():
        content = content.replace(token(field, nonce), value)
    return content
