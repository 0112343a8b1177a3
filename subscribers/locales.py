"""Country, language and time zone of a person: the standard's own spelling, or refused.

And in which language we speak to them.
"""

import functools
import re
import zoneinfo

from digest.errors import Refused
from digest.models import Topic
from digest.rendering.language import has_words, tag
from subscribers.models import Subscriber

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


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
