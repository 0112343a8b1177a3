"""A topic's sent updates as Atom (RFC 4287) and JSON Feed 1.1.

Addresses are made from BASE_URL alone, never from the request.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.feedgenerator import Atom1Feed
from django.utils.xmlutils import SimplerXMLGenerator

from digest.archive.published import issue, went_out
from digest.models import Topic, Update
from digest.rendering import language

ATOM_TYPE = "application/atom+xml; charset=utf-8"
JSON_TYPE = "application/feed+json; charset=utf-8"


class _Atom(Atom1Feed):
    """Atom with each entry's whole content beside its summary."""

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content", item["content"], {"type": "html"})


def atom(topic: Topic, updates: Sequence[Update]) -> bytes:
    """The Atom document."""
    feed = _Atom(
        title=topic.name,
        link=_absolute(topic.get_absolute_url()),
        description=topic.description,
        subtitle=topic.description,
        language=topic.language,
        author_name=topic.name,
        feed_url=_absolute(f"{topic.get_absolute_url()}feed.xml"),
    )
    for entry in _entries(updates):
        feed.add_item(
            title=entry["title"],
            link=entry["url"],
            description=entry["summary"],
            unique_id=entry["url"],
            pubdate=entry["date"],
            updateddate=entry["date"],
            content=entry["html"],
        )
    return str(feed.writeString("utf-8")).encode()


def json_feed(topic: Topic, updates: Sequence[Update]) -> bytes:
    """The JSON Feed document; safe to print into HTML as well, since <, > and & are escaped."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": topic.name,
        "home_page_url": _absolute(topic.get_absolute_url()),
        "feed_url": _absolute(f"{topic.get_absolute_url()}feed.json"),
        "description": topic.description,
        "language": topic.language,
        "authors": [{"name": topic.name}],
        "items": [
            {
                "id": entry["url"],
                "url": entry["url"],
                "title": entry["title"],
                "summary": entry["summary"],
                "content_html": entry["html"],
                "date_published": entry["date"].isoformat(timespec="seconds"),
            }
            for entry in _entries(updates)
        ],
    }
    text = json.dumps(feed, ensure_ascii=False)
    return text.translate(_ESCAPED).encode()


_ESCAPED = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"}


def _entries(updates: Sequence[Update]) -> Iterator[dict[str, Any]]:
    for update in updates:
        told = issue(update)
        yield {
            "title": f"{_numbered(update)}: {update.title}",
            "url": _absolute(update.get_absolute_url()),
            "date": went_out(update),
            "summary": told.preheader or told.title,
            "html": render_to_string("archive/feed_entry.html", {"issue": told, "lang": told.lang}),
        }


def _numbered(update: Update) -> str:
    said = language.words(update.topic.language).gettext("Update #%(number)s")
    return said % {"number": update.number}


def _absolute(path: str) -> str:
    return f"{settings.BASE_URL}{path}"
