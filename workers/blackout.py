"""Blackout days: those on which a schedule lets no update go out.  Pure.

Written as days and ranges parted by commas. ``2026-12-24..2026-12-26`` is that Christmas,
``12-24..12-26`` every one, ``12-30..01-02`` every turn of the year.
"""

import datetime as dt
import re

from digest.errors import Refused

LEAP = 2000
"""A leap year, so that 29 February is a day of every year."""

_RANGE = re.compile(r"(?P<first>[0-9-]+)(?:\s*\.\.\s*(?P<last>[0-9-]+))?")

Range = tuple[str, str]
"""First and last day, both as MM-DD (every year) or both as YYYY-MM-DD; spelled so, days
compare as text."""


def read(text: str) -> list[Range]:
    """The ranges that were written; Refused names what is none."""
    return [_range(part.strip()) for part in text.split(",") if part.strip()]


def spelled(ranges: list[Range]) -> str:
    """The ranges in one spelling, to be kept."""
    return ", ".join(first if first == last else f"{first}..{last}" for first, last in ranges)


def covers(text: str, day: dt.date) -> bool:
    """Whether the day is one of those that were written."""
    return any(_within(one, day) for one in read(text))


def _within(one: Range, day: dt.date) -> bool:
    first, last = one
    spelled = day.isoformat()[-len(first) :]
    if first <= last:
        return first <= spelled <= last
    return spelled >= first or spelled <= last  # over the turn of the year


def _range(text: str) -> Range:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise _no_day(text)
    first, last = match["first"], match["last"] or match["first"]
    if not (_is_day(first) and _is_day(last)) or len(first) != len(last):
        raise _no_day(text)
    if len(first) == len("2026-12-24") and last < first:
        raise Refused(f"{text} ends before it begins; nothing was changed.")
    return first, last


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text if len(text) == len("2026-12-24") else f"{LEAP}-{text}")
    except ValueError:
        return False
    return len(text) in {len("12-24"), len("2026-12-24")}


def _no_day(text: str) -> Refused:
    return Refused(
        f"{text[:40]!r} is no blackout day; nothing was changed. Write 2026-12-24, "
        "2026-12-24..2026-12-26, or 12-24..12-26 for every year"
    )
