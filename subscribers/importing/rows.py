"""From a row of a list to a person, or why it can't be one."""

import contextlib
import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from digest.errors import Refused
from subscribers import addresses
from subscribers.importing.columns import Columns
from subscribers.importing.doubts import doubt, refuse
from subscribers.importing.services import (
    BARRED,
    BOUNCED,
    COMPLAINED,
    CONFIRMED,
    DIGEST,
    LEFT,
    PAUSED,
    PENDING,
    WORDS,
    Field,
    Standing,
)
from subscribers.importing.table import Row, cell, unguarded
from subscribers.importing.values import (
    BREAKS,
    CONTROL,
    LONGEST,
    LONGEST_TAG,
    MOST_TAGS,
    NO,
    check,
    country,
    is_yes,
    language,
    listed,
    moment,
    too_long,
    zone,
)
from subscribers.models import SubscriptionState, SuppressionReason
from subscribers.rules import attribute_name

_YES_AND_NO = {
    Field.SUBSCRIBED: (CONFIRMED, LEFT),
    Field.DISABLED: (LEFT, CONFIRMED),
    Field.OPTED_OUT: (LEFT, None),
}
_WORST_FIRST: Sequence[Standing] = (COMPLAINED, BOUNCED, BARRED, LEFT, PENDING, PAUSED, CONFIRMED)
_TELLS_WHO_LEFT = {
    Field.EMAIL, Field.STATUS, Field.LEFT, Field.BOUNCED, Field.SUBSCRIBED, Field.DISABLED,
    Field.OPTED_OUT,
}  # fmt: skip

Taker = Callable[["Person", str], None]
"""Takes over what a cell says."""

SUPPRESSED = {"bounced": BOUNCED, "complained": COMPLAINED, "suppressed": BARRED}
"""States of an address rather than of a person; in an export they stand before any other."""


@dataclass(slots=True)
class Person:
    """What one row says of somebody. Empty: it says nothing about that."""

    line: int
    email: str
    standing: Standing | None = None
    topics: Sequence[str] = ()
    tags: Sequence[str] = ()
    name: str = ""
    language: str = ""
    zone: str = ""
    country: str = ""
    source: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    joined: dt.datetime | None = None
    asked: dt.datetime | None = None
    confirmed: dt.datetime | None = None
    left: dt.datetime | None = None
    left_why: str = ""
    paused_until: dt.datetime | None = None
    consent: str = ""
    consents: Sequence[tuple[object, ...]] = ()  # our own records of them
    suppression: SuppressionReason | None = None  # beside how they stand, where both are told
    exact: bool = False  # what it doesn't say of a new subscription is so: it is all we knew
    more: Sequence["Person"] = ()  # how they stand to other topics, otherwise
    file: str = ""

    @property
    def barred(self) -> SuppressionReason | None:
        """Why the list says that they can't be mailed."""
        return self.standing if isinstance(self.standing, SuppressionReason) else self.suppression


@dataclass(frozen=True, slots=True)
class Ban:
    """An address that must not be mailed, of which nothing but its hash is known."""

    line: int
    key: str
    reason: SuppressionReason
    detail: str
    at: dt.datetime
    email: str = ""
    file: str = ""


class Reader:
    """Makes people of the rows under one header."""

    def __init__(self, columns: Columns, file: str = "") -> None:
        """``file``: the list's path in an archive."""
        self.columns, self.file = columns, file
        service = columns.service
        self._words = {**WORDS, **service.words}
        takers = [_takers(strict=False), _takers(strict=True)]
        self._own = service is DIGEST
        self._cell = unguarded if self._own else cell
        self._exact = self._own and bool(columns.places(Field.CONSENT))
        self._source = "" if columns.places(Field.SOURCE) else "import"
        self._email = columns.places(Field.EMAIL)[0]
        self._attributes = [
            (at, name, self._cell, doubt(name) if columns.is_doubted(at) else None)
            for at, name in enumerate(columns.names)
            if name
        ]
        skipped = {Field.EMAIL, Field.ATTRIBUTE, Field.UNSURE, Field.IGNORE}
        self._fields = [
            (at, found, takers[at in columns.strict].get(found))
            for at, found in enumerate(columns.fields)
            if found not in skipped
        ]
        # A row may end early, but not before it has said who left.
        self._least = 1 + max(
            at for at, found in enumerate(columns.fields) if found in _TELLS_WHO_LEFT
        )

    def person(self, row: Row) -> Person:
        """The row's person; Refused, in words that go after "line 7:", where it has none."""
        line, cells = row
        if len(cells) < len(self.columns.fields):
            cells = self._filled(cells)
        clean = not BREAKS.search("".join(cells))
        person = Person(
            line, addresses.normal(cell(cells[self._email])),
            self.columns.out or self.columns.all_stand, file=self.file,
        )  # fmt: skip
        says: dict[Field, str] = {}
        for at, found, take in self._fields:
            text = cells[at]
            if not text:
                continue
            text = self._cell(text) if found in _AS_WRITTEN else cell(text)
            if text:
                check(found, text, clean, CONTROL if found in _LONG else BREAKS)
                if take:
                    take(person, text)
                elif found is Field.STATUS and Field.STATUS in says:
                    says[found] += f"\n{text}"
                else:
                    says[found] = text
        for at, name, read, may_be_out in self._attributes:
            if cells[at] and (text := read(cells[at])):
                if may_be_out and may_be_out(text):
                    refuse(name, text)
                if not clean and CONTROL.search(text):
                    raise Refused(f"{name} holds a control or line-separator character.")
                if len(text) > LONGEST:
                    raise Refused(too_long(name, text, LONGEST))
                person.attributes[name] = text
        if says:
            self._say(person, says)
        self._settle(person)
        person.source = person.source or self._source
        person.exact = self._exact
        return person

    def _filled(self, cells: list[str]) -> list[str]:
        """The row with the empty cells that its writer left away."""
        if len(cells) < self._least:
            raise Refused(
                f"has {len(cells)} cells where the header has {len(self.columns.fields)}: it ends "
                "before the column that says who left."
            )
        return cells + [""] * (len(self.columns.fields) - len(cells))

    def _settle(self, person: Person) -> None:
        """What a time says of how they stand, and since when."""
        person.joined = person.joined or person.confirmed
        if person.standing is None and (person.confirmed or person.consent):
            person.standing = CONFIRMED

    def _say(self, person: Person, says: Mapping[Field, str]) -> None:
        """What several columns say together: the name's parts, and how somebody stands."""
        if not person.name:
            parts = (says.get(Field.FIRST_NAME), says.get(Field.LAST_NAME))
            person.name = " ".join(filter(None, parts))
        found = [self._standing(word) for word in says.get(Field.STATUS, "").split("\n") if word]
        for name, (yes, no) in _YES_AND_NO.items():
            if (text := says.get(name)) and not _is_day(person, name, text):
                found.append(yes if is_yes(name, text) else no)
        known = [one for one in (*found, person.standing) if one]
        if known:
            person.standing = min(known, key=_WORST_FIRST.index)

    def _standing(self, status: str) -> Standing | None:
        word = status.lower().replace("_", " ")
        if word not in self._words:
            if self.columns.out:
                return None
            known = ", ".join([*SubscriptionState.values, *SUPPRESSED])
            raise Refused(f"status {status!r} is not known; write one of {known}.")
        return self._words[word]


