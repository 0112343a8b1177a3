"""Reading a segment's rule: from JSON as people and forms write it to a checked tree.

    {"all": [{"field": "topic", "is": "medias-ai-pivot"}, {"field": "country", "in": ["GB", "IE"]},
             {"not": {"field": "tag", "is": "trial"}}, {"field": "joined", "before": "2026-01-01"}]}

How a rule is to be understood:

- A missing value (an empty text is missing) satisfies no operator, so its ``not`` holds.
- Text is compared exactly, capitals included: databases differ in anything laxer.
- ``tag``, ``topic`` and ``received`` are many: one that fits is enough.
- ``joined``: a moment with an offset, or a whole day in UTC; ``after`` a day begins with the next.
- ``attribute.<name>`` is a text. Compared with a number it has to be written like one, with a
  day it has to begin like one (2026-01-31); any other text satisfies no comparison.
- ``received`` an update (``topic/2``): a mail server took it, and it didn't bounce.
- ``sample.<name>`` is a number from 0 to 100 that each person drew for this name: ``before`` 5 are
  five in a hundred of all people, and always the same ones; ``before`` 50 and ``at_least`` 50 are
  halves. Another name draws anew.

Nothing here touches the database; ``segments`` compiles the tree to a query.
"""

import datetime as dt
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from digest.errors import Refused
from subscribers import locales
from subscribers.models import SubscriptionState

DEEPEST = 20
LONGEST = 1000  # values in one list
MOST = 200  # conditions in one rule

_EQUAL = ("is", "in")
_ORDER = ("before", "after", "at_least", "at_most")
OPERATORS = {
    "topic": (*_EQUAL, "exists"),
    "tag": (*_EQUAL, "contains", "exists"),
    "country": (*_EQUAL, "exists"),
    "language": (*_EQUAL, "contains", "exists"),
    "zone": (*_EQUAL, "contains", "exists"),
    "source": (*_EQUAL, "contains", "exists"),
    "joined": ("is", *_ORDER, "exists"),
    "status": (*_EQUAL, "exists"),
    "received": (*_EQUAL, "exists"),
    "attribute": (*_EQUAL, "contains", *_ORDER, "exists"),
    "sample": ("before", "at_least"),
}
"""What each field may be asked; those of NAMED stand for ``attribute.<name>`` and the like."""
NAMED = ("attribute", "sample")

