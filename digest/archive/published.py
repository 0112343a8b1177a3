"""What the public may read: sent updates, as they were frozen."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404

from digest.models import Item, Stage, Topic, Update

PAGE = 20
"""Updates on a topic's page and in its feeds."""


@dataclass(frozen=True, slots=True)
class FirstReported:
    """The update that first reported a briefing; ``url`` only when it is one of ours."""

    number: int
    title: str
    url: str = ""


def sent_updates(topic: Topic, before: int | None = None) -> QuerySet[Update]:
    """The topic's sent updates, the newest first; with ``before``, those with lower numbers."""
    sent = topic.updates.filter(stage=Stage.SENT).select_related("topic").order_by("-number")
    return sent if before is None else sent.filter(number__lt=before)


def topics_with_latest(each: int = 3) -> QuerySet[Topic]:
    """Every topic, with its latest sent updates as ``latest``."""
    sent = Update.objects.filter(stage=Stage.SENT).order_by("-number")
    return Topic.objects.prefetch_related(
        Prefetch("updates", queryset=sent[:each], to_attr="latest")
    )


def sent_update(topic: str, number: int) -> Update:
    """One sent update with its items; Http404 for any that is not out."""
    sent = Update.objects.filter(stage=Stage.SENT, topic__slug=topic, number=number)
    items = Prefetch("items", queryset=Item.objects.select_related("briefing", "changed_since"))
    return get_object_or_404(sent.select_related("topic").prefetch_related(items))


def went_out(update: Update) -> dt.datetime:
    """When it was to reach its readers."""
    moment = update.due_at or update.approved_at
    return moment if moment is not None else update.until


def appearances(item: Item) -> list[Item]:
    """The briefing in each sent update that carried it, the first one first."""
    carried = Item.objects.filter(briefing_id=item.briefing_id, update__stage=Stage.SENT)
    return list(carried.select_related("update__topic").order_by("update__number"))


def first_reported(item: Item, carried: Iterable[Item]) -> FirstReported | None:
    """The earliest sent update before this item's that carried its briefing; else the one
    that its source names."""
    for earlier in carried:
        if (earlier.update.number or 0) < (item.update.number or 0):
            return FirstReported(
                earlier.update.number or 0, earlier.update.title, briefing_url(earlier)
            )
    said = item.data.first_reported_in
    return FirstReported(said.update, said.title) if said else None


def briefing_url(item: Item) -> str:
    """The path of a briefing's page under its update."""
    return f"{item.update.get_absolute_url()}{item.data.slug}/"
