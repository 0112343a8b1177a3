"""Country, language and time zone of a person: the standard's own spelling, or refused.

And in which language we speak to them.
"""

import functools
import re
import zoneinfo

from digest.errors import Refused
from digest.models import Topic
from digest.rendering.language import has_words, message, tag
from subscribers.models import Subscriber

LONGEST_NAME = 500
NO_NAME = message("A name can’t hold line breaks or control characters.")
LONG_NAME = message("A name has at most 500 characters.")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_REGIONS = {
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
    "Indian", "Pacific",
}  # fmt: skip
_COUNTRY = re.compile(r"[A-Za-z]{2}", re.ASCII)


def country(text: str) -> str:
    """ISO 3166-1 alpha-2, in capitals."""
    if not _COUNTRY.fullmatch(text):
        raise Refused(f"{text!r} is no country; write its two letters (ISO 3166-1), as in GB.")
    return text.upper()


def language(text: str) -> str:
    """A BCP 47 tag, cased as RFC 5646 2.1.1 recommends; ``en_gb`` is ``en-GB``."""
    return tag(text)


def spoken(person: Subscriber, topic: Topic) -> str:
    """Of pages and letters to this person: their own language where we have its words, else the
    topic's."""
    return person.language if has_words(person.language) else topic.language or "en"


def zone(text: str) -> str:
    """An IANA time zone."""
    if text not in _zones():
        raise Refused(f"{text!r} is no time zone; write an IANA name as in Europe/London.")
    return text


def name(text: str) -> str:
    """A person's name, as they write it; refused with what no header may hold."""
    if _CONTROL.search(text):
        raise Refused(NO_NAME)
    if len(text) > LONGEST_NAME:
        raise Refused(LONG_NAME)
    return text


@functools.cache
def zones() -> tuple[str, ...]:
    """Those that people choose from: a place each, without the names of former times."""
    return tuple(sorted(one for one in _zones() if one.partition("/")[0] in _REGIONS))


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
