"""From a row of a list to a person, or why it can't be one."""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from digest.errors import Refused
from subscribers import addresses, locales
from subscribers.importing.table import cell
from subscribers.models import SubscriptionState, SuppressionReason
from subscribers.rules import attribute_name

FIELDS = ("email", "name", "status", "topics", "tags", "language", "zone", "joined", "source")
"""The columns of an export, in their order; then ``country`` and one for each attribute."""

_OTHER_NAMES = {
    "email": ("e-mail", "email address", "e-mail address", "mail"),
    "name": ("full name", "display name"),
    "first name": ("firstname", "given name"),
    "last name": ("lastname", "surname", "family name"),
    "status": ("subscription status",),
    "topics": ("topic", "lists", "list"),
    "tags": ("tag", "labels"),
    "language": ("lang", "locale"),
    "zone": ("time zone", "timezone"),
    "joined": ("joined at", "created at", "subscribed at", "date added", "subscription date"),
    "source": ("signup source",),
    "country": ("country code",),
}

_STATES = {
    **dict.fromkeys(("confirmed", "active", "subscribed"), SubscriptionState.CONFIRMED),
    **dict.fromkeys(("pending", "unconfirmed"), SubscriptionState.PENDING),
    "paused": SubscriptionState.PAUSED,
    **dict.fromkeys(("unsubscribed", "inactive", "left"), SubscriptionState.UNSUBSCRIBED),
}
SUPPRESSED = {
    "bounced": SuppressionReason.HARD_BOUNCE,
    "complained": SuppressionReason.COMPLAINT,
    "suppressed": SuppressionReason.IMPORTED,
}
"""States of an address rather than of a person; in an export they stand before any other."""

_BARRED = {**SUPPRESSED, "cleaned": SUPPRESSED["bounced"], "spam": SUPPRESSED["complained"]}

_LONGEST = {"name": 500, "source": 200, "language": 35}
_LONGEST_TAG, _MOST_TAGS = 100, 100
_ATTRIBUTE = 5_000
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_GAP = re.compile(r" (?=[+-]\d\d:?\d\d$)")  # "07:55:20 +0000"
_PARTS = re.compile(r"[,;|]")


@dataclass(slots=True)
class Person:
    """What one row says of somebody. Empty: it says nothing about that."""

    line: int
    email: str
    state: SubscriptionState | None = None
    barred: SuppressionReason | None = None
    topics: Sequence[str] = ()
    tags: Sequence[str] = ()
    joined: dt.datetime | None = None
    values: dict[str, str] = field(default_factory=dict)  # name, language, zone, source, country
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Columns:
    """Where each field stands in a row, and which columns are attributes."""

    places: Mapping[str, int]
    attributes: Sequence[tuple[int, str]]

    @classmethod
    def of(cls, header: Sequence[str]) -> "Columns":
        """Read a header. A field's own name wins over its other names, those over an attribute;
        a column without a name is ignored. Refused without an email column."""
        places: dict[str, int] = {}
        for match in (_exactly, _by_name, _by_other_name):
            for index, name in enumerate(header):
                found = match(name)
                if found and found not in places and index not in places.values():
                    places[found] = index
        if "name" in places:
            places.pop("first name", None)
            places.pop("last name", None)
        if "email" not in places:
            said = re.sub(r"[^ -~\u00a1-\ud7ff]+", "?", ", ".join(header))[:80]
            raise Refused(
                f"The first line names no email column, it says “{said}”; "
                "nothing was imported. Call one of its columns email."
            )
        rest = [(i, name) for i, name in enumerate(header) if name and i not in places.values()]
        names = [attribute_name(name) for _, name in rest]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise Refused(f"Two columns are called {twice!r}; nothing was imported. Rename one.")
        return cls(places, rest)

    def person(self, line: int, cells: Sequence[str]) -> Person:
        """The row's person; Refused, in words that go after "line 7:", where it has none."""
        says = {name: cell(cells[index]) for name, index in self.places.items()}
        email = addresses.normal(says["email"])
        for name, text in says.items():
            _check(name, text, _BREAKS, _LONGEST.get(name, _ATTRIBUTE))
        person = Person(line, email)
        _stand(person, says.get("status", "").lower())
        person.topics = _list(says.get("topics", ""))
        person.tags = _list(says.get("tags", ""))
        if len(person.tags) > _MOST_TAGS or any(len(tag) > _LONGEST_TAG for tag in person.tags):
            raise Refused(f"has over {_MOST_TAGS} tags, or one of over {_LONGEST_TAG} characters.")
        if joined := says.get("joined"):
            person.joined = moment(joined)
        for index, name in self.attributes:
            if text := cell(cells[index]):
                person.attributes[name] = _check(name, text, _CONTROL, _ATTRIBUTE)
        _values(person, says)
        return person


def moment(text: str) -> dt.datetime:
    """A date or time as lists have it, in UTC unless it says otherwise."""
    try:
        found = dt.datetime.fromisoformat(_GAP.sub("", text.removesuffix(" UTC")))
        found = (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None or not 1900 <= found.year < 2200:
        raise Refused(f"joined {text!r} is no time; write it as 2026-01-31T09:00:00Z.")
    return found


def _exactly(name: str) -> str:
    return name if name in _OTHER_NAMES else ""


def _by_name(name: str) -> str:
    return _exactly(_plain(name))


def _by_other_name(name: str) -> str:
    return next((own for own, others in _OTHER_NAMES.items() if _plain(name) in others), "")


def _plain(name: str) -> str:
    return name.lower().replace("_", " ")


def _check(name: str, text: str, unfit: re.Pattern[str], longest: int) -> str:
    if unfit.search(text):
        raise Refused(f"{name} holds a control or line-separator character.")
    if len(text) > longest:
        raise Refused(f"{name} has {len(text):,} characters; at most {longest:,} are kept.")
    return text


def _stand(person: Person, status: str) -> None:
    person.state, person.barred = _STATES.get(status), _BARRED.get(status)
    if status and person.state is None and person.barred is None:
        known = ", ".join([*SubscriptionState.values, *SUPPRESSED])
        raise Refused(f"status {status!r} is not known; write one of {known}.")


def _list(text: str) -> list[str]:
    parts = (part.strip() for part in _PARTS.split(text)) if text else ()
    return list(dict.fromkeys(part for part in parts if part))


def _values(person: Person, says: Mapping[str, str]) -> None:
    full = " ".join(filter(None, (says.get("first name", ""), says.get("last name", ""))))
    person.values = {"name": says.get("name", "") or full, "source": says.get("source", "")}
    readers: dict[str, Callable[[str], str]] = {
        "language": locales.language,
        "zone": locales.zone,
    }
    for name, read in readers.items():
        person.values[name] = read(text) if (text := says.get(name, "")) else ""
    country, person.values["country"] = says.get("country", ""), ""
    try:
        person.values["country"] = locales.country(country) if country else ""
    except Refused:
        # No country column is promised, so one that says "Ireland" is as good as any other.
        person.attributes["country"] = country
