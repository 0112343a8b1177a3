"""robots.txt, for what is asked for by itself again and again (RFC 9309)."""

import hashlib
from urllib.parse import urlsplit

from django.core.cache import cache
from protego import Protego

from digest.intake.addresses import NotFetched, Resolve, resolved
from digest.intake.fetch import fetch

KEPT = 24 * 3600
"""Seconds for which a site's answer holds; the RFC allows no more."""

MOST = 500_000
"""Bytes of it that are read, as the RFC has it."""

NAME = "Digest"


def refuse(url: str, resolve: Resolve = resolved) -> None:
    """Raise NotFetched where the site doesn't want a program to ask for this address."""
    if not Protego.parse(_rules(url, resolve)).can_fetch(url, NAME):
        raise NotFetched(f"is closed to programs by its site's robots.txt ({NAME})")


def _rules(url: str, resolve: Resolve) -> str:
    parts = urlsplit(url)
    address = f"{parts.scheme}://{parts.netloc}/robots.txt"
    key = "robots." + hashlib.sha256(address.encode()).hexdigest()
    known: str | None = cache.get(key)
    if known is not None:
        return known
    answer = fetch(address, resolve=resolve)
    if answer.status >= 500:  # the RFC: it may forbid everything, nobody can tell
        raise NotFetched(f"has a robots.txt that can't be read now ({answer.status})")
    text = answer.body[:MOST].decode("utf-8", "replace") if answer.status == 200 else ""
    cache.set(key, text, KEPT)
    return text
