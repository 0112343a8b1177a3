"""What a feed brought, kept as the topic's briefings: which is which, what is news, what is new."""

import datetime as dt
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from digest.drafting import FIRST_WINDOW, last_approved
from digest.feeds import DAY, Feed, FeedEntry
from digest.intake import feed_briefings, store
from digest.intake.channel import Entry
from digest.intake.feed_briefings import Made, identity
from digest.intake.feed_signs import looks_like_feed, looks_like_json_feed
from digest.intake.fetch import Fetched
from digest.intake.outcomes import Accepted, Rejected, Unfit
from digest.intake.reading import read_stream
from digest.intake.reading_process import read_channel
from digest.intake.slugs import told_apart
from digest.parts import BriefingData

BATCH = 100
"""Entries that are kept in one transaction: others who write wait no longer than that takes."""


@dataclass
class Came:
    """What one look at a feed brought."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    old: int = 0
    """Entries that were no news any more when they were first seen."""
    rejected: list[str] = field(default_factory=list)
    trouble: str = ""
    """Why nothing came, or what is broken about what did."""

    def __str__(self) -> str:
        said = [f"{self.created} new"] if self.created else []
        said += [f"{self.updated} changed"] if self.updated else []
        said += [f"{self.old} too old to be news"] if self.old else []
        said += [f"{len(self.rejected)} that can’t be used"] if self.rejected else []
        return ", ".join(said) or "nothing new"


def keep(feed: Feed, answer: Fetched, now: dt.datetime) -> Came:
    """Keep what is new or has changed.  Raises Unfit where nothing can be read."""
    name, made, trouble = read(feed, answer, now)
    came = Came(trouble=trouble)
    came.rejected = [one.outcome.why for one in made if isinstance(one.outcome, Rejected)]
    usable = [
        (one.entry, one.outcome.briefing) for one in made if isinstance(one.outcome, Accepted)
    ]
    if not usable and (trouble or came.rejected):
        raise Unfit("; ".join(filter(None, [trouble, *came.rejected[:1]])))
    feed.name = (name or feed.name)[:500]
    here = {_hash(identity(entry)) for entry, _ in usable}
    since = _news_since(feed, now)
    for first in range(0, len(usable), BATCH):
        _keep_batch(feed, usable[first : first + BATCH], here, since, came)
    return came


def read(feed: Feed, answer: Fetched, now: dt.datetime) -> tuple[str, list[Made], str]:
    """The feed's name, its entries, and what is broken about it."""
    kind = answer.headers.get("content-type", "")
    if looks_like_feed(answer.body) or looks_like_json_feed(answer.body):
        channel = read_channel(answer.body, kind, answer.url)
        made = list(feed_briefings.briefings(channel, feed.url, feed.topic.slug, now))
        return channel.title, made, channel.trouble
    outcomes = read_stream(io.BytesIO(answer.body), feed.url, feed.topic.slug, kind, answer.url)
    return "", [Made(_as_entry(one), one) for one in outcomes], ""


def _as_entry(outcome: Accepted | Rejected) -> Entry:
    """What is no feed, but a page, or briefings in the form of our own."""
    if isinstance(outcome, Rejected):
        return Entry()
    data = outcome.briefing
    return Entry(id=data.url or data.slug, link=data.url, title=data.headline)


def _news_since(feed: Feed, now: dt.datetime) -> dt.datetime:
    """Entries that were published before this are no news, when they are first seen.

    The topic's last cut-off draws the line, or where that is earlier, a day before the feed
    was last read: what came while it couldn't be is news, what an archive holds is none.
    """
    last = last_approved(feed.topic)
    since = last.until if last else now - FIRST_WINDOW
    return min(since, feed.good_at - DAY) if feed.good_at else since


