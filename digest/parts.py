"""A briefing as plain data: the shape that intake makes and the database keeps.

The fields are those of the contract's "Briefing JSON". Values here are checked
and frozen; nothing in this module touches the database.
"""

import datetime as dt
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

LINE = 500
"""Characters in a headline, name or other single line: ten times a long headline."""

TEXT = 300_000
"""Characters in a body: the rendering pipeline takes no more (email document)."""

# A line goes into mail headers and terminals, so nothing in it may break or steer them.
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
PRINTABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?(?P<offset>[Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_IN_NO_ADDRESS = re.compile(r"[\s\x00-\x20\x7f-\x9f<>\"\\]")
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _unix_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _web_address(url: str) -> str:
    """Only what a reader's click may open: never ``javascript:``, ``data:`` or ``file:``."""
    if not url:
        return url
    if _IN_NO_ADDRESS.search(url):
        raise ValueError("has a character that no address may have; percent-encode it")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is no http(s) address")
    return url


def _moment(value: Any) -> Any:
    """Text must be RFC 3339 with an offset; numbers are refused, they may mean anything."""
    if isinstance(value, dt.datetime):
        return value
    match = _RFC_3339.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError("is no date with time and offset; write it as 2026-05-15T09:00:00Z")
    if not match["offset"]:
        raise ValueError("has no offset; write for example 2026-05-15T09:00:00Z or …+02:00")
    return dt.datetime.fromisoformat(match[0].upper())


def _to_utc(moment: dt.datetime) -> dt.datetime:
    """In UTC, so that the same instant always has the same spelling (and the same hash)."""
    if not 1900 <= moment.year < 2200:
        raise ValueError(f"is in the year {moment.year:04}; write one between 1900 and 2199")
    return moment.astimezone(dt.UTC)


def _day(value: Any) -> Any:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if not isinstance(value, str) or not _ISO_DAY.fullmatch(value.strip()):
        raise ValueError("is no day; write it as 2026-05-17")
    return dt.date.fromisoformat(value.strip())


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LINE, pattern=ONE_LINE)]
Name = Annotated[Line, StringConstraints(min_length=1)]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=TEXT, pattern=PRINTABLE),
    AfterValidator(_unix_newlines),
]
Url = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=2000),
    AfterValidator(_web_address),
]
Slug = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=120),
]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_to_utc)]
Day = Annotated[dt.date, BeforeValidator(_day)]


class Part(BaseModel):
    """A frozen piece of a briefing; unknown keys are refused where it is built by code."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(Part):
    """Who reported it: name, and where known the day and the address."""

    name: Name
    date: Day | None = None
    url: Url = ""


class Consequence(Part):
    """One thing that could happen next, with a kind such as "Meaning" (open vocabulary)."""

    kind: Line = ""
    text: Text


class Analysis(Part):
    """The deep analysis; any of its three parts may be empty."""

    plain_english: Text = ""
    root_causes: Text = ""
    next: tuple[Consequence, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.plain_english or self.root_causes or self.next)


class Perspective(Part):
    """How one party sees it."""

    party: Name
    text: Text


class Image(Part):
    """A picture, with what it shows in words."""

    url: Annotated[Url, StringConstraints(min_length=1)]
    alt: Line = ""


class FirstReport(Part):
    """The update that first reported a briefing, as its source says."""

    update: int = Field(ge=1, le=1_000_000)
    title: Line = ""
    date: Day | None = None


class BriefingData(Part):
    """One story on a topic. Identity is topic + slug.

    ``body`` is Markdown with footnotes as ``[^1]`` and their text as ``[^1]: …``.
    ``published_at`` and ``updated_at`` are given with an offset and kept in UTC.
    ``extra`` keeps what the source said beyond the known keys.
    """

    slug: Slug
    topic: Slug
    headline: Name
    short_headline: Line = ""
    published_at: Moment
    updated_at: Moment | None = None
    read_minutes: int = Field(default=1, ge=1, le=600)
    tag: Line = ""
    status: Line = ""
    first_reported_in: FirstReport | None = None
    summary: Text = ""
    key_takeaway: Text = ""
    body: Text = ""
    sources: tuple[Source, ...] = ()
    analysis: Analysis = Analysis()
    perspectives: tuple[Perspective, ...] = ()
    image: Image | None = None
    importance: int = Field(default=0, ge=-100, le=100)
    url: Url = ""
    extra: dict[str, Any] = Field(default_factory=dict)
