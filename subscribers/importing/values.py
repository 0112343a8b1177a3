"""What a cell of a list says: a time, a yes, several words; or why it says nothing."""

import contextlib
import csv
import datetime as dt
import functools
import re
import zoneinfo
from collections.abc import Iterable

from digest.errors import Refused
from subscribers import locales

LONGEST_TAG, MOST_TAGS = 100, 100
LONGEST = 5_000
"""Characters of an attribute."""
_LONGEST_OF = {"name": 500, "source": 200, "language": 35}

BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What nothing may hold that is one line."""
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What no text may hold at all; half a surrogate pair, as JSON can spell it, can't be kept."""

_GAP = re.compile(r" (?=[+-]\d\d:?\d\d$)")  # "07:55:20 +0000"
_ABBREVIATION = re.compile(r" [A-Z]{2,5}$")  # of a zone, behind its offset: "+0200 CEST"
_BY_DAY = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})(?:[ T](\d{1,2}):(\d\d))?", re.ASCII)
_PARTS = re.compile(r"[,;|]")
_SECONDS = re.compile(r"1\d{9}(?:\d{3})?", re.ASCII)  # since 1970, or thousandths of them
_IN_WORDS = ("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y")
_YES = frozenset(
    {"true", "yes", "1", "t", "y", "on", "ja", "wahr", "oui", "vrai", "sí", "si", "نعم"}
)
NO = frozenset(
    {"false", "no", "0", "f", "n", "off", "nein", "falsch", "non", "faux", "falso", "لا"}
)


def moment(text: str, name: str = "joined") -> dt.datetime:
    """A date or time as lists have it, in UTC unless it says otherwise."""
    try:
        found = _moment(text)
        found = (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError, OSError):
        found = None
    if found is None or not 1900 <= found.year < 2200:
        raise Refused(f"{name} {text[:60]!r} is no time; write it as 2026-01-31T09:00:00Z.")
    return found


def _moment(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        return dt.datetime.fromisoformat(_GAP.sub("", _ABBREVIATION.sub("", text)))
    except ValueError:
        pass
    if found := _BY_DAY.fullmatch(text):
        return _by_day(*(int(part or 0) for part in found.groups()), dots="." in text)
    if _SECONDS.fullmatch(text):
        return dt.datetime.fromtimestamp(int(text[:10]), dt.UTC)
    for form in _IN_WORDS:
        with contextlib.suppress(ValueError):
            return dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC)
    raise ValueError(text)


def _by_day(
    first: int, second: int, year: int, hour: int, minute: int, *, dots: bool
) -> dt.datetime:
    """31.1.2026 or 1/31/2026; which is which only one beyond 12 tells, or a dot (day first)."""
    if not dots and first <= 12 and second <= 12 and first != second:
        raise ValueError("day or month")
    day, month = (first, second) if dots or first > 12 else (second, first)
    return dt.datetime(year, month, day, hour, minute, tzinfo=dt.UTC)


def listed(text: str) -> list[str]:
    """The parts of a cell with commas, semicolons or bars between; quotes keep one together."""
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1].replace("'", '"')  # a list as a program prints it
    parts: Iterable[str] = (
        next(csv.reader([text], skipinitialspace=True)) if '"' in text else _PARTS.split(text)
    )
    return list(dict.fromkeys(part for part in map(str.strip, parts) if part))


def check(name: str, text: str, clean: bool, unfit: re.Pattern[str] = BREAKS) -> None:
    if not clean and unfit.search(text):
        raise Refused(f"{name} holds a control or line-separator character.")
    longest = _LONGEST_OF.get(name, LONGEST)
    if len(text) > longest:
        raise Refused(too_long(name, text, longest))


def too_long(name: str, text: str, longest: int) -> str:
    return f"{name} has {len(text):,} characters; at most {longest:,} are kept."


def is_yes(name: str, text: str) -> bool:
    word = text.lower()
    if word not in _YES and word not in NO:
        raise Refused(f"{name} {text[:60]!r} is neither yes nor no.")
    return word in _YES


# A list has few languages, zones and countries, and many people.
language = functools.lru_cache(2_000)(locales.language)
country = functools.lru_cache(2_000)(locales.country)


@functools.lru_cache(2_000)
def zone(text: str) -> str:
    """An IANA time zone, in whatever case a service writes it."""
    return locales.zone(_zones().get(text.lower(), text))


@functools.cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in zoneinfo.available_timezones()}
