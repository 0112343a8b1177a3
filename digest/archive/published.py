"""What the public may read: sent updates, as they were frozen."""

import datetime as dt

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404

from digest.depths import Depths
from digest.models import Stage, Topic, Update
from digest.parties import Statement
from digest.rendering.story import email_view, imprint_of
from digest.rendering.view import EmailView, StoryView, UpdateLink

PAGE = 20
"""Updates on a page of a topic."""

FED = 10
"""Updates in a feed."""

SAID = 50
"""Statements on a page of a party."""

COMPARED = 12
"""Earlier updates that one offers to be compared with."""


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
    """One sent update; Http404 for any that is not out."""
    sent = Update.objects.filter(stage=Stage.SENT, topic__slug=topic, number=number)
    return get_object_or_404(sent.select_related("topic"))


def issue(update: Update, variant: str = Depths.ARRANGED) -> EmailView:
    """What a sent update says: the same view that its mails are made from."""
    imprint = imprint_of(update.topic)
    view = email_view(update, imprint, number=update.number or 0, variant=variant)
    return _without_unsent(view, update)


def _without_unsent(view: EmailView, update: Update) -> EmailView:
    """Without a word of earlier updates that are approved but not out yet."""
    named = {
        link.number
        for story in (*view.corrections, *view.stories)
        for link in (story.changed_since, _ours(story))
        if link
    }
    if not named:
        return view
    out = sent_updates(update.topic).filter(number__in=named).values_list("number", flat=True)
    held = named - {number for number in out if number is not None}
    if not held:
        return view
    return view.model_copy(
        update={
            name: tuple(_without_links(story, held) for story in getattr(view, name))
            for name in ("corrections", "stories")
        }
    )


def _without_links(story: StoryView, held: set[int]) -> StoryView:
    links = {"changed_since": story.changed_since, "first_reported": _ours(story)}
    cut = {name: None for name, link in links.items() if link and link.number in held}
    return story.model_copy(update=cut)


def _ours(story: StoryView) -> UpdateLink | None:
    """The update that first reported it, when it is one of ours rather than its source's."""
    first = story.first_reported
    return first if first and first.url else None


def in_full(update: Update, slug: str) -> tuple[StoryView, StoryView | None] | None:
    """One of its stories with every part, and the one after it; None when it has no such."""
    view = issue(update, Depths.FULL)
    stories = [*view.corrections, *view.stories]
    for at, story in enumerate(stories):
        if story.slug == slug:
            return story, stories[at + 1] if at + 1 < len(stories) else None
    return None


def said_by(topic: Topic, party: str, before: int | None = None) -> QuerySet[Statement]:
    """What a party said in sent updates, the newest first; with ``before``, older than that one."""
    said = topic.statements.filter(slug=party, item__update__stage=Stage.SENT)
    said = said.select_related("item__update__topic", "item__briefing__topic").order_by("-id")
    return said if before is None else said.filter(id__lt=before)


def earlier_numbers(update: Update) -> list[int]:
    """The sent updates before this one that it can be compared with, the latest first."""
    numbers = sent_updates(update.topic, update.number).values_list("number", flat=True)[:COMPARED]
    return [number for number in numbers if number is not None]


def went_out(update: Update) -> dt.datetime:
    """When it was to reach its readers."""
    return update.due_at or update.approved_at or update.until
