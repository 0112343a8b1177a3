"""What must hold of the HTML after MJML and premailer, whatever the content.

Each was broken by one of the two at some time or with some option.
"""

import html
import re

from digest.rendering.tokens import tokens

DOCTYPE = "<!DOCTYPE html>"
"""Without it, or in another spelling that premailer drops, browsers go back to 1998."""

_KEPT = {
    "conditional comments for Outlook": "<!--[if ",
    "ends of conditional comments": "<![endif]",
    "media queries": "@media",
}


def faults(mjml: str, before: str, after: str, nonce: str) -> list[str]:
    """What is wrong with ``after``, as premailer made it of ``before`` and mrml of ``mjml``."""
    found = []
    if not after.startswith(DOCTYPE):
        found.append("the doctype is gone")
    for what, mark in _KEPT.items():
        if before.count(mark) != after.count(mark) or mark not in after:
            found.append(f"{after.count(mark)} {what} of {before.count(mark)} are left")
    if _importants(before) != _importants(after):
        found.append(f"{_importants(after)} !important of {_importants(before)} are left")
    found += [
        f"{after.count(token)} {token} of {mjml.count(token)} are left"
        for token in tokens(nonce)
        if mjml.count(token) != after.count(token)
    ]
    if r"\u{" in after and r"\u{" not in html.unescape(mjml):
        found.append("an attribute was printed in Rust's debug format")
    if unknown := re.search(r"</?mj-[a-z-]+", after):
        found.append(f"{unknown[0]} was not understood")
    return found


def _importants(sheet: str) -> int:
    return sheet.count("!important")
