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
from collections.abc import Callable, Iterator
from typing import Annotated, Any, BinaryIO

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from digest.errors import Refused
from subscribers import addresses, locales
from subscribers.importing.rows import Ban, Person
from subscribers.importing.table import DAMAGED, LONGEST_LINE, Rejected, Row
from subscribers.importing.values import BREAKS, CONTROL, LONGEST, LONGEST_TAG
from subscribers.models import SubscriptionState, SuppressionReason
from subscribers.requested import ConsentWay
from subscribers.rules import attribute_name

HEAD = '{"digest": "subscribers", "version": 1, "people": [\n'
TAIL = "\n]}\n"

_MARK = re.compile(rb'\s*\{\s*"digest"\s*:\s*"subscribers"')
_OF_LINES = {"left_why", "consent", "wording", "detail", "attributes"}
"""What may have several lines."""


def _or_empty(standard: Callable[[str], str]) -> AfterValidator:
    return AfterValidator(lambda text: standard(text) if text else "")


def _likely(moment: dt.datetime) -> dt.datetime:
    if not 1900 <= moment.year < 2200:
        raise ValueError("is no time of ours")
    return moment


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


Time = Annotated[AwareDatetime, AfterValidator(_likely)]
Tag = Annotated[str, Field(min_length=1, max_length=LONGEST_TAG)]
AttributeName = Annotated[str, AfterValidator(attribute_name)]
AttributeText = Annotated[str, BeforeValidator(_as_text), Field(max_length=LONGEST)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Agreement(_Strict):
    """A row of Consent."""

    way: ConsentWay
    wording: str
    source: str = Field("", max_length=200)
    at: Time
    confirmed: Time | None = None


class Follows(_Strict):
    """How somebody stands to one topic."""

    topic: str
    state: SubscriptionState
    asked: Time | None = None
    confirmed: Time | None = None
    left: Time | None = None
    left_why: str = ""
    paused_until: Time | None = None
    consent: str = ""
    consents: list[Agreement] = Field(default_factory=list)


class Known(_Strict):
    """A person."""

    email: str
    name: str = Field("", max_length=500)
    language: Annotated[str, _or_empty(locales.language)] = ""
    zone: Annotated[str, _or_empty(locales.zone)] = ""
    country: Annotated[str, _or_empty(locales.country)] = ""
    source: str = Field("", max_length=200)
    joined: Time | None = None
    tags: list[Tag] = Field(default_factory=list)
    attributes: dict[AttributeName, AttributeText] = Field(default_factory=dict)
    suppressed: SuppressionReason | None = None
    subscriptions: list[Follows] = Field(default_factory=list)


class Banned(_Strict):
    """An address that must not be mailed, by its hash."""

    suppressed: str = Field(pattern=r"^[0-9a-f]{64}$")
    reason: SuppressionReason
    detail: str = ""
    at: Time


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
    while True:
        number += 1
        try:
            raw = file.readline(LONGEST_LINE + 1)
        except DAMAGED:
            yield Rejected(number, "the archive is damaged here; reading stopped.")
            return
        if not raw:
            return
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
        unfit = _unfit(data)
        one = _Either.model_validate({"one": data}).one
    except (ValueError, RecursionError) as problem:
        raise Refused(f"can't be read: {_words(problem)}") from None
    if unfit:
        raise Refused(f"{unfit} holds a control or line-separator character.")
    if isinstance(one, Banned):
        return Ban(row.line, one.suppressed, one.reason, one.detail, one.at)
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


def _unfit(data: Any, name: str = "it", unfit: re.Pattern[str] = BREAKS) -> str:
    """What of it holds a character that its text may not have."""
    if isinstance(data, str):
        return name if unfit.search(data) else ""
    if isinstance(data, dict):
        parts = ((v, str(k), CONTROL if k in _OF_LINES else unfit) for k, v in data.items())
        return next(filter(None, (_unfit(*part) for part in parts)), "")
    if isinstance(data, list):
        return next(filter(None, (_unfit(v, name, unfit) for v in data)), "")
    return ""


def _words(problem: Exception) -> str:
    if isinstance(problem, ValidationError):
        first = problem.errors()[0]
        return f"{first['loc'][-1]}: {first['msg'].lower()}."
    return "it is no JSON."
