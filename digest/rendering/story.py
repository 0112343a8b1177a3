"""From the database to the view model: an update, its stories each at its depth.

The clock stays outside: whoever calls says which day it is.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from django.conf import settings

from digest import carrying, closing, pictures, sections, titles
from digest.assembly import CHARACTERS_A_SECOND, depth_at
from digest.depths import Depth, Depths
from digest.models import Item, Kind, Topic, Update, from_address, postal_address
from digest.parts import Analysis, BriefingData, Perspective
from digest.pictures import Picture
from digest.rendering import markup
from digest.rendering.language import direction
from digest.rendering.partner import partner_view
from digest.rendering.view import (
    Change,
    EmailView,
    Imprint,
    Logo,
    StoryView,
    TopicView,
    UpdateLink,
)

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[^a-z\s])|(?<=[。！？])")
_MARKS = re.compile(r" ?\[\d+\]")


def imprint_of(topic: Topic) -> Imprint:
    """Whose name and address stand under the topic's mails: its own, else the settings'."""
    name, address = parseaddr(from_address(topic))
    return Imprint(
        from_name=name or address or topic.name,
        postal_address=postal_address(topic),
        base_url=settings.BASE_URL,
    )


def topic_view(topic: Topic, imprint: Imprint) -> TopicView:
    """The topic, as every mail about it names it."""
    return TopicView(
        name=topic.name,
        slug=topic.slug,
        accent=topic.accent,
        url=f"{imprint.base_url}{topic.get_absolute_url()}",
        zone=topic.zone,
        logo=_logo(topic, imprint.base_url),
    )


def email_view(
    update: Update,
    imprint: Imprint,
    *,
    number: int,
    on: dt.date | None = None,
    variant: str = Depths.ARRANGED,
    provisional: bool = False,
) -> EmailView:
    """The update as one mail, in five queries (six with a logo), however many items.

    ``number``: its own, or the one it would get (``provisional``: the mail says so).
    ``on``: the day in its masthead (default: when it is due, else its cut-off, in the
    topic's zone).  ``variant``: as arranged, all in full, or all short.
    """
    topic = update.topic
    items = list(update.items.select_related("briefing__topic", "changed_since"))
    place = _Place(f"{imprint.base_url}/t/{topic.slug}/", number, items)
    views, shared = _told(update, items, variant, place)
    title = update.title or (views[0].headline if views else topic.name)
    return EmailView(
        lang=topic.language or "en",
        dir=direction(topic.language),
        topic=topic_view(topic, imprint),
        imprint=imprint,
        number=number,
        provisional=provisional,
        date=on or day_of(update),
        reading_minutes=_reading_minutes(views, shared),
        title=title,
        subject=update.subject or title,
        preheader=update.preheader or (_preheader(views[0]) if views else ""),
        note=_prose(update.note, "note"),
        corrections=tuple(view for view in views if view.kind == "correction"),
        stories=_in_sections(update, items, views),
        perspectives=shared,
        partner=partner_view(update, imprint.base_url),
        clicks=topic.counts_clicks,
        web_url=place.url(number),
    )


def story_view(
    data: BriefingData,
    depth: str,
    *,
    anchor: str,
    url: str,
    kind: str = Kind.NEW,
    headline: str = "",
    summary: str = "",
    closed: bool = False,
    changed_since: Change | None = None,
    first_reported: UpdateLink | None = None,
    shared: Sequence[Perspective] = (),
    pictured: bool = False,
) -> StoryView:
    """What a depth shows of a briefing (contract): a lead everything; a standard story
    summary, takeaway and sources; a brief one sentence.

    ``headline`` and ``summary`` are an item's own wording; ``shared`` perspectives are
    left to the update's end; ``pictured``: a lead shows its picture, which tells those who
    serve it who reads.
    """
    body = _prose(data.body, anchor)
    lead, brief = depth == Depth.LEAD, depth == Depth.BRIEF
    headline = headline or data.headline
    takeaway = "" if brief else data.key_takeaway
    said = _summary(data, depth, summary, body)
    shown = _minutes(len(headline + said + takeaway) / CHARACTERS_A_SECOND)
    return StoryView(
        slug=data.slug,
        anchor=anchor,
        kind=kind,
        depth=depth,
        headline=headline,
        url=url,
        read_minutes=data.read_minutes,
        minutes=data.read_minutes if lead else shown,
        as_of=(data.updated_at or data.published_at).astimezone(dt.UTC) if lead else None,
        tag=data.tag,
        status=data.status,
        closed=closed,
        first_reported=first_reported,
        changed_since=changed_since,
        summary=said,
        key_takeaway=takeaway,
        body=body if lead else None,
        analysis=data.analysis if lead else Analysis(),
        perspectives=_own(data, shared) if lead else (),
        sources=() if brief else data.sources,
        image=data.image if lead and pictured else None,
    )


def headed(stories: Sequence[StoryView], standing: Sequence[str]) -> tuple[StoryView, ...]:
    """With a heading where a section begins, by the section that each stands in ("" is none)."""
    made, above = [], ""
    for story, here in zip(stories, standing, strict=True):
        made.append(story.model_copy(update={"section": here}) if here != above else story)
        above = here
    return tuple(made)


def shared_perspectives(told: Iterable[tuple[BriefingData, str]]) -> tuple[Perspective, ...]:
    """The views found in several stories (deeper than brief), each once."""
    views: list[tuple[str, str]] = []
    first: dict[tuple[str, str], Perspective] = {}
    for data, depth in told:
        if depth != Depth.BRIEF:
            own = {_said(view): view for view in data.perspectives}
            views += own
            first = own | first
    counted = Counter(views)
    return tuple(first[said] for said in counted if counted[said] > 1)


def first_sentence(text: str) -> str:
    """The first sentence of a plain text, on one line."""
    return _SENTENCE_END.split(markup.one_line(text), maxsplit=1)[0]


def _logo(topic: Topic, base_url: str) -> Logo | None:
    if topic.logo_id is None:
        return None
    picture = Picture.objects.defer("content").get(pk=topic.logo_id)
    width, height = pictures.fitted(picture.width, picture.height)
    return Logo(url=base_url + picture.get_absolute_url(), width=width, height=height)


# ---- items ---------------------------------------------------------------------------


def _preheader(story: StoryView) -> str:
    """Where the title has told everything: how the first story begins."""
    return titles.shortened(first_sentence(story.summary), titles.PREHEADER)


class _Place:
    """Where an update stands: the topic's pages, and which earlier updates carried its stories."""

    def __init__(self, home: str, number: int, items: Sequence[Item]) -> None:
        self.home, self.number = home, number
        self.carried = carrying.first_items([item.briefing_id for item in items], number)

    def url(self, number: int | None, slug: str = "") -> str:
        return f"{self.home}{number}/{slug}{'/' if slug else ''}"


def _told(
    update: Update, items: Sequence[Item], variant: str, place: _Place
) -> tuple[list[StoryView], tuple[Perspective, ...]]:
    """The items as stories, in their order; and the views that several of them quote."""
    said = carrying.contents(update, items)
    told = [(item, data, _depth(item, variant)) for item, data in zip(items, said, strict=True)]
    shared = shared_perspectives((data, depth) for _, data, depth in told)
    views = [
        _story(item, data, depth, at, shared, place)
        for at, (item, data, depth) in enumerate(told, 1)
    ]
    return views, shared


def _in_sections(
    update: Update, items: Sequence[Item], views: Sequence[StoryView]
) -> tuple[StoryView, ...]:
    """All but the corrections, under an editor's sections, else by the topic's rule."""
    stories = tuple(view for view in views if view.kind != "correction")
    if update.sectioned:
        own = {item.briefing.slug: item.section for item in items}
        return headed(stories, [own[view.slug] for view in stories])
    if update.topic.sections:
        return headed(stories, sections.by_tag([view.tag for view in stories]))
    return stories


def _story(
    item: Item,
    data: BriefingData,
    depth: str,
    at: int,
    shared: Sequence[Perspective],
    place: _Place,
) -> StoryView:
    return story_view(
        data,
        depth,
        anchor=f"s{at}",
        url=place.url(place.number, data.slug),
        kind=item.kind,
        headline=item.headline,
        summary=item.summary,
        closed=item.closed if item.frozen else closing.closes(data.status, item.briefing.topic),
        changed_since=_change(item),
        first_reported=_first_reported(item, data, place),
        shared=shared,
        pictured=item.briefing.topic.pictures,
    )


def _depth(item: Item, variant: str) -> str:
    return item.depth if variant == Depths.ARRANGED else depth_at(item.position, variant)


def _change(item: Item) -> Change | None:
    since = item.changed_since
    if since is None or since.number is None or not item.change:
        return None
    return Change(number=since.number, sentence=item.change)


def _first_reported(item: Item, data: BriefingData, place: _Place) -> UpdateLink | None:
    """The earliest update of ours that carried it, else what its source says."""
    first = place.carried.get(item.briefing_id)
    if first is not None and first.update.number is not None:
        return UpdateLink(
            number=first.update.number,
            title=first.update.title,
            date=day_of(first.update),
            url=place.url(first.update.number, first.briefing.slug),
        )
    said = data.first_reported_in
    if said is None or said.update == place.number:
        return None
    return UpdateLink(number=said.update, title=said.title, date=said.date)


def day_of(update: Update) -> dt.date:
    """The day in its masthead, in the topic's zone: when it is (to be) due, else its cut-off."""
    moment = update.due_at or update.planned_at or update.until
    return moment.astimezone(ZoneInfo(update.topic.zone)).date()


# ---- parts of a story ----------------------------------------------------------------


def _prose(text: str, anchor: str) -> markup.Prose | None:
    return markup.render(text, anchor) if text.strip() else None


def _summary(data: BriefingData, depth: str, own: str, body: markup.Prose | None) -> str:
    """What stands under the headline; without a summary, below a lead, how the body begins."""
    said = own or data.summary or ("" if depth == Depth.LEAD else _opening(body))
    return first_sentence(said or data.key_takeaway) if depth == Depth.BRIEF else said


def _own(data: BriefingData, shared: Sequence[Perspective]) -> tuple[Perspective, ...]:
    elsewhere = {_said(view) for view in shared}
    return tuple(view for view in data.perspectives if _said(view) not in elsewhere)


def _said(view: Perspective) -> tuple[str, str]:
    """A perspective, but for its spacing and capitals."""
    return " ".join(view.party.casefold().split()), " ".join(view.text.casefold().split())


def _opening(body: markup.Prose | None) -> str:
    """The first paragraph of a body, without the numbers of its notes."""
    return _MARKS.sub("", body.text.split("\n\n", 1)[0]) if body else ""


def _minutes(seconds: float) -> int:
    return max(1, round(seconds / 60))


def _reading_minutes(stories: Sequence[StoryView], shared: Sequence[Perspective]) -> int:
    """Of the whole mail: leads as their sources say, the rest by what is shown."""
    seconds = sum(len(view.party + view.text) for view in shared) / CHARACTERS_A_SECOND
    for story in stories:
        shown = len(story.headline + story.summary + story.key_takeaway) / CHARACTERS_A_SECOND
        seconds += 60 * story.minutes if story.depth == "lead" else shown
    return _minutes(seconds)
