"""The view model: everything an email says, as plain data.

Between the database (``story.py`` builds it) and the templates (which only lay it
out).  What an item's depth leaves out is not in the view, so that the hash of a view
is the hash of what readers see.  HTML is found in ``Prose`` alone, sanitised by
``markup.py``; every other string is plain text.
"""

import datetime as dt
import hashlib
import json
from typing import Any, Literal

from pydantic import Field

from digest.parts import Analysis, Image, Part, Perspective, Source
from digest.rendering.markup import Prose

Direction = Literal["ltr", "rtl"]
"""How the language is written: left to right, or right to left."""

Kind = Literal["new", "continuing", "correction"]
"""What an item is to readers (``models.Kind``)."""

Depth = Literal["lead", "standard", "brief"]
"""How much of a briefing an item shows (``models.Depth``)."""


class Imprint(Part):
    """Whose mail it is: the footer's name and postal address (may be empty).

    ``base_url`` has no slash at its end; links to our own pages are made from it alone.
    """

    from_name: str
    postal_address: str = ""
    base_url: str


class Logo(Part):
    """A topic's logo: a picture of ours, and the CSS pixels that it takes up."""

    url: str
    width: int
    height: int


class TopicView(Part):
    """The topic; ``accent`` as #rrggbb, ``url`` of its archive, ``zone`` that of its times."""

    name: str
    slug: str
    accent: str
    url: str
    zone: str = "UTC"
    logo: Logo | None = None


class UpdateLink(Part):
    """An update named in passing; no ``url`` when it isn't one of ours."""

    number: int
    title: str = ""
    date: dt.date | None = None
    url: str = ""


class Change(Part):
    """What changed in a carried story since the update ``number``."""

    number: int
    sentence: str


class StoryView(Part):
    """A story, with what its depth shows of it.

    ``anchor``: its place in the mail. ``url``: the story in full, on the web.
    ``closed``: its status says that it is over. ``read_minutes``: in full. ``minutes``: of
    what stands here. ``as_of``: when it was last brought up to date; of a lead alone.
    ``section``: the heading that stands above it, where a section begins with it.
    """

    slug: str
    anchor: str
    kind: Kind
    depth: Depth
    headline: str
    url: str
    read_minutes: int
    minutes: int
    as_of: dt.datetime | None = None
    section: str = ""
    tag: str = ""
    status: str = ""
    closed: bool = False
    first_reported: UpdateLink | None = None
    changed_since: Change | None = None
    summary: str = ""
    key_takeaway: str = ""
    body: Prose | None = None
    analysis: Analysis = Analysis()
    perspectives: tuple[Perspective, ...] = ()
    sources: tuple[Source, ...] = ()
    image: Image | None = None


class PartnerView(Part):
    """What a partner paid for: no story, and marked as what it is by ``label`` wherever it stands.

    ``site``: the host that ``url`` leads to, as readers see it. ``picture``: one of ours.
    """

    label: str
    name: str
    text: Prose
    url: str
    site: str
    place: Literal["first", "last"]
    picture: Logo | None = None
    alt: str = ""


class EmailView(Part):
    """An update as one mail.

    ``number`` is what the update would get when ``provisional``. ``perspectives``:
    those that several stories share. ``missed``: updates that this variant's readers
    did not get. ``clicks``: how often its links are followed is counted.
    """

    kind: Literal["update"] = "update"
    lang: str = "en"
    dir: Direction = "ltr"
    topic: TopicView
    imprint: Imprint
    number: int = Field(ge=1)
    provisional: bool = False
    date: dt.date
    reading_minutes: int = Field(ge=1)
    title: str
    subject: str
    preheader: str = ""
    note: Prose | None = None
    corrections: tuple[StoryView, ...] = ()
    stories: tuple[StoryView, ...] = ()
    perspectives: tuple[Perspective, ...] = ()
    partner: PartnerView | None = None
    missed: tuple[UpdateLink, ...] = ()
    clicks: bool = False
    web_url: str


