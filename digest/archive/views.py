"""The archive's pages.  Each is the same for everybody, so that browsers and proxies keep it."""

import hashlib
import re
from typing import cast
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import condition, conditional_page, require_safe

from digest import continuity, parties
from digest.archive import feeds, published
from digest.models import Topic
from digest.parts import Image
from digest.rendering import language

_HOST = re.compile(r"[a-zA-Z0-9.-]+(:[0-9]{1,5})?")

KEPT = 60
"""Seconds that browsers and proxies may show a page without asking again."""


@require_safe
@conditional_page
def home(request: HttpRequest) -> HttpResponse:
    """Every topic with its latest updates."""
    topics = list(published.topics_with_latest())
    lang = language.shared(one.language for one in topics)
    return _public(request, "archive/home.html", {"topics": topics, "lang": lang})


@require_safe
@conditional_page
def topic(request: HttpRequest, topic: str) -> HttpResponse:
    """A topic's updates, the newest first, a page at a time."""
    found = get_object_or_404(Topic, slug=topic)
    before = _number(request.GET.get("before"))
    updates = list(published.sent_updates(found, before)[: published.PAGE + 1])
    older = updates[published.PAGE - 1].number if len(updates) > published.PAGE else None
    page = {"topic": found, "updates": updates[: published.PAGE], "older": older, "before": before}
    if before is None:
        page["open"] = continuity.stories(found, closed=False)
        page["closed"] = continuity.stories(found, closed=True)
    return _public(request, "archive/topic.html", page)


@require_safe
@conditional_page
def update(request: HttpRequest, topic: str, number: int) -> HttpResponse:
    """A sent update: title, note, contents, items at their depth, perspectives once."""
    found = published.sent_update(topic, number)
    earlier = published.earlier_numbers(found)
    before = published.sent_update(topic, earlier[0]) if earlier else None
    page = {
        "topic": found.topic,
        "update": found,
        "issue": published.issue(found),
        "earlier": earlier,
        "since": continuity.compare(found, before) if before else None,
    }
    return _public(request, "archive/update.html", page)


@require_safe
@conditional_page
def since(request: HttpRequest, topic: str, number: int, earlier: int) -> HttpResponse:
    """What changed in a topic from an earlier update to this one."""
    if earlier >= number:
        raise Http404
    found, before = published.sent_update(topic, number), published.sent_update(topic, earlier)
    page = {
        "topic": found.topic,
        "update": found,
        "since": continuity.compare(found, before),
        "earlier": published.earlier_numbers(found),
    }
    return _public(request, "archive/since_page.html", page)


@require_safe
@conditional_page
def party(request: HttpRequest, topic: str, party: str) -> HttpResponse:
    """Everything that a party has said in a topic's updates, the newest first."""
    found = get_object_or_404(Topic, slug=topic)
    before = _number(request.GET.get("before"))
    said = list(published.said_by(found, party, before)[: published.SAID + 1])
    if not said:
        raise Http404
    page = {
        "topic": found,
        "party": parties.name_of(said[0].party),
        "said": said[: published.SAID],
        "older": said[published.SAID - 1].id if len(said) > published.SAID else None,
        "inner": True,
    }
    return _public(request, "archive/party.html", page)


@require_safe
@conditional_page
def briefing(request: HttpRequest, topic: str, number: int, slug: str) -> HttpResponse:
    """One story with all its parts, as that update carried it."""
    found = published.sent_update(topic, number)
    told = published.in_full(found, slug)
    item = found.items.select_related("briefing__topic").filter(briefing__slug=slug).first()
    if told is None or item is None:
        raise Http404
    data = item.data
    page = {
        "topic": found.topic,
        "update": found,
        "story": told[0],
        "next": told[1],
        "data": data,
        "timeline": continuity.timeline(item.briefing_id),
    }
    response = _public(request, "archive/briefing.html", page)
    return _with_picture(request, response, data.image)


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


def _feed_tag(request: HttpRequest, topic: str) -> str | None:
    """Changes with the topic and with each update that goes out: sent ones stay as they are."""
    found = Topic.objects.filter(slug=topic).first()
    if found is None:
        return None
    last = published.sent_updates(found).values_list("number", "title").first()
    said = [request.path, settings.BASE_URL, found.name, found.description, found.language, last]
    return f'"{hashlib.sha256(repr(said).encode()).hexdigest()[:32]}"'


@require_safe
@condition(etag_func=_feed_tag)
def atom(_request: HttpRequest, topic: str) -> HttpResponse:
    """The topic's updates as Atom (RFC 4287)."""
    found = get_object_or_404(Topic, slug=topic)
    updates = list(published.sent_updates(found)[: published.FED])
    return _kept(HttpResponse(feeds.atom(found, updates), feeds.ATOM_TYPE))


@require_safe
@condition(etag_func=_feed_tag)
def json_feed(_request: HttpRequest, topic: str) -> HttpResponse:
    """The topic's updates as JSON Feed 1.1."""
    found = get_object_or_404(Topic, slug=topic)
    updates = list(published.sent_updates(found)[: published.FED])
    return _kept(HttpResponse(feeds.json_feed(found, updates), feeds.JSON_TYPE))


def _public(request: HttpRequest, template: str, page: dict[str, object]) -> HttpResponse:
    topic = page.get("topic")
    lang = {"lang": topic.language} if isinstance(topic, Topic) else {}
    return _kept(render(request, template, lang | page))


def _kept(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, public=True, max_age=KEPT)
    return response


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
