"""People as JSON, with all that is known of them: what an export writes and an import reads.

One JSON document, of one person a line, so that either side may hold a single person at a time:

    {"digest": "subscribers", "version": 1, "people": [
    {"email": …, "subscriptions": [{"topic": …, "state": …, …}]},
    {"suppressed": "<SHA-256 of an address>", "reason": "erased", …}
    ]}
"""

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from digest.errors import Refused
from subscribers import addresses
from subscribers.importing.rows import Ban, Person
from subscribers.importing.table import LONGEST_LINE, Rejected, Row
from subscribers.models import ConsentWay, SubscriptionState, SuppressionReason

HEAD = '{"digest": "subscribers", "version": 1, "people": [\n'
TAIL = "\n]}\n"

_MARK = re.compile(rb'\s*\{\s*"digest"\s*:\s*"subscribers"')
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Agreement(_Strict):
    """A row of Consent."""

    way: ConsentWay
    wording: str
    source: str = ""
    at: dt.datetime
    confirmed: dt.datetime | None = None


class Follows(_Strict):
    """How somebody stands to one topic."""

    topic: str
    state: SubscriptionState
    asked: dt.datetime | None = None
    confirmed: dt.datetime | None = None
    left: dt.datetime | None = None
    left_why: str = ""
    paused_until: dt.datetime | None = None
    consent: str = ""
    consents: list[Agreement] = Field(default_factory=list)


class Known(_Strict):
    """A person."""

    email: str
    name: str = Field("", max_length=500)
    language: str = Field("", max_length=35)
    zone: str = Field("", max_length=64)
    country: str = Field("", max_length=2)
    source: str = Field("", max_length=200)
    joined: dt.datetime | None = None
    tags: list[str] = Field(default_factory=list)
    attributes: dict[str, Any] = Field(default_factory=dict)
    suppressed: SuppressionReason | None = None
    subscriptions: list[Follows] = Field(default_factory=list)


class Banned(_Strict):
    """An address that must not be mailed, by its hash."""

    suppressed: str = Field(pattern=r"^[0-9a-f]{64}$")
    reason: SuppressionReason
    detail: str = ""
    at: dt.datetime


def line(one: Known | Banned) -> str:
    """Somebody's line; what is empty isn't said."""
    return one.model_dump_json(exclude_defaults=True, warnings=False)


def is_one(file: BinaryIO) -> bool:
    """Whether the file is such an export. Refused for other JSON: what it means is not known."""
    head = file.read(200)
    file.seek(0)
    if _MARK.match(head):
        return True
    if head.lstrip()[:1] in (b"{", b"["):
        raise Refused(
            "The file is JSON, but no export of Digest; nothing was imported. Export it as CSV."
        )
    return False


def rows(file: BinaryIO) -> Iterator[Row | Rejected]:
    """The lines between head and tail."""
    number = 0
    while raw := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE:
            yield Rejected(number, f"longer than {LONGEST_LINE:,} bytes; reading stopped here.")
            return
        text = raw.strip().removesuffix(b",")
        if number == 1 or text in (b"", b"]}"):
            continue
        try:
            yield Row(number, [text.decode()])
        except UnicodeDecodeError:
            yield Rejected(number, "is not UTF-8.")


def person(row: Row) -> Person | Ban:
    """Who a line is about; Refused in words that go after "line 7:"."""
    try:
        data = json.loads(row.cells[0])
        one = _Either.model_validate({"one": data}).one
    except (ValueError, RecursionError) as problem:
        raise Refused(f"can't be read: {_words(problem)}") from None
    if isinstance(one, Banned):
        return Ban(row.line, one.suppressed, one.reason, one.detail, one.at)
    if unfit := _unfit(data):
        raise Refused(f"{unfit} holds a control or line-separator character.")
    first, *more = [_follows(row.line, one, said) for said in one.subscriptions] or [
        _follows(row.line, one, None)
    ]
    first.more = more
    return first


class _Either(BaseModel):
    one: Known | Banned


def _follows(line: int, one: Known, said: Follows | None) -> Person:
    person = Person(line, addresses.normal(one.email), one.suppressed, tags=one.tags)
    person.name, person.language, person.zone = one.name, one.language, one.zone
    person.country, person.source, person.joined = one.country, one.source, one.joined
    person.attributes = {name: value for name, value in one.attributes.items() if value != ""}
    if said:
        person.topics, person.exact = [said.topic], True
        person.standing, person.suppression = said.state, one.suppressed
        person.asked, person.confirmed, person.left = said.asked, said.confirmed, said.left
        person.left_why, person.paused_until = said.left_why, said.paused_until
        person.consent = said.consent
        person.consents = [
            (a.way.value, a.wording, a.source, a.at, a.confirmed) for a in said.consents
        ]
    return person


def _unfit(data: Any, name: str = "it") -> str:
    """What of it holds a character that no text may have."""
    if isinstance(data, str):
        return name if _CONTROL.search(data) else ""
    if isinstance(data, dict):
        return next(filter(None, (_unfit(v, str(k)) for k, v in data.items())), "")
    if isinstance(data, list):
        return next(filter(None, (_unfit(v, name) for v in data)), "")
    return ""


def _words(problem: Exception) -> str:
    if isinstance(problem, ValidationError):
        first = problem.errors()[0]
        return f"{first['loc'][-1]}: {first['msg'].lower()}."
    return "it is no JSON."
