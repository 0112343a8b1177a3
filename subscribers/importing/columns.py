"""Which column of a list holds what: guessed from its header, and changed as somebody says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from digest.errors import Refused
from subscribers.importing.doubts import is_unsure
from subscribers.importing.services import (
    ANY_NAMES,
    BOUNCED,
    CSV,
    DIGEST,
    EVERY,
    LEFT,
    MEDIUM,
    SERVICES,
    Field,
    Service,
    Standing,
    plain,
)
from subscribers.importing.table import Table
from subscribers.rules import attribute_name

FIELDS = ("email", "name", "status", "topics", "tags", "language", "zone", "joined", "source")
"""The columns of an export, in their order (contract); then MORE, then one for each attribute."""

MORE = ("country", "paused_until", "consent", "asked", "confirmed", "left", "left_why")
"""Columns that an export has only where they are wanted."""

ATTRIBUTE = "attribute."
"""Before the name of an attribute that would else be taken for one of these."""

_OWN_NAMES = {
    name: Field(name) for name in (
        *FIELDS, Field.COUNTRY, Field.FIRST_NAME, Field.LAST_NAME, Field.SUBSCRIBED,
        Field.OPTED_OUT,
    )
}  # fmt: skip
# Not "consent", "left" and "confirmed": in a list of any kind these may well say "no".

_SEVERAL = {
    Field.JOINED, Field.TAGS, Field.LEFT, Field.LEFT_WHY, Field.STATUS, Field.ATTRIBUTE,
    Field.UNSURE,
}  # fmt: skip
"""What may stand in more than one column."""


def attribute_column(name: str) -> str:
    """What an export calls an attribute's column."""
    taken = name in FIELDS or name in MORE or name.startswith(ATTRIBUTE)
    return f"{ATTRIBUTE}{name}" if taken else name


class NoAddresses(Refused):
    """There is no column of addresses; beside lists of people such a file is none."""


@dataclass(frozen=True)
class Columns:
    """What each column holds, and whose list it is."""

    service: Service
    fields: Sequence[Field]
    names: Sequence[str]  # as an attribute is called, for the columns that are one
    headless: bool = False
    all_stand: Standing | None = None  # what the list says of all who are in it
    strict: frozenset[int] = frozenset()  # columns that are named as ours are: held to what we say
    said: frozenset[int] = frozenset()  # columns of which a person said what they hold
    out: Standing | None = None  # what a person says of all who are in it: they are out

    def places(self, wanted: Field) -> list[int]:
        """Where this field stands."""
        return [at for at, found in enumerate(self.fields) if found is wanted]

    def is_doubted(self, at: int) -> bool:
        """Whether what stands there is kept, and nobody said that it means no more than that."""
        return self.service is CSV and at not in self.said and self.out is None


def columns(
    table: Table, *, file: str = "", service: str = "", said: Mapping[str, str] | None = None
) -> Columns:
    """Read a table's header. ``said``: what a person says that columns hold, by their names.

    Refused without an email column, with two attributes of one name, or when ``said`` makes no
    sense.
    """
    owner = EVERY[service] if service else _owner(table)
    header = table.header
    fields = _guessed(header, owner)
    for name, what in (said or {}).items():
        for at in _named(header, name):
            fields[at] = _field(what)
    if said and Field.EMAIL in [_field(what) for what in said.values()]:
        _take_from_others(fields, header, said)
    if Field.EMAIL not in fields and table.address_at is not None:
        fields[table.address_at] = Field.EMAIL
    if Field.EMAIL not in fields:
        shown = re.sub(r"[^ -~\u00a1-\ud7ff]+", "?", ", ".join(header))[:80]
        raise NoAddresses(
            f"The first line names no email column, it says “{shown}”; nothing was imported. "
            "Call the column with the addresses email."
        )
    if Field.NAME in fields:
        fields = [Field.IGNORE if f in {Field.FIRST_NAME, Field.LAST_NAME} else f for f in fields]
    ours = owner in (CSV, DIGEST)
    strict = frozenset(at for at, name in enumerate(header) if ours and name in FIELDS)
    return Columns(owner, fields, _attributes(header, fields), table.headless,
                   _of_all(owner, header, file), strict, _spoken_of(header, said))  # fmt: skip


