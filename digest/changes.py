"""What changed in a story, and whether readers would call it a change.  Pure functions."""

import hashlib
import json
import re
from collections import Counter

from digest.parts import BriefingData
from digest.rendering.language import words

WORDS = 12
"""Words added to or taken from a body from which on the story has moved, not been polished."""

_SENTENCE = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[A-Z0-9\"“‘(])")
_FOOTNOTES = re.compile(r"^\[\^[^\]]+\]:.*$", re.MULTILINE)
_MARKUP = re.compile(r"\[\^[^\]]+\]|[*_`#>]|\]\([^)]*\)|\[")


def content_hash(data: BriefingData) -> str:
    """SHA-256 in hex over every part of the briefing, in one canonical spelling."""
    plain = data.model_dump(mode="json")
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def is_material(before: BriefingData, after: BriefingData) -> bool:
    """True when the status or the takeaway says something else, or the body moved on."""
    return (
        _words(before.status) != _words(after.status)
        or _words(before.key_takeaway) != _words(after.key_takeaway)
        or _moved_words(before.body, after.body) >= WORDS
        or (not after.body and _moved_words(before.summary, after.summary) >= WORDS)
    )


def sentence(before: BriefingData, after: BriefingData, lang: str = "en") -> str:
    """What changed, as the readers of this language read it; empty when nothing material did."""
    said = []
    if _words(before.status) != _words(after.status):
        said.append(_status(before.status, after.status, lang))
    fresh = _first_fresh(before.body, after.body) or _first_fresh(before.summary, after.summary)
    if not fresh and _words(before.key_takeaway) != _words(after.key_takeaway):
        fresh = after.key_takeaway
    if fresh:
        said.append(fresh)
    if not said and is_material(before, after):
        said.append(words(lang).gettext("The text has been revised."))
    return " ".join(said)


def _status(before: str, after: str, lang: str) -> str:
    gettext = words(lang).gettext
    if lang.startswith("en"):  # other languages need not have capitals where English has
        before, after = before.lower(), after.lower()
    if not before:
        said = gettext("Now %(status)s.")
    elif after:
        said = gettext("Now %(status)s (was %(before)s).")
    else:
        said = gettext("Now without a status (was %(before)s).")
    return said % {"status": after, "before": before}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", _MARKUP.sub(" ", _FOOTNOTES.sub("", text)).casefold())


def _moved_words(before: str, after: str) -> int:
    """How many words were put in or taken out, whichever is more.

    Counted, not aligned: the time grows with the length alone, and a paragraph that
    only changed its place is no news.
    """
    if before == after:
        return 0
    had, has = Counter(_words(before)), Counter(_words(after))
    return max((had - has).total(), (has - had).total())


def _first_fresh(before: str, after: str) -> str:
    """The first whole sentence that the text did not have before, without its markup."""
    known = {tuple(_words(said)) for said in _sentences(before)}
    for said in _sentences(after):
        if len(_words(said)) > 3 and tuple(_words(said)) not in known:
            return _MARKUP.sub("", said).strip()
    return ""


def sentences(text: str) -> list[str]:
    """Its sentences, without their markup."""
    return [_MARKUP.sub("", said).strip() for said in _sentences(text)]


def _sentences(text: str) -> list[str]:
    return _SENTENCE.split(" ".join(_FOOTNOTES.sub("", text).split()))
