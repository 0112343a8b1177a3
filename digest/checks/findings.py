"""What a check says, and what it may look at besides the mail."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from digest.rendering.view import EmailView, StoryView


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"  # nothing to do
    WARN = "warn"  # worth a look; an editor may leave it
    BLOCK = "block"  # approval is refused, unless a reason is given


class Place(StrEnum):
    """Where a finding can be mended."""

    NOWHERE = ""  # the mail as a whole, or what no page of ours edits
    SUBJECT = "subject"
    PREHEADER = "preheader"
    TITLE = "title"
    NOTE = "note"  # the editor's
    ITEMS = "items"  # which are in, and how deep
    ITEM = "item"  # one of them: ``where`` is its briefing, ``part`` the part of it
    PARTNER = "partner"  # the partner block
    TOPIC = "topic"  # the topic's settings; ``part`` is the field


_PARTS = {
    "headline": "headline",
    "summary": "summary",
    "key takeaway": "key_takeaway",
    "analysis": "plain_english",
    "root causes": "root_causes",
    "perspective": "perspectives",
    "note": "body",
    "change": "",  # made by us
    **{same: same for same in ("body", "sources", "url", "image_url", "image_alt")},
}
"""What a text of a story is called, and the part of the briefing that it is."""

_PLACES = {
    "title": Place.TITLE,
    "subject": Place.SUBJECT,
    "preheader": Place.PREHEADER,
    "note": Place.NOTE,
    "partner block": Place.PARTNER,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found, in the reader's words; ``mend`` says what to do.

    ``where``: the slug of the briefing at fault, or empty for the mail as a whole.  ``place`` and
    ``part``: where it can be mended, for programs.
    """

    name: str
    level: Level
    message: str
    mend: str = ""
    where: str = ""
    place: Place = Place.NOWHERE
    part: str = ""

    def at(self, slug: str, text: str) -> "Finding":
        """The same of one of the mail's ``texts``, as those are named."""
        if not slug:
            return replace(self, place=_PLACES.get(text, Place.NOWHERE))
        return replace(self, where=slug, place=Place.ITEM, part=_part(text))


@dataclass(frozen=True, slots=True)
class Context:
    """What the checks need to know besides the mail.

    ``relay_on_loopback``: the mails don't leave this machine.  ``minutes_budget`` of
    reading and ``items_budget`` are the topic's; 0 is no limit.  ``dkim_domains``: those that
    mails are signed for.  ``earlier_subjects``: of the topic's last updates, each with what to
    call the update.  ``withdrawn``: slugs of items that were taken back since.
    """

    from_address: str
    relay_on_loopback: bool = False
    minutes_budget: int = 0
    items_budget: int = 0
    dkim_domains: tuple[str, ...] = ()
    earlier_subjects: Mapping[str, str] = field(default_factory=dict)
    withdrawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What all checks found, in their order."""

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing blocks."""
        return not self.blocking

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """What must be mended, or approved despite."""
        return tuple(one for one in self.findings if one.level == Level.BLOCK)

    @property
    def amiss(self) -> tuple[Finding, ...]:
        """All that is not in order: what blocks, and what is worth a look."""
        return tuple(one for one in self.findings if one.level != Level.OK)

    def with_more(self, findings: Iterable[Finding]) -> "Report":
        """The same with these after it."""
        return Report((*self.findings, *findings))

    def as_json(self) -> dict[str, object]:
        """As ``digest check --json`` prints it."""
        return {"passed": self.passed, "checks": [asdict(one) for one in self.findings]}


def _part(text: str) -> str:
    """The part of a briefing that a text of a story is; what could happen next goes by its kind."""
    first = text.partition(" ")[0] if text.startswith(("perspective of ", "note ")) else text
    return _PARTS.get(first, "next")


def stories(view: EmailView) -> Iterator[StoryView]:
    """Every story of the mail, corrections first."""
    yield from view.corrections
    yield from view.stories


def texts(view: EmailView) -> Iterator[tuple[str, str, str]]:
    """Every plain text of the mail: the briefing's slug (or ""), what it is, the text."""
    yield "", "title", view.title
    if view.subject != view.title:
        yield "", "subject", view.subject
    yield "", "preheader", view.preheader
    if view.note:
        yield "", "note", view.note.text
    for story in stories(view):
        yield from ((story.slug, part, text) for part, text in story_texts(story))
    if view.partner:
        yield "", "partner block", f"{view.partner.name}\n{view.partner.text.text}"
    for one in view.perspectives:
        yield "", f"perspective of {one.party}", one.text


def story_texts(story: StoryView) -> Iterator[tuple[str, str]]:
    """Every plain text that a story shows, with what it is."""
    yield "headline", story.headline
    yield "summary", story.summary
    yield "key takeaway", story.key_takeaway
    if story.changed_since:
        yield "change", story.changed_since.sentence
    if story.body:
        yield "body", story.body.text
        yield from ((f"note {note.number}", note.text) for note in story.body.notes)
    yield "analysis", story.analysis.plain_english
    yield "root causes", story.analysis.root_causes
    yield from ((one.kind or "consequence", one.text) for one in story.analysis.next)
    yield from ((f"perspective of {one.party}", one.text) for one in story.perspectives)