def unknown(said: Mapping[str, str], header: Sequence[str]) -> list[str]:
    """Columns that somebody spoke of and the list doesn't have."""
    return [name for name in said if not _named(header, name)]


def _owner(table: Table) -> Service:
    if table.headless:
        return MEDIUM if len(table.header) == 1 else CSV
    if tuple(table.header[: len(FIELDS)]) == FIELDS:
        return DIGEST
    names = {plain(name) for name in table.header}
    return next((s for s in SERVICES if any(mark <= names for mark in s.marks)), CSV)


def _guessed(header: Sequence[str], owner: Service) -> list[Field]:
    """A field's own name wins over the service's names, those over what any list may say."""
    fields: dict[int, Field] = {}
    names = [plain(name) for name in header]
    for match in _matches(header, names, owner):
        for at, found in enumerate(match):
            if found and at not in fields and (found in _SEVERAL or found not in fields.values()):
                fields[at] = found
    return [fields.get(at) or _other(name, owner) for at, name in enumerate(header)]


def _other(name: str, owner: Service) -> Field:
    """A column that no table knows."""
    if owner.ignores_others or not name or plain(name) in owner.ignored:
        return Field.IGNORE
    return Field.UNSURE if owner is CSV and is_unsure(name) else Field.ATTRIBUTE


def _matches(
    header: Sequence[str], names: Sequence[str], owner: Service
) -> list[list[Field | None]]:
    if owner is DIGEST:
        own = {name: Field(plain(name)) for name in (*FIELDS, *MORE)}
        return [[own.get(name) for name in header]]
    others = {name: found for found, many in ANY_NAMES.items() for name in many}
    left = ["" if name in owner.ignored else name for name in names]
    return [
        [owner.columns.get(name) for name in left],
        [_OWN_NAMES.get(name) for name in header],
        [_OWN_NAMES.get(name) for name in left],
        [others.get(name) for name in left],
    ]


def _named(header: Sequence[str], name: str) -> list[int]:
    exactly = [at for at, one in enumerate(header) if one == name]
    return exactly or [at for at, one in enumerate(header) if plain(one) == plain(name)]


def _field(what: str) -> Field:
    try:
        return Field(plain(what))
    except ValueError:
        known = ", ".join(Field.values)
        raise Refused(
            f"A column can't hold {what!r}; nothing was imported. Known: {known}."
        ) from None


def _take_from_others(fields: list[Field], header: Sequence[str], said: Mapping[str, str]) -> None:
    """Somebody said which column holds the address: one that was guessed doesn't."""
    spoken = _spoken_of(header, said)
    for at, found in enumerate(fields):
        if found is Field.EMAIL and at not in spoken:
            fields[at] = Field.ATTRIBUTE


def _spoken_of(header: Sequence[str], said: Mapping[str, str] | None) -> frozenset[int]:
    return frozenset(at for name in said or {} for at in _named(header, name))


def _attributes(header: Sequence[str], fields: Sequence[Field]) -> list[str]:
    names = []
    for name, found in zip(header, fields, strict=True):
        own = name.removeprefix(ATTRIBUTE)
        kept = found in {Field.ATTRIBUTE, Field.UNSURE}
        if kept:
            attribute_name(own)
            if own in names:
                raise Refused(f"Two columns are called {own!r}; nothing was imported. Rename one.")
        names.append(own if kept else "")
    return names


def _of_all(owner: Service, header: Sequence[str], file: str) -> Standing | None:
    """What the list says of everybody in it: by a column that only such lists have, or its name."""
    names = {plain(name) for name in header}
    if owner.all_left and owner.all_left in names:
        return LEFT
    if owner.all_bounced and owner.all_bounced in names:
        return BOUNCED
    said = plain(file.rpartition("/")[2])
    return next((stands for word, stands in owner.files if re.search(word, said)), None)
