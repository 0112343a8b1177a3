"""Recent briefings → a draft, with a reason for each.  Pure: plain data in, plain data out.

``drafting.py`` fetches the candidates and keeps the result.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from digest.models import Depth, Depths, Kind

CHARACTERS_A_SECOND = 238 * 5.7 / 60
"""Silent reading of English prose: 238 words a minute (Brysbaert 2019) of 5.7 characters."""

STANDARD_ITEMS = 6
"""Past the sixth an item is brief, as arranged by default (contract)."""

BRIEF_CHARACTERS = 200
"""A headline and one sentence."""


class LeftOut(StrEnum):
    """Why a briefing is not in the draft."""

    OVER_ITEMS = "over_items"  # the topic's number of items is reached
    OVER_MINUTES = "over_minutes"  # it would take the update past the topic's minutes
    CLOSED = "closed"  # readers had it as closed, and it is closed still
    UNCHANGED = "unchanged"  # readers had it, and nothing material has changed
    AFTER_CUTOFF = "after_cutoff"  # published or changed after the cut-off: next time
    BEFORE_WINDOW = "before_window"  # older than the window of a first update
    DROPPED = "dropped"  # an editor took it out
    WITHDRAWN = "withdrawn"  # its source or an editor withdrew it
    HELD = "held"  # it waits for an editor's look


BELOW_THE_LINE = {LeftOut.OVER_ITEMS, LeftOut.OVER_MINUTES}
"""What only lacked room: first in line next time."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A briefing as assembly sees it."""

    id: int
    slug: str
    headline: str
    published_at: dt.datetime
    changed_at: dt.datetime  # the source's updated_at, else when we had the change
    importance: int = 0
    sources: int = 1  # independent ones
    full_characters: int = 0  # of everything
    short_characters: int = 0  # of summary and takeaway
    carried_number: int | None = None  # of the latest approved update that carried it
    moved_on: bool = False  # materially changed since that update
    closed: bool = False  # by its status, in that update and still
    change: str = ""  # what changed, in a sentence
    waited: int | None = None  # number of the update that had no room for it
    late: bool = False  # received after the last approval, though published before its cut-off
    withdrawn: bool = False
    held: bool = False  # nobody has looked at it yet, and somebody should


@dataclass(frozen=True, slots=True)
class Budget:
    """What a topic's update holds; ``minutes`` 0 is no limit."""

    items: int = 6
    minutes: int = 6
    depths: str = Depths.ARRANGED


@dataclass(frozen=True, slots=True)
class Hand:
    """What an editor has decided already; slugs."""

    order: Sequence[str] = ()  # kept as it is when not empty
    pinned: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    depths: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placed:
    """A candidate that is in, with its reason."""

    candidate: Candidate
    kind: Kind
    depth: Depth
    why: str


@dataclass(frozen=True, slots=True)
class Omitted:
    """A candidate that is not in, with its reason."""

    candidate: Candidate
    code: LeftOut
    why: str


@dataclass(frozen=True, slots=True)
class Assembly:
    """The draft: items in their order, and everything that is not in."""

    items: list[Placed]
    left_out: list[Omitted]


def assemble(
    candidates: Iterable[Candidate],
    since: dt.datetime,
    until: dt.datetime,
    budget: Budget,
    hand: Hand = Hand(),
) -> Assembly:
    """Choose and order what goes into an update whose window is (since, until]."""
    able, left_out = [], []
    for candidate in candidates:
        reason = _barred(candidate, since, until, hand)
        if reason:
            left_out.append(Omitted(candidate, *reason))
        else:
            able.append(candidate)
    items: list[Placed] = []
    seconds = 0.0
    pins_waiting = sum(1 for candidate in able if candidate.slug in hand.pinned)
    for candidate in sorted(able, key=lambda one: _rank(one, hand)):
        depth = depth_at(len(items), budget.depths, hand.depths.get(candidate.slug))
        seconds_here = reading_seconds(candidate, depth)
        pinned = candidate.slug in hand.pinned
        pins_waiting -= pinned
        reason = (
            None if pinned else _no_room(len(items) + pins_waiting, seconds, seconds_here, budget)
        )
        if reason:
            left_out.append(Omitted(candidate, *reason))
            continue
        seconds += seconds_here
        items.append(Placed(candidate, _kind(candidate), depth, _why(candidate, pinned)))
    return Assembly(items, left_out)


