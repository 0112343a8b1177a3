"""How stories go on from update to update: a story's timeline, what changed, what is closed.

Of what was frozen in updates alone; what a briefing says today is not asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet

from digest.models import Item, Kind, Stage, Topic, Update

STORIES = 20
"""Stories of a kind on a topic's page."""


class Place(NamedTuple):
    """A story's place in an update, and what changed in it then, as far as that may be told."""

    item: Item
    change: str


@dataclass(frozen=True)
class Told:
    """A story in a span of updates: its last place there, and what changed, each time it did."""

    item: Item
    changes: tuple[Place, ...] = ()


@dataclass
class Comparison:
    """What an update and those before it, back to an earlier one, brought."""

    earlier: Update
    later: Update
    new: list[Told] = field(default_factory=list)
    changed: list[Told] = field(default_factory=list)
    closed: list[Told] = field(default_factory=list)
    quiet: list[Told] = field(default_factory=list)
    """Open stories of the earlier update of which no later one had anything to tell."""


def timeline(briefing_id: int, *, unsent: bool = False) -> list[Place]:
    """The briefing's places in sent updates, the first one first; ``unsent``: approved ones too."""
    stages = [Stage.SENT, Stage.APPROVED] if unsent else [Stage.SENT]
    carried = Item.objects.filter(briefing_id=briefing_id, update__stage__in=stages)
    return [_place(item, stages) for item in _whole(carried).order_by("update__number")]


def compare(later: Update, earlier: Update) -> Comparison:
    """What changed between two sent updates of a topic."""
    span = _told(later.topic).filter(
        update__number__gt=earlier.number, update__number__lte=later.number
    )
    by_story: dict[int, list[Item]] = {}
    for item in span.order_by("update__number", "position"):
        by_story.setdefault(item.briefing_id, []).append(item)
    before = _closed_before(earlier, by_story)
    made = Comparison(earlier, later)
    for briefing_id, items in by_story.items():
        places = (_place(item, [Stage.SENT]) for item in items)
        told = Told(items[-1], tuple(one for one in places if one.change))
        _group(made, told, before.get(briefing_id)).append(told)
    for item in _told(later.topic).filter(update=earlier, closed=False).order_by("position"):
        if item.briefing_id not in by_story:
            made.quiet.append(Told(item))
    return made


def stories(topic: Topic, *, closed: bool) -> list[Item]:
    """The topic's stories that are open, or closed: each one's last place, the latest first."""
    later = Item.objects.filter(
        briefing=OuterRef("briefing"),
        update__stage=Stage.SENT,
        update__number__gt=OuterRef("update__number"),
    )
    latest = _told(topic).filter(~Exists(later), closed=closed)
    return list(latest.order_by("-update__number", "position")[:STORIES])


def _place(item: Item, stages: list[Stage]) -> Place:
    """What changed since an update that is not out yet is for those who know that one."""
    since = item.changed_since
    return Place(item, item.change if since is None or since.stage in stages else "")


def _group(made: Comparison, told: Told, was_closed: bool | None) -> list[Told]:
    """The list it belongs to; ``was_closed``: as the earlier update left it, None: unknown then."""
    if was_closed is None:
        return made.new
    if told.item.closed and not was_closed:
        return made.closed
    return made.changed


def _closed_before(earlier: Update, stories: Iterable[int]) -> dict[int, bool]:
    """Of these stories, those known by the earlier update, and whether they were closed then."""
    known = _told(earlier.topic).filter(
        briefing__in=list(stories), update__number__lte=earlier.number
    )
    return dict(known.order_by("update__number").values_list("briefing_id", "closed"))


def _told(topic: Topic) -> QuerySet[Item]:
    """What sent updates told of stories; corrections tell of updates."""
    sent = Item.objects.filter(update__topic=topic, update__stage=Stage.SENT)
    return _whole(sent.exclude(kind=Kind.CORRECTION))


def _whole(items: QuerySet[Item]) -> QuerySet[Item]:
    return items.select_related("update__topic", "briefing__topic", "changed_since")
