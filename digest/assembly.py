"""Recent briefings → a draft, with a reason for each.  Pure: plain data in, plain data out.

``drafting.py`` fetches the candidates and keeps the result.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from digest import ranking
from digest.candidates import Candidate
from digest.depths import Depth, Depths
from digest.models import Kind

CHARACTERS_A_WORD = 5.7
CHARACTERS_A_SECOND = 238 * CHARACTERS_A_WORD / 60
"""Silent reading of English prose: 238 words a minute (Brysbaert 2019) of 5.7 characters."""

STANDARD_ITEMS = 6
"""Past the sixth an item is brief, as arranged by default (contract)."""

BRIEF_CHARACTERS = 200
"""A headline and one sentence."""


class LeftOut(StrEnum):
    """Why a briefing is not in the draft."""

    OVER_ITEMS = "over_items"  # the topic's number of items is reached
    OVER_MINUTES = "over_minutes"  # it would take the update past the topic's minutes
    OVER_WORDS = "over_words"  # or past its words
    TOLD = "told"  # another briefing told the same story in an earlier update
    CLOSED = "closed"  # readers had it as closed, and it is closed still
    UNCHANGED = "unchanged"  # readers had it, and nothing material has changed
    AFTER_CUTOFF = "after_cutoff"  # published or changed after the cut-off: next time
    BEFORE_WINDOW = "before_window"  # older than the window of a first update
    DROPPED = "dropped"  # an editor took it out
    WITHDRAWN = "withdrawn"  # its source or an editor withdrew it
    HELD = "held"  # it waits for an editor's look


BELOW_THE_LINE = {LeftOut.OVER_ITEMS, LeftOut.OVER_MINUTES, LeftOut.OVER_WORDS}
"""What only lacked room: first in line next time."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a topic's update holds; 0 ``minutes`` or ``words`` are no limit.

    ``sections``: items of one tag stand together.
    """

    items: int = 6
    minutes: int = 6
    words: int = 0
    depths: str = Depths.ARRANGED
    sections: bool = False


@dataclass(frozen=True, slots=True)
class Hand:
    """What an editor has decided already; slugs."""

    order: Sequence[str] = ()  # kept as it is when not empty
    pinned: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    depths: dict[str, str] = field(default_factory=dict)


class Folded(NamedTuple):
    """A candidate whose story another one tells, and how we know."""

    candidate: Candidate
    why: str


class Told(NamedTuple):
    """Who told a candidate's story in an earlier update, and how we know."""

    into: Candidate
    why: str


@dataclass(frozen=True, slots=True)
class Folding:
    """Which candidates are no items of their own.  By the ids of candidates.

    ``under``: those that an item takes in.  ``told``: those that were told before.  ``sources``:
    how many independent ones stand behind a story that several tell.
    """

    under: dict[int, list[Folded]] = field(default_factory=dict)
    told: dict[int, Told] = field(default_factory=dict)
    sources: dict[int, int] = field(default_factory=dict)


def unfolded(_able: Sequence[Candidate]) -> Folding:
    """Each candidate tells a story of its own."""
    return Folding()


class Placed(NamedTuple):
    """A candidate that is in, with its reason and whatever is folded into it."""

    candidate: Candidate
    kind: Kind
    depth: Depth
    why: str
    folded: Sequence[Folded] = ()


class Omitted(NamedTuple):
    """A candidate that is not in, with its reason.  ``into``: who told its story before."""

    candidate: Candidate
    code: LeftOut
    why: str
    into: Candidate | None = None


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
    fold: Callable[[Sequence[Candidate]], Folding] = unfolded,
) -> Assembly:
    """Choose and order what goes into an update whose window is (since, until].

    ``fold`` says which of the able ones tell one story.
    """
    able, left_out = [], []
    for candidate in candidates:
        reason = _barred(candidate, since, until, hand)
        if reason:
            left_out.append(Omitted(candidate, *reason))
        else:
            able.append(candidate)
    folding = fold(able)
    left_out += [_told(one, folding.told[one.id]) for one in able if one.id in folding.told]
    gone = {one.candidate.id for under in folding.under.values() for one in under}
    heads = [one for one in able if one.id not in gone and one.id not in folding.told]
    items, over = _Filling(heads, until, budget, hand, folding).done()
    if budget.sections and not hand.order:
        items = by_section(items)
    return Assembly(items, over + list(_waiting_too(over, folding)) + left_out)


def _waiting_too(over: Sequence[Omitted], folding: Folding) -> Iterator[Omitted]:
    """What tells the story of one that has no room waits with it."""
    for one in over if folding.under else ():
        for folded in folding.under.get(one.candidate.id, ()):
            why = f"Tells the story of “{one.candidate.headline}”, and waits with it. {one.why}"
            yield Omitted(folded.candidate, one.code, why)


