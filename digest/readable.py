"""A briefing part by part as people read it: what versions and conflicts are compared by."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from digest.differences import Change, Piece, between
from digest.parts import BriefingData, FirstReport, Image, Source
from digest.rendering import markup


class Differing(NamedTuple):
    """A part that two states of a briefing tell differently."""

    key: str
    label: str
    pieces: list[Piece]


def differing(one: BriefingData, other: BriefingData, zone: str) -> list[Differing]:
    """The parts in which they differ, in the order of the form."""
    before, after = parts(one, zone), parts(other, zone)
    return [
        Differing(key, label, between(before[key], after[key]))
        for key, label in LABELS.items()
        if before[key] != after[key]
    ]


def parts(data: BriefingData, zone: str) -> dict[str, str]:
    """Each part as plain text, by its key; times in this zone."""
    return {key: read(data, zone) for key, read in _READ.items()}


def filled(data: BriefingData, zone: str) -> list[Differing]:
    """The parts that say something, each as one piece."""
    said = parts(data, zone)
    return [
        Differing(key, label, [Piece(Change.SAME, said[key])])
        for key, label in LABELS.items()
        if said[key]
    ]


def _body(data: BriefingData, _zone: str) -> str:
    """Without its marks; notes and links at its end, by their numbers."""
    prose = markup.render(data.body, "b")
    notes = [f"[{note.number}] {note.text}" for note in prose.notes]
    links = [f"[{number}] {url}" for number, url in prose.links]
    return "\n\n".join(filter(None, [prose.text, "\n".join(notes + links)]))


def _source(source: Source) -> str:
    day = f"{source.date.day} {source.date:%B %Y}" if source.date else ""
    return " · ".join(filter(None, [source.name, day, source.url]))


def _moment(moment: dt.datetime | None, zone: str) -> str:
    if moment is None:
        return ""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%B %Y, %H:%M}"


def _image(image: Image | None) -> str:
    return "\n".join(filter(None, [image.alt, image.url])) if image else ""


def _first(said: FirstReport | None) -> str:
    if said is None:
        return ""
    day = f"{said.date.day} {said.date:%B %Y}" if said.date else ""
    return " · ".join(filter(None, [f"Update #{said.update}", said.title, day]))


def _plainly(name: str) -> Callable[[BriefingData, str], str]:
    return lambda data, _zone: str(getattr(data, name) or "")


_READ: Mapping[str, Callable[[BriefingData, str], str]] = {
    "headline": _plainly("headline"),
    "short_headline": _plainly("short_headline"),
    "summary": _plainly("summary"),
    "key_takeaway": _plainly("key_takeaway"),
    "body": _body,
    "plain_english": lambda data, _zone: data.analysis.plain_english,
    "root_causes": lambda data, _zone: data.analysis.root_causes,
    "next": lambda data, _zone: "\n".join(
        f"{one.kind}: {one.text}" if one.kind else one.text for one in data.analysis.next
    ),
    "perspectives": lambda data, _zone: "\n".join(
        f"{one.party}: {one.text}" for one in data.perspectives
    ),
    "sources": lambda data, _zone: "\n".join(map(_source, data.sources)),
    "tag": _plainly("tag"),
    "status": _plainly("status"),
    "published_at": lambda data, zone: _moment(data.published_at, zone),
    "updated_at": lambda data, zone: _moment(data.updated_at, zone),
    "importance": lambda data, _zone: str(data.importance),
    "read_minutes": lambda data, _zone: str(data.read_minutes),
    "image": lambda data, _zone: _image(data.image),
    "url": _plainly("url"),
    "first_reported": lambda data, _zone: _first(data.first_reported_in),
}

LABELS = {
    "headline": "Headline",
    "short_headline": "Short headline",
    "summary": "Summary",
    "key_takeaway": "Key takeaway",
    "body": "Body",
    "plain_english": "In plain English",
    "root_causes": "Root causes",
    "next": "What could happen next",
    "perspectives": "Perspectives",
    "sources": "Sources",
    "tag": "Tag",
    "status": "Status",
    "published_at": "Published",
    "updated_at": "Updated",
    "importance": "Importance",
    "read_minutes": "Minutes to read",
    "image": "Picture",
    "url": "Original address",
    "first_reported": "First reported in",
}
