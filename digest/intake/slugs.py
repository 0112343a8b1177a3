"""Slugs from headlines: plain ASCII, the same one each time."""

import hashlib
import re
import unicodedata

LONGEST = 100
_SPELLED = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ı": "i",
    }
)  # letters that Unicode doesn't take apart into a plain one and an accent


def slug_from(headline: str) -> str:
    """The slug of a headline: ``Media's AI Pivot`` gives ``medias-ai-pivot``.

    Letters that have no plain ASCII form can't be shown; so that two headlines in
    Arabic don't share a slug, what is lost is told apart by a piece of a hash.
    """
    lower = unicodedata.normalize("NFKC", headline).casefold().translate(_SPELLED)
    plain = "".join(
        mark for mark in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(mark)
    )
    lost = any(mark.isalnum() and not mark.isascii() for mark in plain)
    spaced = re.sub(r"[\s/_|·:;&+=–—-]+", " ", plain)
    words = re.sub(r"[^a-z0-9 ]", "", spaced).split()
    slug = "-".join(words)
    if slug and not lost and len(slug) <= LONGEST:
        return slug
    cut = slug[:LONGEST].rpartition("-")[0] if len(slug) > LONGEST else slug
    return "-".join([cut or slug[:LONGEST] or "story", _fingerprint(headline)])


def told_apart(slug: str, by: str) -> str:
    """The slug with a piece of a hash of what tells it from another story's."""
    return f"{slug[:LONGEST].rstrip('-')}-{_fingerprint(by)[:6]}"


def _fingerprint(headline: str) -> str:
    spelled = " ".join(unicodedata.normalize("NFC", headline).split())
    return hashlib.sha256(spelled.encode("utf-8", "replace")).hexdigest()[:10]