class _Filling:
    """Fills an update up to its budget, the best first."""

    def __init__(
        self,
        heads: Sequence[Candidate],
        until: dt.datetime,
        budget: Budget,
        hand: Hand,
        folding: Folding,
    ) -> None:
        self.until, self.budget, self.hand, self.folding = until, budget, hand, folding
        self.ordered = sorted(ranking.scored(one, self._sources(one), until) for one in heads)
        self.items: list[Placed] = []
        self.over: list[Omitted] = []
        self.characters = 0.0
        self.pins_waiting = sum(one.slug in hand.pinned for one in heads) if hand.pinned else 0

    def done(self) -> tuple[list[Placed], list[Omitted]]:
        """The items, and what is over the budget."""
        place = {slug: at for at, slug in enumerate(self.hand.order)}
        by_hand = [one[3] for one in self.ordered if one[3].slug in place]
        queue = ranking.Queue([one for one in self.ordered if one[3].slug not in place])
        for candidate in sorted(by_hand, key=lambda one: place[one.slug]):
            self._take(candidate, queue)
        for candidate in queue:
            if self._full() and not self.pins_waiting:
                break
            self._take(candidate, queue)
        seen = {one.candidate.id for one in self.items} | {one.candidate.id for one in self.over}
        rest = (one for one in self.ordered if one[3].id not in seen)
        self.over += [Omitted(one, *self._no_place(-turned)) for turned, _, _, one in rest]
        return self.items, self.over

    def _take(self, candidate: Candidate, queue: ranking.Queue) -> None:
        at = len(self.items)
        depth = depth_at(at, self.budget.depths, self.hand.depths.get(candidate.slug))
        characters = reading_characters(candidate, depth)
        pinned = candidate.slug in self.hand.pinned
        self.pins_waiting -= pinned
        if not pinned and (reason := self._no_room(candidate, characters)):
            self.over.append(Omitted(candidate, *reason))
            return
        self.characters += characters
        before = queue.before[candidate.tag]
        queue.placed(candidate.tag)
        why = _why(candidate, pinned, self._points_told(candidate, before))
        folded = self.folding.under.get(candidate.id, ())
        self.items.append(Placed(candidate, _kind(candidate), depth, why, folded))

    def _sources(self, one: Candidate) -> int:
        return self.folding.sources.get(one.id, one.sources)

    def _points_told(self, one: Candidate, before: int) -> str:
        return ranking.told(one, self._sources(one), self.until, before)

    def _full(self) -> bool:
        return len(self.items) + self.pins_waiting >= self.budget.items

    def _no_place(self, points: int) -> tuple[LeftOut, str]:
        return LeftOut.OVER_ITEMS, _over_items(self.budget.items, points)

    def _no_room(self, one: Candidate, characters: float) -> tuple[LeftOut, str] | None:
        if self._full():
            return self._no_place(ranking.points(one, self._sources(one), self.until))
        if not self.items:
            return None
        minutes = (self.characters + characters) / CHARACTERS_A_SECOND / 60 - self.budget.minutes
        if self.budget.minutes and minutes > 0:
            return LeftOut.OVER_MINUTES, (
                f"{minutes:.1f} min over the reading budget of {self.budget.minutes} min. "
                "First in line next time."
            )
        words = (self.characters + characters) / CHARACTERS_A_WORD - self.budget.words
        if self.budget.words and words > 0:
            return LeftOut.OVER_WORDS, (
                f"{words:,.0f} words over the budget of {self.budget.words:,}. "
                "First in line next time."
            )
        return None


@lru_cache(1000)
def _over_items(budget: int, points: int) -> str:
    """Kept, since tens of thousands may share it."""
    said = ranking.counted(points)
    return f"Over the budget of {budget} items, with {said}. First in line next time."


def by_section(items: Sequence[Placed]) -> list[Placed]:
    """Items of one tag together, in the order of the best of each tag; the lead stays first."""
    tags = list(dict.fromkeys(one.candidate.tag for one in items[1:]))
    return [*items[:1], *sorted(items[1:], key=lambda one: tags.index(one.candidate.tag))]


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


def reading_characters(candidate: Candidate, depth: Depth) -> float:
    """How much a reader has to read of it at this depth."""
    if depth == Depth.LEAD:
        return candidate.full_characters
    if depth == Depth.STANDARD:
        return candidate.short_characters + len(candidate.headline)
    return BRIEF_CHARACTERS


def _barred(
    one: Candidate, since: dt.datetime, until: dt.datetime, hand: Hand
) -> tuple[LeftOut, str] | None:
    if one.withdrawn:
        return LeftOut.WITHDRAWN, "Withdrawn."
    if one.held:
        return LeftOut.HELD, "Held until an editor has looked at it."
    if one.slug in hand.dropped:
        return LeftOut.DROPPED, "Taken out by an editor."
    if one.slug in hand.pinned:  # an editor included it, whatever stood against it
        return None
    if one.carried_number is None:
        if one.published_at > until:
            return LeftOut.AFTER_CUTOFF, f"Published after the cut-off, {_time(one.published_at)}."
        if one.published_at <= since and not (one.late or one.waited or one.dropped):
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


def _told(one: Candidate, told: Told) -> Omitted:
    why = (
        f"“{told.into.headline}” told this story in Update #{told.into.carried_number}. "
        f"{told.why} Include it if it says something new."
    )
    return Omitted(one, LeftOut.TOLD, why, told.into)


def _kind(one: Candidate) -> Kind:
    return Kind.NEW if one.carried_number is None else Kind.CONTINUING


def _why(one: Candidate, pinned: bool, points: str) -> str:
    said = []
    if pinned:
        said.append("Pinned by an editor.")
    if one.carried_number is not None:
        said.append(f"Changed since Update #{one.carried_number}.")
    else:
        said.append("New.")
    if one.dropped is not None:
        said.append(f"An editor took it out of Update #{one.dropped}.")
    if one.late:
        said.append("Arrived after the last update was assembled.")
    return " ".join([*said, points])


def _day(when: dt.datetime) -> str:
    return f"{when.day} {when:%B %Y}"


def _time(when: dt.datetime) -> str:
    return f"{_day(when)}, {when:%H:%M} {when.tzname()}"