@transaction.atomic
def _keep_batch(
    feed: Feed,
    batch: Sequence[tuple[Entry, BriefingData]],
    here: set[str],
    since: dt.datetime,
    came: Came,
) -> None:
    """Keep some entries, and which briefing each is, in one transaction: a worker that dies
    between the two would make each a second briefing."""
    known, taken = _known(feed, batch, here), _taken(feed, batch)
    to_save: list[FeedEntry] = []
    to_write: list[tuple[FeedEntry, BriefingData]] = []
    for entry, data in batch:
        key, place, said = _hash(identity(entry)), _place(entry), _said(data)
        row = known.get(key) or FeedEntry(feed=feed)
        is_new, has_changed = row.pk is None, row.said != said
        if (row.key, row.place, row.said) != (key, place, said):
            row.key, row.place, row.said = key, place, said
            to_save.append(row)
        if not is_new and (row.briefing is None or not has_changed):
            came.unchanged += 1  # what was no news when it came is none later either
        elif is_new and data.published_at < since:
            came.old += 1
        else:
            slug = row.briefing.slug if row.briefing else _own_slug(feed, data, entry, taken)
            to_write.append((row, data.model_copy(update={"slug": slug})))
    _write(feed, to_write, came)
    new = [row for row in to_save if row.pk is None]
    FeedEntry.objects.bulk_update([row for row in to_save if row.pk], ["key", "place", "said"])
    FeedEntry.objects.bulk_create(new)
    feed.seen += len(new)


def _known(
    feed: Feed, batch: Iterable[tuple[Entry, BriefingData]], here: set[str]
) -> dict[str, FeedEntry]:
    """The rows of these entries by their keys; those whose id has changed among them."""
    keys = {_hash(identity(entry)): _place(entry) for entry, _ in batch}
    rows = feed.entries.select_related("briefing").only(
        "feed", "key", "place", "said", "briefing__slug"
    )
    known = {row.key: row for row in rows.filter(key__in=keys)}
    places = Counter(place for key, place in keys.items() if key not in known)
    missing = {place for place, times in places.items() if place and times == 1}
    moved = [row for row in rows.filter(place__in=missing) if row.key not in here]
    alone = Counter(row.place for row in moved)
    by_place = {row.place: row for row in moved if alone[row.place] == 1}
    return {
        key: row for key, place in keys.items() if (row := known.get(key) or by_place.get(place))
    }


def _taken(feed: Feed, batch: Iterable[tuple[Entry, BriefingData]]) -> dict[str, str]:
    """Slugs of these that the topic has; the address of those that no feed has brought."""
    there = feed.topic.briefings.filter(slug__in=[data.slug for _, data in batch]).annotate(
        is_entry=Exists(FeedEntry.objects.filter(briefing=OuterRef("pk")))
    )
    return {
        slug: "" if is_entry else url
        for slug, url, is_entry in there.values_list("slug", "url", "is_entry")
    }


def _own_slug(feed: Feed, data: BriefingData, entry: Entry, taken: Mapping[str, str]) -> str:
    """A slug for a new entry: another's is not taken over, unless nobody's feed brought it and
    it tells of the same page (a file that was loaded by hand, say)."""
    if data.slug not in taken or (data.url and taken[data.slug] == data.url):
        return data.slug
    return told_apart(data.slug, f"{feed.url} {identity(entry)}")


def _write(feed: Feed, rows: Sequence[tuple[FeedEntry, BriefingData]], came: Came) -> None:
    """Keep what is new or has changed, and tell the rows which briefing each has become."""
    batch = {data.slug: data for _, data in rows}  # two that came to one slug are one
    results = store.keep_all(list(batch.values()), feed.topic, by=f"feed {feed}")
    created = [slug for slug, one in results.items() if one is store.Result.CREATED]
    if feed.hold:
        feed.topic.briefings.filter(slug__in=created).update(held_at=timezone.now())
    ids = dict(feed.topic.briefings.filter(slug__in=batch).values_list("slug", "pk"))
    for row, data in rows:
        row.briefing_id = ids[data.slug]
    feed.created += len(created)
    came.created += len(created)
    came.updated += sum(one is store.Result.UPDATED for one in results.values())
    came.unchanged += sum(one is store.Result.UNCHANGED for one in results.values())


def _place(entry: Entry) -> str:
    """What tells an entry whose id has changed: link and title together, where it has both."""
    return _hash(f"{entry.link}\n{entry.title}") if entry.link and entry.title else ""


def _said(data: BriefingData) -> str:
    """All that an entry says; without the date that it was given for want of one."""
    left_out = {"slug"} | ({"published_at"} if data.extra.get("undated") else set())
    return _hash(data.model_dump_json(exclude=left_out))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
