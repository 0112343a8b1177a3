"""What the brake thinks of a mailing's figures.  Pure, and exact: whole numbers, in millionths."""

import datetime as dt
from dataclasses import dataclass, field
from typing import NamedTuple

from workers.brake.models import Level

MILLION = 1_000_000


class Limit(NamedTuple):
    """At which share of those asked a mailing is held, and of how many at least."""

    share: int  # in a million
    least: int

    @property
    def step(self) -> int:
        """By how much it must get worse than what a person let go on."""
        return self.share // 2


class Limits(NamedTuple):
    """As the setting BRAKE has them."""

    bounces: Limit  # at least so many attempted
    complaints: Limit  # at least so many complaints


class Read(NamedTuple):
    """What somebody read on a provider's postmaster page of the day of a mailing."""

    provider: str
    day: dt.date
    complaints: int  # in a million


@dataclass(frozen=True)
class Figures:
    """A mailing's, as its counters have them."""

    attempted: int = 0
    hard: int = 0
    reported: int = 0
    """Of the attempted: those whose complaints would come back to us."""
    complained: int = 0
    read: tuple[Read, ...] = field(default=())

    @property
    def bounces(self) -> int:
        """Hard bounces in a million attempted."""
        return self.hard * MILLION // self.attempted if self.attempted else 0

    @property
    def told(self) -> int:
        """Complaints in a million whose complaints are reported."""
        return self.complained * MILLION // self.reported if self.reported else 0

    @property
    def complaints(self) -> int:
        """The worst that is known of complaints, a postmaster page's too."""
        return max(self.told, 0, *(one.complaints for one in self.read))

    @property
    def shown(self) -> str:
        """To be sent back by whoever lets it go on: what they saw."""
        return f"{self.bounces} {self.complaints}"


class Seen(NamedTuple):
    """Shares, in a million, with which a person let it go on."""

    bounces: int = 0
    complaints: int = 0


UNSEEN = Seen()


@dataclass(frozen=True)
class Verdict:
    """What follows from it."""

    level: Level
    words: str  # its reasons; "" where it is calm
    figures: Figures
    bounces_at: int  # the share at which it is held, in a million
    complaints_at: int


def verdict(figures: Figures, limits: Limits, seen: Seen = UNSEEN) -> Verdict:
    """Held at a limit, warned at half of it."""
    bounces_at = _raised(limits.bounces, seen.bounces)
    complaints_at = _raised(limits.complaints, seen.complaints)
    found = [
        *_bounces(figures, limits.bounces, bounces_at),
        *_complaints(figures, limits.complaints, complaints_at),
    ]
    levels = {level for level, _ in found}
    level = next((one for one in (Level.BRAKED, Level.WARNED) if one in levels), Level.CALM)
    return Verdict(level, " ".join(words for _, words in found), figures, bounces_at, complaints_at)


def _raised(limit: Limit, seen: int) -> int:
    """Where a person let it go on, it must get worse by a step: not held at once again."""
    return max(limit.share, seen + limit.step)


def _bounces(figures: Figures, limit: Limit, at: int) -> list[tuple[Level, str]]:
    if figures.attempted < limit.least:
        return []
    level = _level(figures.hard, figures.attempted, limit, at)
    said = (
        f"{figures.hard:,} of {figures.attempted:,} attempted bounced for good: "
        f"{percent(figures.bounces)}, and the brake is at {percent(at)}."
    )
    return [(level, said)] if level is not Level.CALM else []


def _complaints(figures: Figures, limit: Limit, at: int) -> list[tuple[Level, str]]:
    found = [_read(one, limit, at) for one in figures.read]
    if figures.complained >= limit.least:
        level = _level(figures.complained, figures.reported, limit, at)
        share = figures.complained * MILLION // max(1, figures.reported)
        said = (
            f"{figures.complained:,} of {figures.reported:,} whose complaints are reported called "
            f"it spam: {percent(share)}, and the brake is at {percent(at)}."
        )
        found.append((level, said))
    return [one for one in found if one[0] is not Level.CALM]


def _read(one: Read, limit: Limit, at: int) -> tuple[Level, str]:
    said = (
        f"{one.provider}’s postmaster page says {percent(one.complaints)} complaints for "
        f"{one.day.day} {one.day:%B}, and the brake is at {percent(at)}."
    )
    return _level(one.complaints, MILLION, limit, at), said


def _level(part: int, whole: int, limit: Limit, at: int) -> Level:
    if part * MILLION >= at * whole:
        return Level.BRAKED
    return Level.WARNED if part * MILLION * 2 >= limit.share * whole else Level.CALM


def in_a_word(level: Level, *, held: bool, ended: bool) -> tuple[str, str]:
    """How a mailing stands with the brake: a tone, and the word that pages have for it."""
    if held:
        return "bad", "held"
    if level is Level.BRAKED:
        return "bad", "ended badly" if ended else "over the limit"
    return ("warn", "warned") if level is Level.WARNED else ("ok", "well below")


def percent(millionths: int) -> str:
    """As people read it: "6.2 %", "0.31 %", "0 %"."""
    share = millionths / 10_000
    if millionths == 0:
        return "0 %"
    return f"{share:.2f} %" if share < 1 else f"{share:.1f} %"