def _is_day(person: Person, name: Field, text: str) -> bool:
    """A day in place of a yes is the one on which they subscribed; perhaps they left since."""
    if name is not Field.SUBSCRIBED or len(text) < len("1/1/2026"):
        return False
    with contextlib.suppress(Refused):
        day = moment(text)
        person.joined = min(day, person.joined or day)
        return True
    return False


# ---- what a cell says, taken over ----------------------------------------------------------------


def _text(name: str) -> Taker:
    def take(person: Person, text: str) -> None:
        setattr(person, name, text)

    return take


def _time(name: str, *, strict: bool) -> Taker:
    def take(person: Person, text: str) -> None:
        try:
            setattr(person, name, moment(text, name))
        except Refused:
            if strict:
                raise

    return take


def _joined(*, strict: bool) -> Taker:
    """The earliest counts; a day that doesn't exist loses nobody."""

    def take(person: Person, text: str) -> None:
        try:
            found = moment(text)
        except Refused:
            if strict:
                raise
            return
        person.joined = min(found, person.joined or found)

    return take


def _left(person: Person, text: str) -> None:
    """Whoever has a day on which they left has left, even where it is no day."""
    if text.lower() in NO:
        return
    person.standing = LEFT
    with contextlib.suppress(Refused):
        person.left = moment(text, "left")


def _bounced(person: Person, text: str) -> None:
    if text.lower() in NO:
        return
    person.standing = BOUNCED
    with contextlib.suppress(Refused):
        person.left = moment(text, "bounced")


def _topics(person: Person, text: str) -> None:
    person.topics = listed(text)


def _tags(person: Person, text: str) -> None:
    person.tags = list(dict.fromkeys([*person.tags, *listed(text)]))
    if len(person.tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in person.tags):
        raise Refused(f"has over {MOST_TAGS} tags, or one of over {LONGEST_TAG} characters.")


def _known(name: str, read: Callable[[str], str], *, lenient: bool) -> Taker:
    """The standard's own spelling; what it doesn't know is kept as an attribute, or refused."""

    def take(person: Person, text: str) -> None:
        try:
            setattr(person, name, read(text))
        except Refused:
            if not lenient:
                raise
            person.attributes[name] = text

    return take


def _json(person: Person, text: str) -> None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refused("its attributes are no JSON object.")
    for name, value in found.items():
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if value not in (None, "", [], {}):
            check(name, said, clean=False, unfit=CONTROL)
            person.attributes[attribute_name(name)] = said


_LONG = {Field.LEFT_WHY, Field.CONSENT, Field.ATTRIBUTES}
"""What may have several lines."""

_AS_WRITTEN = {Field.NAME, Field.SOURCE, Field.CONSENT, Field.LEFT_WHY}
"""Whose spaces our own export keeps."""


def _takers(*, strict: bool) -> Mapping[Field, Taker]:
    """What is done with a field's text. The other fields say together how somebody stands, or
    what they are called."""
    return {
        Field.NAME: _text("name"),
        Field.SOURCE: _text("source"),
        Field.LEFT_WHY: _text("left_why"),
        Field.CONSENT: _text("consent"),
        Field.TOPICS: _topics,
        Field.TAGS: _tags,
        Field.LANGUAGE: _known("language", language, lenient=not strict),
        Field.ZONE: _known("zone", zone, lenient=not strict),
        # No country column is promised, so one that says "Ireland" is as good as any other.
        Field.COUNTRY: _known("country", country, lenient=True),
        Field.JOINED: _joined(strict=strict),
        Field.ASKED: _time("asked", strict=strict),
        Field.CONFIRMED: _time("confirmed", strict=strict),
        Field.LEFT: _time("left", strict=True) if strict else _left,
        Field.BOUNCED: _bounced,
        Field.PAUSED_UNTIL: _time("paused_until", strict=True),
        Field.ATTRIBUTES: _json,
    }