_UPDATE = re.compile(r"([a-z0-9-]{1,120})/([1-9][0-9]{0,8})", re.ASCII)
_SLUG = re.compile(r"[a-z0-9-]{1,120}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UNFIT_NAME = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')


@dataclass(frozen=True)
class Span:
    """A stretch of time; both ends belong to it. A moment is as long as nothing."""

    first: dt.datetime
    last: dt.datetime


@dataclass(frozen=True)
class Condition:
    """One field asked one thing. ``is`` x is read as ``in`` [x], but for ``joined``.

    ``value``: a tuple for ``in`` (texts; for ``received`` pairs of slug and number), a text for
    ``contains``, a Span for ``joined``, a float or a date for an attribute's comparisons, a float
    for ``sample``, and True for ``exists``.
    """

    field: str
    operator: str
    value: Any
    name: str = ""  # of the attribute or sample
    place: str = ""  # in the rule, for what only the database can refuse


@dataclass(frozen=True)
class Every:
    """Each part holds."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True)
class Some:
    """At least one part holds."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True)
class Not:
    """The part doesn't hold."""

    part: "Node"


Node = Every | Some | Not | Condition


class Mistake(Refused):
    """Something that is no rule: ``why``, and at which ``place``, written as all[1].not.field."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place or 'rule'}: {why}")
        self.place, self.why = place, why


def parse(text: str) -> Any:
    """The JSON of a rule; Refused where it is broken or names a key twice."""
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as problem:
        raise Refused(f"The rule is no JSON: {problem}. {_EXAMPLE}") from None
    except ValueError:  # Python reads no number of thousands of digits
        raise Refused("The rule holds a number that is too long; nothing was changed.") from None
    except RecursionError:
        raise Refused(f"The rule is nested deeper than {DEEPEST}; nothing was changed.") from None


def read(rule: Any) -> Node:
    """The rule as a tree; a Mistake, with its place, for anything else."""
    return _Reader().node(rule, "", DEEPEST)


def attribute_name(name: str, of: str = "attribute") -> str:
    """The name, if a person's attribute (or a sample) may have it: both databases find it by any.

    No quote or backslash: SQLite before 3.45 can't address a JSON key with one.
    """
    if not name or len(name) > 100 or _UNFIT_NAME.search(name):
        raise Refused(
            f"{name[:100]!r} can't name {_A[of]}: write 1 to 100 characters without quotes, "
            "backslashes and control characters."
        )
    return name


_A = {"attribute": "an attribute", "sample": "a sample"}
_EXAMPLE = 'Write for example {"field": "tag", "is": "trade"}'


def _refuse(place: str, why: str) -> NoReturn:
    raise Mistake(place, why)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    once: dict[str, Any] = {}
    for key, value in pairs:
        if key in once:
            raise Refused(f"The rule names {key!r} twice in one object; only one would count.")
        once[key] = value
    return once


class _Reader:
    """Walks a rule and counts its conditions."""

    def __init__(self) -> None:
        self.conditions = 0

    def node(self, rule: Any, place: str, depth: int) -> Node:
        if not isinstance(rule, Mapping):
            _refuse(place, f"this is no object. {_EXAMPLE}")
        if not depth:
            _refuse(place, f"the rule is nested deeper than {DEEPEST}.")
        if "field" in rule:
            return self.condition(rule, place)
        if len(rule) != 1 or (word := next(iter(rule))) not in {"all", "any", "not"}:
            _refuse(
                place,
                f"found {_listed(rule)} where one of all, any, not or a field should be. "
                + _EXAMPLE,
            )
        inside = f"{place}.{word}" if place else str(word)
        if word == "not":
            return Not(self.node(rule[word], inside, depth - 1))
        parts = rule[word]
        if not isinstance(parts, list) or not parts:
            _refuse(inside, "write a list of one rule or more.")
        read = tuple(
            self.node(part, f"{inside}[{index}]", depth - 1) for index, part in enumerate(parts)
        )
        return Every(read) if word == "all" else Some(read)

    def condition(self, rule: Mapping[str, Any], place: str) -> Condition:
        self.conditions += 1
        if self.conditions > MOST:
            _refuse(place, f"the rule has more than {MOST} conditions.")
        dot = f"{place}." if place else ""
        field, name = _field(rule["field"], f"{dot}field")
        others = [key for key in rule if key != "field"]
        if len(others) != 1:
            _refuse(place, f"write the field and one operator; found {_listed(others)}.")
        operator, at = others[0], f"{dot}{others[0]}"
        if operator not in OPERATORS[field]:
            _refuse(at, f"{field} takes {', '.join(OPERATORS[field])}.")
        value = _value(field, operator, rule[operator], at)
        if operator == "is" and field != "joined":
            operator, value = "in", (value,)
        return Condition(field, operator, value, name, at)


def _field(field: Any, place: str) -> tuple[str, str]:
    """The field, and the name behind its dot where it is one of NAMED."""
    if field == "clicked":
        _refuse(place, "clicks are counted by link: whose they were is not known.")
    kind, dot, name = field.partition(".") if isinstance(field, str) else ("", "", "")
    if dot and kind in NAMED:
        try:
            return kind, attribute_name(name, of=kind)
        except Refused as problem:
            _refuse(place, str(problem))
    if dot or kind not in OPERATORS or kind in NAMED:
        known = ", ".join(name + ".<name>" * (name in NAMED) for name in OPERATORS)
        _refuse(place, f"there is no field {field!r}. Fields are {known}.")
    return kind, ""


def _value(field: str, operator: str, value: Any, place: str) -> Any:
    if operator == "exists":
        if value is not True:
            _refuse(place, 'write true; for the contrary {"not": {…, "exists": true}}.')
        return True
    if operator == "contains":
        return _text(value, place)
    if operator == "in":
        if not isinstance(value, list) or not 0 < len(value) <= LONGEST:
            _refuse(place, f"write a list of 1 to {LONGEST} values.")
        return tuple(_READERS[field](item, f"{place}[{index}]") for index, item in enumerate(value))
    if field == "attribute" and operator in _ORDER:
        return _number_or_day(value, operator, place)
    return _READERS[field](value, place)


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value or _UNPRINTABLE.search(value):
        _refuse(place, "write a text in quotes, neither empty nor with control characters.")
    return value


def _by(standard: Callable[[str], str]) -> Callable[[Any, str], str]:
    def read(value: Any, place: str) -> str:
        try:
            return standard(_text(value, place))
        except Mistake:
            raise
        except Refused as problem:
            _refuse(place, str(problem))

    return read


def _slug(value: Any, place: str) -> str:
    if not _SLUG.fullmatch(_text(value, place)):
        _refuse(place, f"{value!r} is no topic; write its slug, as in medias-ai-pivot.")
    return str(value)


def _status(value: Any, place: str) -> str:
    if value not in SubscriptionState.values:
        _refuse(
            place, f"there is no status {value!r}. It is {', '.join(SubscriptionState.values)}."
        )
    return str(value)


def _update(value: Any, place: str) -> tuple[str, int]:
    match = _UPDATE.fullmatch(_text(value, place))
    if not match:
        _refuse(place, f"{value!r} is no update; write topic/number, as in medias-ai-pivot/2.")
    return match[1], int(match[2])


def _span(value: Any, place: str) -> Span:
    try:
        text = _text(value, place)
        if _DAY.fullmatch(text):
            day = dt.date.fromisoformat(text)
            return Span(
                dt.datetime.combine(day, dt.time.min, dt.UTC),
                dt.datetime.combine(day, dt.time.max, dt.UTC),
            )
        moment = dt.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            _refuse(place, f"{value!r} has no offset; write 2026-01-31 or 2026-01-31T09:00:00Z.")
        moment = moment.astimezone(dt.UTC)
        return Span(moment, moment)
    except (ValueError, OverflowError):
        _refuse(place, f"{value!r} is no time; write 2026-01-31 or 2026-01-31T09:00:00Z.")


def _number_or_day(value: Any, operator: str, place: str) -> float | dt.date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return _span(value, place).first.date()
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # A whole number may be too large for a float, and then has no finite counterpart.
    if operator in {"at_least", "at_most"} and number and abs(value) <= sys.float_info.max:
        return float(value)
    _refuse(
        place,
        "write a day, as in 2026-01-31"
        + (", or a number." if operator in {"at_least", "at_most"} else "."),
    )


def _percent(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        _refuse(place, "write a number from 0 to 100, as in 5 for five in a hundred.")
    return float(value)


def _listed(keys: Any) -> str:
    return ", ".join(repr(key) for key in keys) or "nothing"


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "topic": _slug,
    "tag": _text,
    "country": _by(locales.country),
    "language": _by(locales.language),
    "zone": _by(locales.zone),
    "source": _text,
    "joined": _span,
    "status": _status,
    "received": _update,
    "attribute": _text,
    "sample": _percent,
}