def depth_at(position: int, depths: str, by_hand: str | None = None) -> Depth:
    """The depth of the item at this place (0 is the first)."""
    if by_hand:
        return Depth(by_hand)
    if depths == Depths.FULL:
        return Depth.LEAD
    if depths == Depths.SHORT:
        return Depth.BRIEF
    if position == 0:
        return Depth.LEAD
    return Depth.STANDARD if position < STANDARD_ITEMS else Depth.BRIEF


def reading_seconds(candidate: Candidate, depth: Depth) -> float:
    """How long a reader takes over it at this depth."""
    characters = {
        Depth.LEAD: candidate.full_characters,
        Depth.STANDARD: candidate.short_characters + len(candidate.headline),
        Depth.BRIEF: BRIEF_CHARACTERS,
    }[depth]
    return characters / CHARACTERS_A_SECOND


def _barred(
    one: Candidate, since: dt.datetime, until: dt.datetime, hand: Hand
) -> tuple[LeftOut, str] | None:
    if one.withdrawn:
        return LeftOut.WITHDRAWN, "Withdrawn."
    if one.held:
        return LeftOut.HELD, "Held until an editor has looked at it."
    if one.slug in hand.dropped:
        return LeftOut.DROPPED, "Taken out by an editor."
    if one.carried_number is None:
        if one.published_at > until:
            return LeftOut.AFTER_CUTOFF, f"Published after the cut-off, {_time(one.published_at)}."
        if one.published_at <= since and not one.late and one.waited is None:
            return LeftOut.BEFORE_WINDOW, f"Published before the window, {_day(one.published_at)}."
    elif one.closed:
        return LeftOut.CLOSED, (
            f"Closed in Update #{one.carried_number}; it comes back when its status opens again."
        )
    elif not one.moved_on:
        return LeftOut.UNCHANGED, f"Unchanged since Update #{one.carried_number}."
    elif one.changed_at > until:
        return LeftOut.AFTER_CUTOFF, f"Changed after the cut-off, {_time(one.changed_at)}."
    return None


def _rank(one: Candidate, hand: Hand) -> tuple[int, int, bool, int, float, str]:
    """Sorts the most important first; an editor's order comes before everything."""
    placed = hand.order.index(one.slug) if one.slug in hand.order else len(hand.order)
    when = one.published_at if one.carried_number is None else one.changed_at
    return (placed, -one.importance, one.waited is None, -one.sources, -when.timestamp(), one.slug)


def _no_room(
    items: int, seconds: float, seconds_here: float, budget: Budget
) -> tuple[LeftOut, str] | None:
    if items >= budget.items:
        return LeftOut.OVER_ITEMS, (
            f"Over the budget of {budget.items} items. First in line next time."
        )
    if items and budget.minutes and seconds + seconds_here > budget.minutes * 60:
        over = (seconds + seconds_here) / 60 - budget.minutes
        return LeftOut.OVER_MINUTES, (
            f"{over:.1f} min over the reading budget of {budget.minutes} min. "
            "First in line next time."
        )
    return None


def _kind(one: Candidate) -> Kind:
    return Kind.NEW if one.carried_number is None else Kind.CONTINUING


def _why(one: Candidate, pinned: bool) -> str:
    said = []
    if pinned:
        said.append("Pinned by an editor.")
    if one.carried_number is not None:
        said.append(f"Changed since Update #{one.carried_number}.")
    else:
        said.append("New.")
    if one.waited is not None:
        said.append(f"Update #{one.waited} had no room for it.")
    if one.late:
        said.append("Arrived after the last update was approved.")
    sources = (
        "no source named"
        if not one.sources
        else ("one source" if one.sources == 1 else f"{one.sources} sources")
    )
    said.append(f"Importance {one.importance}, {sources}, published {_day(one.published_at)}.")
    return " ".join(said)


def _day(when: dt.datetime) -> str:
    return f"{when.day} {when:%B %Y}"


def _time(when: dt.datetime) -> str:
    return f"{when.day} {when:%B %H:%M} {when.tzname()}"
