"""Dates as people write them: ``17 May 2026``, ``May 17, 2026``, ``2026-05-17``, ``27MAY``."""

import datetime as dt
import re
from collections.abc import Iterator

from digest.intake.outcomes import Unfit, shown

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_FULL = re.compile(
    rf"\b(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<month>{_MONTH})\.?,?\s+(?P<year>\d{{4}})"
    rf"|(?P<month_us>{_MONTH})\.?\s+(?P<day_us>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year_us>\d{{4}})"
    r"|(?P<iso>\d{4}-\d{2}-\d{2}))\b",
    re.IGNORECASE | re.ASCII,
)
_DAY_LINE = re.compile(
    rf"(?:(?P<day>\d{{1,2}})\s*(?P<month>{_MONTH})|(?P<month_us>{_MONTH})\s*(?P<day_us>\d{{1,2}}))"
    r"\.?,?\s*(?P<year>\d{4})?",
    re.IGNORECASE | re.ASCII,
)
SEPARATORS = " \t·•|,–—-"


def full_dates(text: str) -> Iterator[dt.date]:
    """Every date with a year, in the order of the text; what is no day is passed over."""
    for match in _FULL.finditer(text):
        if day := _date_of(match):
            yield day


def trailing_date(text: str) -> tuple[str, dt.date | None]:
    """``Bloomberg· 17 May 2026`` → (``Bloomberg``, the date); without one (text, None)."""
    last = None
    for match in _FULL.finditer(text):
        last = match
    if last is None or text[last.end() :].strip(SEPARATORS + "."):
        return text, None
    return text[: last.start()].rstrip(SEPARATORS), _date_of(last)


def is_day_line(line: str) -> bool:
    """True for a line that is nothing but a day and month, with or without a year."""
    return _DAY_LINE.fullmatch(line) is not None


def day_of_page(line: str, known: list[dt.date]) -> dt.date:
    """The date that a line such as ``27MAY`` means on a page that names ``known`` dates.

    Without a year it takes that of the newest full date on the page.  A page can't
    report what lies after it, so a deadline that would, and a year that would put
    the page before everything it names, are not believed.
    Raises Unfit when the page names no full date or the day doesn't exist.
    """
    match = _DAY_LINE.fullmatch(line)
    if match is None:
        raise Unfit(f"{shown(line)} is no date")
    if match["year"]:
        return _day(match, int(match["year"]))
    if not known:
        raise Unfit(f"{shown(line)} has no year, and no date on the page has one: add it")
    newest_first = sorted(known, reverse=True)
    for date in newest_first:
        if _day(match, date.year) >= date:
            return _day(match, date.year)
    return _day(match, newest_first[0].year + 1)


def _day(match: re.Match[str], year: int) -> dt.date:
    month = _MONTHS.index((match["month"] or match["month_us"])[:3].lower()) + 1
    try:
        return dt.date(year, month, int(match["day"] or match["day_us"]))
    except ValueError:
        raise Unfit(f"{shown(match[0])} is no day of {year}") from None


def _date_of(match: re.Match[str]) -> dt.date | None:
    try:
        if match["iso"]:
            return dt.date.fromisoformat(match["iso"])
        month = _MONTHS.index((match["month"] or match["month_us"])[:3].lower()) + 1
        return dt.date(
            int(match["year"] or match["year_us"]), month, int(match["day"] or match["day_us"])
        )
    except ValueError:
        return None