class ConfirmView(Part):
    """The mail that asks whether somebody really subscribed.

    It names topics, and nothing that whoever typed the address could have written.
    """

    kind: Literal["confirm"] = "confirm"
    lang: str = "en"
    dir: Direction = "ltr"
    accent: str
    imprint: Imprint
    topics: tuple[str, ...] = Field(min_length=1)
    subject: str
    preheader: str


class WelcomeView(Part):
    """The mail that greets whoever has just confirmed: what they will get, and when.

    ``items`` and ``minutes``: what an update holds at most (0: as it comes).  ``next_at``: when
    the next one is planned.  ``latest``: the last one that went out.
    """

    kind: Literal["welcome"] = "welcome"
    lang: str = "en"
    dir: Direction = "ltr"
    topic: TopicView
    imprint: Imprint
    subject: str
    preheader: str
    description: str = ""
    items: int = 0
    minutes: int = 0
    next_at: dt.datetime | None = None
    latest: UpdateLink | None = None


class CorrectionView(Part):
    """The mail to those who got an update that said something wrong.

    ``text`` says what was wrong and what is right; ``stories`` are those that it is about, as
    they stand now; ``update`` is the one that was wrong.
    """

    kind: Literal["correction"] = "correction"
    lang: str = "en"
    dir: Direction = "ltr"
    topic: TopicView
    imprint: Imprint
    subject: str
    preheader: str
    date: dt.date
    update: UpdateLink
    text: Prose
    stories: tuple[StoryView, ...] = ()
    clicks: bool = False


class LetterView(Part):
    """A few lines to one reader, about what they asked for at their own links.

    Nothing in it is of theirs or of anybody else's who may have asked. ``link``: where the
    button leads; none without a button. ``preferences``: whether it names their page, too.
    """

    kind: Literal["letter"] = "letter"
    lang: str = "en"
    dir: Direction = "ltr"
    accent: str
    imprint: Imprint
    subject: str
    preheader: str
    paragraphs: tuple[str, ...] = Field(min_length=1)
    link: Literal["", "ACCOUNT_URL", "MOVE_URL"] = ""
    button: str = ""
    after: tuple[str, ...] = ()
    preferences: bool = False


View = EmailView | ConfirmView | WelcomeView | CorrectionView | LetterView

_VIEWS: dict[str, type[View]] = {
    "confirm": ConfirmView,
    "welcome": WelcomeView,
    "correction": CorrectionView,
    "letter": LetterView,
}


def template(view: View) -> str:
    """The name of the templates that lay it out."""
    return view.kind if view.kind in _VIEWS else "update"


def accent(view: View) -> str:
    """The accent of the topic it is about."""
    return view.accent if isinstance(view, ConfirmView | LetterView) else view.topic.accent


def as_view(plain: dict[str, Any]) -> View:
    """The view that was written as JSON; pydantic's ValidationError where it is none."""
    return _VIEWS.get(str(plain.get("kind")), EmailView).model_validate(plain)


def named(view: View) -> str:
    """What to call the mail in an error, with the story that most of it comes from."""
    if not isinstance(view, EmailView):
        return f"The {view.kind} mail"
    mail = f"Update #{view.number} of {view.topic.name}"
    stories = [*view.stories, *view.corrections]
    if not stories:
        return mail
    longest = max(stories, key=lambda story: len(story.model_dump_json()))
    return f"Briefing {longest.slug!r}, the longest in {mail},"


def canonical(view: View) -> str:
    """The view as JSON in one spelling: keys sorted, no spaces, UTF-8 as it is."""
    plain = view.model_dump(mode="json")
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def content_hash(view: View) -> str:
    """SHA-256 in hex over the canonical JSON: what an approval is bound to."""
    return hashlib.sha256(canonical(view).encode()).hexdigest()
