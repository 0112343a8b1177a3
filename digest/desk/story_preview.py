"""A briefing that is being written, as the mail would show it: the same renderer, one story."""

import datetime as dt

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html

from digest import carrying, changes, closing, editions
from digest.briefings import Briefing
from digest.depths import Depth
from digest.desk.preview import POLICY
from digest.errors import DigestError
from digest.models import Kind, Topic
from digest.parts import BriefingData
from digest.rendering import story
from digest.rendering.language import direction
from digest.rendering.tokens import Field, fill_html
from digest.rendering.view import Change, EmailView

_LIGHT = ("(prefers-color-scheme: dark)", "(max-width: 0px)")
"""A width that never holds: the frame is light, whatever the editor's own system."""


def framed(
    request: HttpRequest, topic: Topic, found: Briefing | None, data: BriefingData
) -> HttpResponse:
    """The page for the frame; ``depth`` says how much of the story is shown."""
    asked = request.GET.get("depth", "")
    depth = asked if asked in Depth.values else Depth.LEAD
    try:
        email = editions.rendered(_view(topic, found, data, depth, timezone.now()))
    except DigestError as problem:
        page: str = format_html(
            '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Preview</title>'
            '<body style="font:15px/1.5 sans-serif;padding:16px">{}',
            str(problem),
        )
    else:
        links = dict.fromkeys((Field.UNSUBSCRIBE_URL, Field.PREFERENCES_URL), settings.BASE_URL)
        reader = {Field.NAME: "Robin Reader", Field.ADDRESS: "robin@example.org"} | links
        page = fill_html(email.html, email.nonce, reader).replace(*_LIGHT)
        page = page.replace("<head>", '<head><base target="_blank">', 1)
    response = HttpResponse(page)
    pictures = " https: http:" if topic.pictures else ""
    response["Content-Security-Policy"] = POLICY.format(pictures=pictures)
    response["Cache-Control"] = "no-store"
    return response


def _view(
    topic: Topic, found: Briefing | None, data: BriefingData, depth: str, now: dt.datetime
) -> EmailView:
    imprint = story.imprint_of(topic)
    last = carrying.last_carried(found) if found else None
    since = None
    if last and last[0].number and (sentence := changes.sentence(last[1], data, topic.language)):
        since = Change(number=last[0].number, sentence=sentence)
    shown = story.story_view(
        data,
        depth,
        anchor="s1",
        url=f"{imprint.base_url}/t/{topic.slug}/",
        kind=Kind.CONTINUING if last else Kind.NEW,
        closed=closing.closes(data.status, topic),
        changed_since=since,
        pictured=topic.pictures,
    )
    number = topic.updates.exclude(number=None).count() + 1
    return EmailView(
        lang=topic.language or "en",
        dir=direction(topic.language),
        topic=story.topic_view(topic, imprint),
        imprint=imprint,
        number=number,
        provisional=True,
        date=now.date(),
        reading_minutes=shown.minutes,
        title=data.short_headline or data.headline,
        subject=data.headline,
        stories=(shown,),
        web_url=f"{imprint.base_url}/t/{topic.slug}/",
    )
