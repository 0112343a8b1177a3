"""What the email templates may do with plain values."""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_time, get_timezone_location
from markupsafe import Markup, escape

from digest.rendering import language
from digest.rendering.language import locale
from digest.rendering.markup import paragraphs, words
from digest.rendering.view import CorrectionView, EmailView, View, WelcomeView

Dated = EmailView | CorrectionView
"""Mails with a day of their own, whose year need not be repeated."""

WIDTH = 72
"""Columns of the text part."""

_LEAD = re.compile(r"(?:> ){0,9} *(?:- |\d{1,3}\. |\[\d{1,3}\] )?")


def day(date: dt.date, view: Dated) -> str:
    """ "17 May", with the year where it isn't that of the mail; in the mail's language."""
    wanted = "MMMd" if date.year == view.date.year else "yMMMd"
    return str(format_skeleton(wanted, date, locale=locale(view.lang)))


def moment(when: dt.datetime, view: Dated) -> str:
    """ "17 May, 15:20 UTC", in the topic's zone and the mail's language."""
    here = when.astimezone(ZoneInfo(view.topic.zone))
    time = format_time(here, "HH:mm", locale=locale(view.lang))
    return language.joined(day(here.date(), view), f"{time} {here.tzname()}", view.lang)


def full_day(date: dt.date, view: View) -> str:
    """ "17 June 2026", in the mail's language."""
    return format_date(date, "long", locale=locale(view.lang))


def full_moment(when: dt.datetime, view: WelcomeView) -> str:
    """ "Sunday 17 May 2026, 15:00 London", in the topic's zone and the mail's language."""
    zone, spoken = ZoneInfo(view.topic.zone), locale(view.lang)
    here = when.astimezone(zone)
    city = get_timezone_location(zone, locale=spoken, return_city=True)
    time = format_time(here, "HH:mm", locale=spoken)
    return language.joined(format_date(here, "full", locale=spoken), f"{time} {city}", view.lang)


def listed(names: Sequence[str], view: View) -> str:
    """ "A, B and C", in the mail's language."""
    return language.listed(names, view.lang)


def lines(text: str) -> Markup:
    """A plain text on one line for each of its paragraphs."""
    return Markup("<br />").join(map(escape, paragraphs(text)))


def unbroken(text: str) -> str:
    """The same on one line: a date or a number with its word is never parted."""
    return text.replace(" ", "\u00a0")


def wrap(text: str, width: int = WIDTH) -> str:
    """Lines of at most ``width`` columns, hanging under quotes, numbers and dashes.

    Only what has no spaces is longer, an address for one; code stays as it is.  A wide
    letter (CJK) takes two columns and may end a line.
    """
    return "\n".join(
        wrapped
        for line in text.split("\n")
        for wrapped in ([line] if line.startswith("    ") else _wrapped(line, width))
    )


def underlined(text: str, mark: str = "=") -> str:
    """A heading for the text part."""
    wrapped = wrap(text)
    return f"{wrapped}\n{mark * min(WIDTH, max(map(columns, wrapped.split(chr(10)))))}"


def columns(text: str) -> int:
    """How wide a text stands in a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in {"Mn", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _wrapped(line: str, width: int) -> list[str]:
    found = _LEAD.match(line)
    lead = found[0] if found else ""
    hang = "".join(mark if mark in "> " else " " for mark in lead)
    rows, row, begun = [], lead, False
    for glue, piece in _pieces(line[len(lead) :]):
        if begun and columns(row) + len(glue) + columns(piece) > width:
            rows.append(row)
            row, begun = hang, False
        row += glue + piece if begun else piece
        begun = True
    return [*rows, row.rstrip()]


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """What may stand on a line of its own, each with what parts it from the one before."""
    for word in words(text):
        if word.isascii() or not any(_columns(letter) == 2 for letter in word):
            yield " ", word
        else:
            yield " ", word[0]
            yield from (("", letter) for letter in word[1:])
