"""A feed looked at before it becomes a source: what it would bring; or the feeds of a page.

It goes through the same doors as a source does, and keeps nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

from django.utils import timezone

from digest.errors import Refused
from digest.feeds import Feed
from digest.intake import feed_entries, robots
from digest.intake.addresses import NotFetched, Resolve, resolved
from digest.intake.feed_signs import looks_like_feed, looks_like_json_feed
from digest.intake.fetch import Fetched, fetch
from digest.intake.outcomes import Accepted, Rejected, Unfit
from digest.models import Topic
from digest.parts import BriefingData

NEWEST = 5
"""Entries that are shown as the briefings they would become."""

_FEEDS = {
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/rdf+xml",
}
_HEAD = 400_000  # bytes of a page in which its feeds are looked for
_MOST = 10


@dataclass(frozen=True)
class Tried:
    """What an address holds: a feed's briefings, the newest first, or the feeds a page names."""

    url: str
    title: str = ""
    count: int = 0
    briefings: list[BriefingData] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    feeds: list[tuple[str, str]] = field(default_factory=list)
    """(address, name) each."""

    @property
    def is_page(self) -> bool:
        """Whether it is a page that names feeds, rather than a feed."""
        return bool(self.feeds)


def look(topic: Topic, url: str, resolve: Resolve = resolved) -> Tried:
    """Ask for the address once; Refused says why nothing can be read there."""
    address = url.strip()
    try:
        robots.refuse(address, resolve)
        return _of(topic, address, fetch(address, resolve=resolve))
    except NotFetched as problem:
        raise Refused(f"“{address[:100]}” {problem}; nothing was added.") from None
    except Unfit as problem:
        raise Refused(
            f"“{address[:100]}” could not be read: {problem.why}; nothing was added."
        ) from None


def _of(topic: Topic, address: str, answer: Fetched) -> Tried:
    if answer.status != 200:
        raise NotFetched(f"answered {answer.status}")
    is_feed = looks_like_feed(answer.body) or looks_like_json_feed(answer.body)
    if not is_feed and (named := list(feeds_of(answer.body, answer.url))):
        return Tried(address, feeds=named[:_MOST])
    feed = Feed(topic=topic, url=address)
    title, made, trouble = feed_entries.read(feed, answer, timezone.now())
    outcomes = [one.outcome for one in made]
    briefings = [one.briefing for one in outcomes if isinstance(one, Accepted)]
    rejected = [one.why for one in outcomes if isinstance(one, Rejected)]
    if not briefings:
        raise Unfit("; ".join(filter(None, [trouble, *rejected[:1]])) or "it has no entries")
    briefings.sort(key=lambda one: one.published_at, reverse=True)
    broken = [trouble] if trouble else []
    return Tried(address, title, len(briefings), briefings[:NEWEST], [*broken, *rejected[:3]])


def feeds_of(page: bytes, base: str) -> Iterator[tuple[str, str]]:
    """Address and name of each feed that a page's head names, each once."""
    parser = _Links()
    parser.feed(page[:_HEAD].decode("utf-8", "replace"))
    seen = set()
    for href, title in parser.found:
        address = urljoin(base, href)
        if address.startswith(("http://", "https://")) and address not in seen:
            seen.add(address)
            yield address, title or address


class _Links(HTMLParser):
    """Those of a page that lead to feeds."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        kind = said.get("type", "").partition(";")[0].strip().lower()
        alternate = "alternate" in said.get("rel", "").lower().split()
        if tag == "link" and alternate and kind in _FEEDS and said.get("href"):
            self.found.append((said["href"].strip()[:2000], said.get("title", "").strip()[:200]))
