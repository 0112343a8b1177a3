"""A sent update and its stories as the archive's templates read them.  No database here."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from digest.models import Depth, Item, Kind, Update
from digest.parts import BriefingData, Perspective
from digest.rendering import markup

_SENTENCE = re.compile(r"(?<=[.!?])[\"”’)]*\s")


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote, with the places to go there and back."""

    number: int
    anchor: str
    back: str
    html: SafeString


@dataclass(frozen=True, slots=True)
class Story:
    """One item: the briefing as that update carried it."""

    data: BriefingData
    position: int
    kind: Kind
    depth: Depth
    headline: str
    summary: list[str]
    body: SafeString
    notes: list[Note]
    own_perspectives: list[Perspective]
    """Those that no other story of the update holds."""
    plain_english: list[str]
    root_causes: list[str]
    since: int | None
    """The number of the update that carried it last."""
    change: str
    url: str

    @property
    def sentence(self) -> str:
        """The first sentence, for a brief."""
        text = " ".join(self.summary)
        end = _SENTENCE.search(text)
        return text[: end.start() + 1].strip() if end else text


@dataclass(frozen=True, slots=True)
class Issue:
    """An update: its stories in their order, its note, and what several stories share."""

    stories: list[Story]
    note: SafeString
    perspectives: list[Perspective]
    """Views told in more than one story: shown once, at the update's end."""
    minutes: int


def issue(update: Update, items: Sequence[Item]) -> Issue:
    """The update as a page shows it."""
    shared = _shared([item.data for item in items])
    stories = [story(item, shared) for item in items]
    return Issue(
        stories=stories,
        note=_trusted(markup.render(update.note, "note").html),
        perspectives=shared,
        minutes=sum(one.data.read_minutes for one in stories if one.depth == Depth.LEAD)
        + sum(1 for one in stories if one.depth != Depth.LEAD),
    )


def story(item: Item, shared: Sequence[Perspective] = ()) -> Story:
    """An item's briefing with its prose rendered; wording for that update only wins."""
    data = item.data
    prose = markup.render(data.body, f"s{item.position}")
    return Story(
        data=data,
        position=item.position,
        kind=Kind(item.kind),
        depth=Depth(item.depth),
        headline=item.headline or data.headline,
        summary=markup.paragraphs(item.summary or data.summary),
        body=_trusted(prose.html),
        notes=[
            Note(note.number, note.anchor, note.back, _trusted(note.html)) for note in prose.notes
        ],
        own_perspectives=[view for view in data.perspectives if view not in shared],
        plain_english=markup.paragraphs(data.analysis.plain_english),
        root_causes=markup.paragraphs(data.analysis.root_causes),
        since=item.changed_since.number if item.changed_since else None,
        change=item.change,
        url=f"{item.update.get_absolute_url()}{data.slug}/",
    )


def _shared(stories: Sequence[BriefingData]) -> list[Perspective]:
    """The views that more than one story holds, each once."""
    told = Counter(view for data in stories for view in set(data.perspectives))
    ordered = dict.fromkeys(view for data in stories for view in data.perspectives)
    return [view for view in ordered if told[view] > 1]


def _trusted(html: str) -> SafeString:
    """``markup`` has cleaned it (nh3), so templates print it as it is."""
    return mark_safe(html)  # noqa: S308
