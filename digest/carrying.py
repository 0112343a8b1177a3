"""What a briefing said in the approved updates that carried it: as an item, or folded into one."""

from collections.abc import Iterable, Sequence

from django.db.models import F, Q

from digest.briefings import Briefing
from digest.models import Fold, Item, Stage, Update
from digest.parts import BriefingData, Source

OUT = [Stage.APPROVED, Stage.SENT]


def as_carried(briefings: Sequence[Briefing]) -> dict[int, BriefingData]:
    """What each said in the update that carried it last, by its id."""
    of = Q(briefing__in=briefings, update=F("briefing__carried_in"), frozen__isnull=False)
    told: list[Item | Fold] = [*Fold.objects.filter(of), *Item.objects.filter(of)]
    return {one.briefing_id: BriefingData.model_validate(one.frozen) for one in told}


def last_carried(briefing: Briefing) -> tuple[Update, BriefingData] | None:
    """The latest approved update that carried it, and what it said there."""
    of = Q(briefing=briefing, frozen__isnull=False, update__stage__in=OUT)
    told: list[Item | Fold] = [
        *Item.objects.filter(of).select_related("update").order_by("-update__number")[:1],
        *Fold.objects.filter(of).select_related("update").order_by("-update__number")[:1],
    ]
    if not told:
        return None
    last = max(told, key=lambda one: one.update.number or 0)
    return last.update, BriefingData.model_validate(last.frozen)


def first_items(briefings: Iterable[int], before: int) -> dict[int, Item]:
    """Of each briefing (by id), the earliest item that told its story before that number.

    The story of one that was folded is told by what it was folded into.
    """
    stories: dict[int, set[int]] = {one: {one} for one in briefings}
    folds = Fold.objects.filter(
        briefing__in=stories, update__stage__in=OUT, update__number__lt=before
    )
    for briefing, into in folds.values_list("briefing", "into"):
        stories[briefing].add(into)
    earlier = Item.objects.filter(
        briefing__in=set().union(*stories.values()),
        update__stage__in=OUT,
        update__number__lt=before,
    )
    told = earlier.select_related("update__topic", "briefing").order_by("-update__number")
    by_story = {item.briefing_id: item for item in told}
    found = {}
    for one, story in stories.items():
        items = [by_story[part] for part in story if part in by_story]
        if items:
            found[one] = min(items, key=lambda item: item.update.number or 0)
    return found


def contents(update: Update, items: Sequence[Item]) -> list[BriefingData]:
    """What each item says: as frozen at approval, else the live briefing with all its sources,
    those of whoever was folded into it before included."""
    folded: dict[int, list[BriefingData]] = {}
    fresh = [item.briefing_id for item in items if item.frozen is None]
    if fresh:
        before = Q(into__in=fresh, update__stage__in=OUT, frozen__isnull=False)
        folds = Fold.objects.filter(before | Q(update=update)).select_related("briefing__topic")
        for fold in folds.order_by("id"):
            said = BriefingData.model_validate(fold.frozen) if fold.frozen else fold.briefing.data
            folded.setdefault(fold.into_id, []).append(said)
    return [
        item.data if item.frozen else _with_sources(item, folded.get(item.briefing_id, []))
        for item in items
    ]


def _with_sources(item: Item, folded: Sequence[BriefingData]) -> BriefingData:
    said = item.data
    if not folded:
        return said
    every = [*said.sources, *(source for one in folded for source in one.sources)]
    return said.model_copy(update={"sources": tuple(_once(every))})


def _once(sources: Iterable[Source]) -> Iterable[Source]:
    """Each source once: by its page, else by its name."""
    seen: dict[str, Source] = {}
    for source in sources:
        seen.setdefault(source.url.rstrip("/") or source.name.casefold(), source)
    return seen.values()
