"""A briefing as plain data: the shape that intake makes and the database keeps.

The fields are those of the contract's "Briefing JSON". Values here are checked
and frozen; nothing in this module touches the database.
"""

import datetime as dt
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

LINE = 500
"""Characters in a headline, name or other single line: ten times a long headline."""

TEXT = 300_000
"""Characters in a body: the rendering pipeline takes no more (email document)."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LINE)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=TEXT)]
Url = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Slug = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=120),
]


class Part(BaseModel):
    """A frozen piece of a briefing; unknown keys are refused where it is built by code."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(Part):
    """Who reported it: name, and where known the day and the address."""

    name: Line
    date: dt.date | None = None
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

    party: Line
    text: Text


class Image(Part):
    """A picture, with what it shows in words."""

    url: Url
    alt: Line = ""


class FirstReport(Part):
    """The update that first reported a briefing, as its source says."""

    update: int = Field(ge=1)
    title: Line = ""
    date: dt.date | None = None


class BriefingData(Part):
    """One story on a topic. Identity is topic + slug.

    ``body`` is Markdown with footnotes as ``[^1]`` and their text as ``[^1]: …``.
    ``published_at`` and ``updated_at`` carry an offset. ``extra`` keeps what the
    source said beyond the known keys.
    """

    slug: Slug
    topic: Slug
    headline: Annotated[Line, StringConstraints(min_length=1)]
    short_headline: Line = ""
    published_at: AwareDatetime
    updated_at: AwareDatetime | None = None
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
