"""Entries of a feed as briefings: the rules for what feeds leave out or get wrong."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from digest.intake.channel import Channel, Entry
from digest.intake.fields import briefing_from
from digest.intake.outcomes import Accepted, Outcome, Rejected, Unfit, shown
from digest.intake.slugs import slug_from, told_apart
from digest.parts import LINE

SUMMARY = 400
"""Characters of a summary; a longer one is cut at the end of a sentence."""

EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
"""Nothing on the web is older: a date before it (1970, say) is a program's mistake."""

AHEAD = dt.timedelta(days=1)
"""So far ahead may a date be, for clocks and zones; one in 2099 would never be news."""

_NO_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+")
_SENTENCE = re.compile(r".*?[.!?…][\"'”’)]*(?=\s)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Made:
    """An entry, and the briefing that it makes or why it makes none."""

    entry: Entry
    outcome: Outcome


def outcomes(
    channel: Channel, source: str, topic: str | None, now: dt.datetime
) -> Iterator[Outcome]:
    """One outcome per entry, and one for what is broken about the feed itself."""
    if channel.trouble:
        kept = f"{len(channel.entries)} of its entries could be read"
        yield Rejected(source, None, f"{channel.format}, {channel.trouble}; {kept}")
    elif not channel.entries:
        yield Rejected(source, None, f"{channel.format} without entries")
    yield from (made.outcome for made in briefings(channel, source, topic, now))


def briefings(channel: Channel, source: str, topic: str | None, now: dt.datetime) -> Iterator[Made]:
    """What becomes of each entry; ``now`` is the date of those that have none."""
    entries = _newest_of_each(channel.entries)
    taken = _taken_twice(entries)
    for number, entry in enumerate(entries, 1):
        try:
            fields, warnings = _fields(entry, channel, now)
            if fields["slug"] in taken:
                fields["slug"] = told_apart(fields["slug"], identity(entry))
            briefing, more = briefing_from({"topic": topic, **fields}, topic)
        except Unfit as problem:
            place = f"entry {number} of {len(entries)}: "
            yield Made(entry, Rejected(source, None, place + problem.why))
        else:
            yield Made(entry, Accepted(source, None, briefing, (*warnings, *more)))


def identity(entry: Entry) -> str:
    """What an entry is known by: its id, else its address, else its title."""
    return entry.id or entry.link or entry.title


def _fields(entry: Entry, channel: Channel, now: dt.datetime) -> tuple[dict[str, Any], list[str]]:
    """An entry as the contract's "Briefing JSON", and warnings about it."""
    warnings: list[str] = []
    text = _one_line(entry.summary)
    headline = _one_line(entry.title)
    if not headline:
        headline = _first_words(text)
        warnings.append("no title: made from the first words")
    if not headline:
        raise Unfit("neither a title nor a text")
    published, updated = _times(entry, now, warnings)
    body = _NO_TEXT.sub("", entry.body)
    summary = _summary(text)
    if len(text) <= SUMMARY and len(body) <= len(text) + 100 and "](" not in body:
        body = ""  # it says no more than the summary does
    fields: dict[str, Any] = {
        "headline": headline,
        "slug": slug_from(headline[: LINE + 1]),
        "published_at": (published or now).isoformat(),
        "updated_at": updated.isoformat() if updated else None,
        "summary": summary or (headline if not body else ""),
        "body": body,
        "sources": _sources(entry, channel, published),
        "url": entry.link,
        "tag": _one_line(entry.tag),
    }
    if entry.image:
        fields["image"] = {"url": entry.image, "alt": _one_line(entry.image_alt)[:LINE]}
    if published is None:
        fields["extra"] = {"undated": True}
    return fields, warnings


def _times(
    entry: Entry, now: dt.datetime, warnings: list[str]
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """When it was published and, where later, changed; None and a warning where nobody knows."""
    published, updated = _moment(entry.published), _moment(entry.updated)
    told = published or updated
    published, updated = _believed(published, now), _believed(updated, now)
    if published is None and updated is None:
        year = f"dated {told.year}" if told else "no date"
        warnings.append(f"{year}: taken to be of when it was first read")
        return None, None
    published = published or updated
    return published, updated if updated and published and updated > published else None


def _moment(text: str) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _believed(moment: dt.datetime | None, now: dt.datetime) -> dt.datetime | None:
    return moment if moment and EARLIEST <= moment <= now + AHEAD else None


def _sources(entry: Entry, channel: Channel, published: dt.datetime | None) -> list[dict[str, str]]:
    """The feed, or whom the entry names, as the source that reports it."""
    link = entry.source_link or entry.link or channel.link
    name = _one_line(entry.source or channel.title) or (urlsplit(link).hostname or "")
    if not name:
        return []
    source = {"name": name[:LINE], "url": entry.link or link}
    return [{**source, **({"date": published.date().isoformat()} if published else {})}]


def _summary(text: str) -> str:
    """The first sentences, as many as fit."""
    if len(text) <= SUMMARY:
        return text
    kept = ""
    for sentence in _SENTENCE.finditer(text[: SUMMARY + 1]):
        kept += sentence[0]
    return kept.strip() or text[:SUMMARY].rpartition(" ")[0] + " …"


def _first_words(text: str) -> str:
    if len(text) <= 100:
        return text
    return (text[:100].rpartition(" ")[0] or text[:100]) + " …"


def _one_line(text: str) -> str:
    return " ".join(_NO_LINE.sub(" ", text).split())


def _newest_of_each(entries: Iterable[Entry]) -> list[Entry]:
    """Each id once: of several with one id the latest, in the place of the first."""
    kept: dict[str, Entry] = {}
    for entry in entries:
        known = kept.get(identity(entry))
        if known is None or _age(entry) > _age(known):
            kept[identity(entry) or str(len(kept))] = entry
    return list(kept.values())


def _age(entry: Entry) -> str:
    return entry.updated or entry.published


def _taken_twice(entries: Iterable[Entry]) -> set[str]:
    """Slugs that several entries would have: "Weekly links", say."""
    once: set[str] = set()
    twice: set[str] = set()
    for entry in entries:
        slug = slug_from(_one_line(entry.title)[: LINE + 1])
        (twice if slug in once else once).add(slug)
    return twice


def in_short(made: Iterable[Made]) -> str:
    """The first thing that was wrong, for a line on a page."""
    wrong = [one.outcome.why for one in made if isinstance(one.outcome, Rejected)]
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return shown(wrong[0], 200) + more if wrong else ""
