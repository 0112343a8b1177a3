"""A topic's mail while its settings are typed: of its newest update, else of made-up stories."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.utils import timezone

from digest import editions
from digest.depths import Depth, Depths
from digest.models import Stage, Topic, Update
from digest.parts import BriefingData
from digest.rendering import story
from digest.rendering.language import direction
from digest.rendering.view import EmailView

_SHOWN_AS = {Depths.FULL: Depth.LEAD, Depths.SHORT: Depth.BRIEF}

_MADE_UP: tuple[dict[str, object], ...] = (
    {
        "headline": "The pier reopens with its lamps relit",
        "summary": "After two winters behind hoardings the pier is open from dawn to dusk. "
        "The last thirty metres stay shut until the piles are mended.",
        "key_takeaway": "A link looks like [this one](https://example.org/), and a tinted box "
        "says why a story matters.",
        "body": "The harbour office paid for the lamps; the town pays for the piles.[^1]\n\n"
        "[^1]: The council's minutes, item 4.",
        "tag": "Harbour",
        "status": "Developing",
        "sources": [{"name": "Example Wire", "url": "https://example.org/pier"}],
    },
    {
        "headline": "Ferry timetable loses its last boat",
        "summary": "From Monday the last crossing leaves at nine. Those who work late are offered "
        "a bus that takes an hour longer.",
        "tag": "Transport",
        "status": "Resolved",
        "sources": [{"name": "Paper of Record", "url": "https://example.org/ferry"}],
    },
)


def newest(topic: Topic) -> Update | None:
    """The newest of the topic's updates that has something in it."""
    stages = [Stage.DRAFT, Stage.APPROVED, Stage.SENT]
    found = topic.updates.filter(stage__in=stages, items__isnull=False)
    return found.order_by("-until", "-pk").first()


def view(topic: Topic) -> EmailView:
    """The mail as it would be with the topic's fields as they are here, saved or not."""
    update = newest(topic)
    if update is None:
        return _made_up(topic)
    update.topic = topic
    variant = topic.depth if topic.depth in Depths.values else Depths.ARRANGED
    return editions.view_of(update, variant=variant)


def _made_up(topic: Topic) -> EmailView:
    imprint = story.imprint_of(topic)
    now = timezone.now()
    home = f"{imprint.base_url}{topic.get_absolute_url()}"
    told = [
        BriefingData.model_validate(
            {"topic": topic.slug, "slug": f"sample-{at}", "published_at": now} | parts
        )
        for at, parts in enumerate(_MADE_UP, 1)
    ]
    depths = [Depth.LEAD, Depth.STANDARD]
    stories = tuple(
        story.story_view(data, _SHOWN_AS.get(Depths(topic.depth), depth), anchor=f"s{at}", url=home)
        for at, (data, depth) in enumerate(zip(told, depths, strict=True), 1)
    )
    return EmailView(
        lang=topic.language or "en",
        dir=direction(topic.language),
        topic=story.topic_view(topic, imprint),
        imprint=imprint,
        number=1,
        date=_today(topic, now),
        reading_minutes=2,
        title="A sample: the pier reopens; the last ferry leaves earlier",
        subject="A sample: the pier reopens; the last ferry leaves earlier",
        stories=stories,
        web_url=home,
    )


def _today(topic: Topic, now: dt.datetime) -> dt.date:
    return now.astimezone(ZoneInfo(topic.zone)).date()
