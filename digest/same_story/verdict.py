"""Two signatures compared: the same story, likely the same, or different.  Pure.

Each kind of evidence has its points, so that a verdict can be told in a sentence.  How well
they tell is measured by ``python -m benchmarks.same_story``.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from digest.same_story.quantities import value
from digest.same_story.signature import Signature

LIKELY = 3
"""Points from which an editor is asked."""

SAME = 6
"""Points from which two are folded unasked, where ``_sure`` holds as well."""

DAYS = 30
"""Reports further apart tell two stories: of one affair, perhaps, but at two times."""

NEAR = 2
"""Days within which the news goes round; a report that comes later is told of less readily."""


class Verdict(StrEnum):
    """What two briefings are to each other."""

    SAME = "same"  # folded by itself
    LIKELY = "likely"  # put to the editor
    DIFFERENT = "different"  # two stories


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with its points, and the evidence in words."""

    verdict: Verdict
    points: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What two signatures share, and in what they differ.

    ``overlap``: of the words that aren't names, the part of the shorter one's that both have;
    ``headline``: the same of the two headlines, names included. ``other_step``: one announces what
    the other tells as done.
    ``one_house``: the same publisher alone stands behind both, and it seldom tells a story twice.
    """

    gap: float
    names: list[str]
    overlap: float
    headline: float
    numbers: list[str]
    other_numbers: bool
    days: list[str]
    other_days: bool
    page: bool
    one_house: bool
    other_step: bool


def _rare(_name: str) -> bool:
    return False


def compare(one: Signature, other: Signature, common: Callable[[str], bool] = _rare) -> Judged:
    """Whether they tell the same story; names that are ``common`` there say nothing."""
    gap = _days_between(one.published, other.published)
    if gap > DAYS:
        return Judged(Verdict.DIFFERENT, 0)
    found = _evidence(one, other, gap, common)
    points = sum(_points(found))
    if points < LIKELY or not _about_one_thing(found, one, other):
        return Judged(Verdict.DIFFERENT, points)
    sure = points >= SAME and _sure(found)
    spelt = dict(zip((*other.names, *one.names), (*other.spelt, *one.spelt), strict=True))
    return Judged(Verdict.SAME if sure else Verdict.LIKELY, points, _told(found, spelt))


def _points(found: _Evidence) -> Iterator[float]:
    yield min(4, len(found.names) + 1) if found.names else 0
    yield 3 if found.overlap >= 0.8 else 2 if found.overlap >= 0.6 else found.overlap >= 0.35
    yield min(2, len(found.numbers))
    yield bool(found.days) - found.other_days - found.other_numbers
    yield 2 * (found.page and not found.one_house)
    yield -4 * found.one_house
    yield -(found.gap > NEAR)


def _about_one_thing(found: _Evidence, one: Signature, other: Signature) -> bool:
    """Whether figures and words stand beside a name, where the language shows names; a report
    that comes late needs more than names."""
    if not found.names and not found.page and (one.names or other.names):
        return False
    more = found.overlap >= 0.35 or found.numbers or found.page
    return found.gap <= NEAR or bool(more)


def _sure(found: _Evidence) -> bool:
    """Whether nothing speaks against it, and more than a common subject for it.

    A day later, under a headline of other words, or in other words about what was only announced,
    it is as often the next step of the same affair.
    """
    against = found.other_days or found.other_numbers or found.one_house or found.other_step
    return (
        not against
        and found.gap <= 1
        and len(found.names) > 1
        and (
            (found.headline >= 0.75 and found.overlap >= 0.5)
            or (len(found.numbers) > 1 and bool(found.days) and found.overlap >= 0.4)
        )
    )


def _evidence(
    one: Signature, other: Signature, gap: float, common: Callable[[str], bool]
) -> _Evidence:
    words, others = set(one.words), set(other.words)
    capital = {*one.names, *other.names}
    names = [word for word in one.words if word in others and word in capital and not common(word)]
    least = min(len(words - capital), len(others - capital))
    numbers = [number for number in map(_own, one.numbers) if number and _in(number, other)]
    days = [day for day in one.days if day in other.days]
    return _Evidence(
        gap=gap,
        names=names,
        overlap=len((words & others) - capital) / max(MANY, least),
        headline=_headline_overlap(one, other),
        numbers=numbers,
        other_numbers=_clash(one, other),
        days=days,
        other_days=bool(one.days and other.days and not days),
        page=not set(one.pages).isdisjoint(other.pages),
        one_house=bool(one.houses) and _houses(one) == _houses(other),
        other_step=one.ahead != other.ahead,
    )


def _headline_overlap(one: Signature, other: Signature) -> float:
    words, others = set(one.words[: one.headed]), set(other.words[: other.headed])
    return len(words & others) / max(2, min(len(words), len(others)))


MANY = 5
"""Words below which a part of them says little."""


def _days_between(one: str, other: str) -> float:
    apart = dt.datetime.fromisoformat(one) - dt.datetime.fromisoformat(other)
    return abs(apart.total_seconds()) / 86_400


def _own(number: str) -> str:
    """The number, unless any text may have it: small ones without a unit, years."""
    unit, size = value(number)
    year = not unit and 1900 <= size <= 2100
    return number if unit or (size >= 13 and not year) or size != int(size) else ""


def _in(number: str, other: Signature) -> bool:
    return any(_close(number, theirs) for theirs in other.numbers)


def _close(number: str, theirs: str) -> bool:
    """Equal, or rounded: $1.5bn and $1,512 million."""
    (unit, size), (their_unit, their_size) = value(number), value(theirs)
    return unit == their_unit and abs(size - their_size) <= 0.02 * max(size, their_size)


def _clash(one: Signature, other: Signature) -> bool:
    """Whether both give figures in a unit, and agree in none of them."""
    units = {value(number)[0] for number in one.numbers} - {""}
    for unit in units & {value(number)[0] for number in other.numbers}:
        mine = [number for number in one.numbers if value(number)[0] == unit]
        if not any(_in(number, other) for number in mine):
            return True
    return False


def _houses(one: Signature) -> set[str]:
    """The site of each source, or its name where it has none."""
    return {house.rpartition("|")[2] or house for house in one.houses}


def _told(found: _Evidence, spelt: dict[str, str]) -> str:
    said = []
    if found.names:
        said.append(f"both name {_listed([spelt[name] for name in found.names[:3]])}")
    if found.numbers:
        said.append(f"both give {_listed(found.numbers[:2])}")
    if found.page:
        said.append("both cite one page")
    if found.overlap >= 0.35:
        said.append(f"they share {found.overlap:.0%} of their words")
    hours = round(found.gap * 24)
    said.append(f"{hours} h apart" if hours < 48 else f"{round(found.gap)} days apart")
    return f"{'; '.join(said)}."[:1].upper() + f"{'; '.join(said)}."[1:]


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
