"""How two versions of an update differ, as readers would see it: part by part, word by word."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from digest import differences
from digest.differences import Change, Piece
from digest.rendering.view import EmailView, StoryView


class Difference(NamedTuple):
    """A part that differs: which one, what became of it in words, and its text where that did."""

    part: str
    how: str
    pieces: Sequence[Piece] = ()


def between(old: EmailView, new: EmailView) -> list[Difference]:
    """What differs, in the order in which it is read; empty where readers would see none."""
    return [*_parts(_head(old), _head(new)), *_stories(old, new), *_parts(_foot(old), _foot(new))]


def _parts(old: dict[str, str], new: dict[str, str]) -> Iterator[Difference]:
    for part in {**new, **old}:
        before, after = old.get(part, ""), new.get(part, "")
        if before != after:
            how = "put in" if not before else "taken out" if not after else "changed"
            yield Difference(part, how, differences.shortened(differences.between(before, after)))


def _stories(old: EmailView, new: EmailView) -> Iterator[Difference]:
    before, after = (_told(view) for view in (old, new))
    was = [slug for slug in before if slug in after]
    stays = [slug for slug in after if slug in before]
    moved = set(_moved(was, stays))
    places = {slug: at for at, slug in enumerate(before, 1)}
    for at, (slug, story) in enumerate(after.items(), 1):
        if slug not in before:
            text = [Piece(Change.IN, _text(story))]
            yield Difference(story.headline, f"put in as number {at}", differences.shortened(text))
            continue
        if slug in moved:
            yield Difference(story.headline, f"moved from number {places[slug]} to {at}")
        if before[slug].depth != story.depth:
            how = f"shown as {story.depth} instead of {before[slug].depth}"
            yield Difference(story.headline, how)
        if before[slug].section != story.section:
            yield Difference(story.headline, _section(before[slug].section, story.section))
        one, other = _text(before[slug]), _text(story)
        if one != other:
            pieces = differences.shortened(differences.between(one, other))
            yield Difference(story.headline, "its text changed", pieces)
    for slug, story in before.items():
        if slug not in after:
            text = [Piece(Change.OUT, _text(story))]
            yield Difference(story.headline, "taken out", differences.shortened(text))


def _moved(was: Sequence[str], stays: Sequence[str]) -> Iterator[str]:
    """The fewest whose moving makes one order the other: the rest stand as they stood."""
    rising = _longest([was.index(slug) for slug in stays])
    return (slug for slug in stays if was.index(slug) not in rising)


def _longest(places: Sequence[int]) -> set[int]:
    """The longest run of places that rises."""
    runs: list[tuple[int, ...]] = [()]
    for place in places:
        before = [run for run in runs if not run or run[-1] < place]
        runs.append((*_most(before), place))
    return set(_most(runs))


def _most(runs: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return max(runs, key=len)


def _told(view: EmailView) -> dict[str, StoryView]:
    return {story.slug: story for story in (*view.corrections, *view.stories)}


def _section(old: str, new: str) -> str:
    if not new:
        return f"no heading “{old}” above it any more"
    return f"the heading “{new}” above it" + (f" instead of “{old}”" if old else "")


def _head(view: EmailView) -> dict[str, str]:
    return {
        "From": view.imprint.from_name,
        "Subject": view.subject,
        "Preheader": view.preheader,
        "Title": view.title,
        "Editor’s note": view.note.text if view.note else "",
    }


def _foot(view: EmailView) -> dict[str, str]:
    shared = "\n".join(f"{one.party}: {one.text}" for one in view.perspectives)
    said = {"Perspectives": shared, "Postal address": view.imprint.postal_address}
    if block := view.partner:
        where = f"After the {block.place} item"
        told = [f"{block.label} · {block.name}", block.text.text, block.url, block.alt, where]
        said["Partner block"] = "\n\n".join(filter(None, told))
    return said


def _text(story: StoryView) -> str:
    """A story as its readers read it, its parts each a paragraph."""
    changed, analysis = story.changed_since, story.analysis
    labels = " · ".join(filter(None, [story.tag, story.status]))
    parts = [
        labels,
        story.headline,
        f"Since Update #{changed.number}: {changed.sentence}" if changed else "",
        story.summary,
        story.key_takeaway,
        story.body.text if story.body else "",
        *(note.text for note in (story.body.notes if story.body else ())),
        analysis.plain_english,
        analysis.root_causes,
        *(f"{one.kind}: {one.text}" for one in analysis.next),
        *(f"{one.party}: {one.text}" for one in story.perspectives),
        "; ".join(filter(None, (f"{one.name} {one.date or ''}".strip() for one in story.sources))),
        f"Picture: {story.image.alt or story.image.url}" if story.image else "",
    ]
    return "\n\n".join(part for part in parts if part.strip())
