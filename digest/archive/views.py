"""The archive's pages.  Each is the same for everybody, so that browsers and proxies keep it."""

import re
from typing import Any, cast
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import conditional_page, require_safe

from digest.archive import feeds, published
from digest.archive.stories import issue, story
from digest.models import Topic
from digest.parts import Image

_HOST = re.compile(r"[a-zA-Z0-9.-]+(:[0-9]{1,5})?")

KEPT = 60
"""Seconds that browsers and proxies may show a page without asking again."""


@require_safe
@conditional_page
def home(request: HttpRequest) -> HttpResponse:
    """Every topic with its latest updates."""
    return _public(request, "archive/home.html", {"topics": published.topics_with_latest()})


@require_safe
@conditional_page
def topic(request: HttpRequest, topic: str) -> HttpResponse:
    """A topic's updates, the newest first, a page at a time."""
    found = get_object_or_404(Topic, slug=topic)
    before = _number(request.GET.get("before"))
    updates = list(published.sent_updates(found, before)[: published.PAGE + 1])
    older = updates[published.PAGE - 1].number if len(updates) > published.PAGE else None
    page = {"topic": found, "updates": updates[: published.PAGE], "older": older, "before": before}
    return _public(request, "archive/topic.html", page)


@require_safe
@conditional_page
def update(request: HttpRequest, topic: str, number: int) -> HttpResponse:
    """A sent update: title, note, contents, items at their depth, perspectives once."""
    found = published.sent_update(topic, number)
    page = {"topic": found.topic, "update": found, "issue": issue(found, list(found.items.all()))}
    return _public(request, "archive/update.html", page)


@require_safe
@conditional_page
def briefing(request: HttpRequest, topic: str, number: int, slug: str) -> HttpResponse:
    """One story with all its parts, as that update carried it."""
    found = published.sent_update(topic, number)
    items = list(found.items.all())
    place = next((at for at, one in enumerate(items) if one.data.slug == slug), None)
    if place is None:
        raise Http404
    carried = published.appearances(items[place])
    page: dict[str, Any] = {
        "topic": found.topic,
        "update": found,
        "story": story(items[place]),
        "next": story(items[place + 1]) if place + 1 < len(items) else None,
        "first": published.first_reported(items[place], carried),
        "others": [one for one in carried if one.update_id != found.pk],
    }
    response = _public(request, "archive/briefing.html", page)
    return _with_picture(request, response, page["story"].data.image)


def _with_picture(
    request: HttpRequest, response: HttpResponse, image: Image | None
) -> HttpResponse:
    """Let the browser fetch the story's own picture; other hosts stay shut out."""
    if image is None:
        return response
    address = urlsplit(image.url)
    if not _HOST.fullmatch(address.netloc):
        return response

    @csp_update({"img-src": [f"{address.scheme}://{address.netloc}"]})
    def answered(_request: HttpRequest) -> HttpResponse:
        return response

    return cast("HttpResponse", answered(request))


@require_safe
@conditional_page
def atom(request: HttpRequest, topic: str) -> HttpResponse:
    """The topic's updates as Atom (RFC 4287)."""
    del request
    found = get_object_or_404(Topic, slug=topic)
    updates = list(published.sent_updates(found)[: published.PAGE])
    return _kept(HttpResponse(feeds.atom(found, updates), feeds.ATOM_TYPE))


@require_safe
@conditional_page
def json_feed(request: HttpRequest, topic: str) -> HttpResponse:
    """The topic's updates as JSON Feed 1.1."""
    del request
    found = get_object_or_404(Topic, slug=topic)
    updates = list(published.sent_updates(found)[: published.PAGE])
    return _kept(HttpResponse(feeds.json_feed(found, updates), feeds.JSON_TYPE))


def _public(request: HttpRequest, template: str, page: dict[str, object]) -> HttpResponse:
    return _kept(render(request, template, page))


def _kept(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, public=True, max_age=KEPT)
    return response


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
