"""Numbers and days in a text, each in one spelling: $700,000 = $700k = 700 thousand dollars."""

import datetime as dt
import re
from collections.abc import Iterator

SCALES = {
    "k": 1e3, "thousand": 1e3, "tsd": 1e3,
    "m": 1e6, "mn": 1e6, "mln": 1e6, "million": 1e6, "millions": 1e6, "mio": 1e6,
    "bn": 1e9, "b": 1e9, "billion": 1e9, "billions": 1e9, "mrd": 1e9,
    "tn": 1e12, "trillion": 1e12,
}  # fmt: skip
CURRENCIES = {
    "$": "$", "dollar": "$", "dollars": "$", "usd": "$",
    "£": "£", "pound": "£", "pounds": "£", "gbp": "£",
    "€": "€", "euro": "€", "euros": "€", "eur": "€", "¥": "¥", "yen": "¥",
}  # fmt: skip
PERCENT = {"%", "percent", "pc", "prozent"}
_FIRST_TEN = "first second third fourth fifth sixth seventh eighth ninth tenth"
_ORDINALS = _FIRST_TEN.split()
_UP_TO_TWENTY = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
)
_TENS = "thirty forty fifty sixty seventy eighty ninety"
SPELT = (
    {word: float(at) for at, word in enumerate(_UP_TO_TWENTY.split(), 1)}
    | {word: float(10 * at) for at, word in enumerate(_TENS.split(), 3)}
    | {"dozen": 12.0, "half": 0.5}
)
ORDINALS = {word: at for at, word in enumerate(_ORDINALS, 1)}
_YEAR = "january february march april may june july august september october november december"
MONTHS = _YEAR.split()
_WEEK = "monday tuesday wednesday thursday friday saturday sunday"
DAYS = _WEEK.split()
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if name != "may" else "may" for name in MONTHS)
_SCALE = "|".join(sorted(SCALES, key=len, reverse=True))
_UNIT = "|".join(sorted((word for word in CURRENCIES if word.isalpha()), key=len, reverse=True))
_DATE = re.compile(
    rf"\b(?P<day>[0-3]?\d)(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})\b\.?"
    rf"|\b(?P<month2>{_MONTH})\.?\s+(?P<day2>[0-3]?\d)(?:st|nd|rd|th)?\b(?![.,]?\d)"
    r"|\b\d{4}-(?P<month3>[01]\d)-(?P<day3>[0-3]\d)\b",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(rf"\b({'|'.join(DAYS)}|today|tonight|yesterday)\b", re.IGNORECASE)
_AFTER = (
    rf"(?:[\s-]?(?P<scale>{_SCALE})\b)?"
    rf"(?:\s?(?P<unit>%|per\s?cent\b|pc\b|prozent\b|(?:{_UNIT})\b))?"
)
_FIGURE = re.compile(
    r"(?P<figure>\d{1,3}(?:[, \u00a0\u202f]\d{3})+(?!\d)|\d+)(?P<point>\.\d+)?" + _AFTER,
    re.IGNORECASE,
)
_SPELT = re.compile(rf"\b(?P<spelt>{'|'.join(SPELT)})\b" + _AFTER, re.IGNORECASE)
_QUARTER = re.compile(rf"\bq([1-4])\b|\b({'|'.join(_ORDINALS[:4])})[- ]quarter\b", re.IGNORECASE)


def numbers_and_days(text: str, published: dt.date) -> tuple[list[str], list[str]]:
    """The text's numbers as ``$700000``, ``5%``, ``7`` or ``q1``, and its days as ``05-15``.

    A day of the week is the last one that wasn't after publication.
    """
    days: list[str] = []
    for match in _DATE.finditer(text):
        days += _day(match)
    rest = _DATE.sub(" ", text)
    days += [_by_weekday(name.lower(), published) for name in _WEEKDAY.findall(rest)]
    numbers = [f"q{_quarter(match)}" for match in _QUARTER.finditer(rest)]
    numbers += _numbers(_QUARTER.sub(" ", rest))
    return list(dict.fromkeys(numbers)), list(dict.fromkeys(days))


def value(number: str) -> tuple[str, float]:
    """Unit and size of a number as ``numbers_and_days`` writes it."""
    if number[:1] in "$£€¥":
        return number[0], float(number[1:])
    if number.startswith("q"):
        return "q", float(number[1:])
    return ("%", float(number[:-1])) if number.endswith("%") else ("", float(number))


def _day(match: re.Match[str]) -> Iterator[str]:
    if match["month3"]:
        yield f"{match['month3']}-{match['day3']}"
        return
    day, name = (match["day"] or match["day2"]), (match["month"] or match["month2"])
    month = next(at for at, full in enumerate(MONTHS, 1) if full[:3] == name.lower()[:3])
    if 1 <= int(day) <= 31 and name[0].isupper():  # it may 5 times
        yield f"{month:02}-{int(day):02}"


def _by_weekday(name: str, published: dt.date) -> str:
    if name in {"today", "tonight"}:
        back = 0
    elif name == "yesterday":
        back = 1
    else:
        back = (published.weekday() - DAYS.index(name)) % 7
    return f"{published - dt.timedelta(days=back):%m-%d}"


def _quarter(match: re.Match[str]) -> int:
    return int(match[1]) if match[1] else ORDINALS[match[2].lower()]


def _numbers(text: str) -> Iterator[str]:
    for match in _FIGURE.finditer(text):
        before = text[max(0, match.start() - 2) : match.start()].rstrip()[-1:]
        if before.isalpha() and text[match.start() - 1].isalpha():
            continue  # a name's: GPT4, A24
        size = float(re.sub(r"\D", "", match["figure"]) + (match["point"] or ""))
        yield _spelt(size, match, CURRENCIES.get(before, ""))
    for match in _SPELT.finditer(text):
        yield _spelt(SPELT[match["spelt"].lower()], match, "")


def _spelt(size: float, match: re.Match[str], sign: str) -> str:
    size *= SCALES.get((match["scale"] or "").lower(), 1)
    unit = re.sub(r"\s", "", match["unit"] or "").lower()
    said = f"{size:.10g}" if size < 1e10 else f"{size:.0f}"
    return f"{said}%" if unit in PERCENT else f"{sign or CURRENCIES.get(unit, '')}{said}"
