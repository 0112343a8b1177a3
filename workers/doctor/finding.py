"""What was found of one thing: how it is, in words, and what mends it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Grade(StrEnum):
    """How something is. The later of these weighs more."""

    WELL = "well"  # as it should be
    UNKNOWN = "unknown"  # it can't be told from here
    LOOK = "look"  # it works, and not as well as it should
    BAD = "bad"  # nothing should be sent before this is mended


class Area(StrEnum):
    """Where it was found, in the order in which it is mended."""

    MACHINE = "this machine"  # settings, files, disk, clock
    STORES = "database and broker"  # and the workers between them
    RELAYS = "relays"  # whether they take our mail, and whether mails come in
    DNS = "DNS"  # what the world reads of our senders
    PAGES = "pages"  # at BASE_URL, as readers find them
    BACKUPS = "backups"  # what is left when all else is lost


@dataclass(frozen=True)
class Finding:
    """One finding; without a mend where there is nothing to do."""

    about: str  # "DKIM of example.org"
    grade: Grade
    words: str
    mend: str = ""
    area: Area = field(default=Area.MACHINE, kw_only=True)  # set by the examination


def amiss(finding: Finding) -> bool:
    """Whether there is something to mend."""
    return finding.grade in {Grade.LOOK, Grade.BAD}


def worst(found: Iterable[Finding]) -> Grade:
    """The weightiest grade among them; well where there is none."""
    order = list(Grade)
    return max((one.grade for one in found), key=order.index, default=Grade.WELL)


def well(about: str, words: str) -> Finding:
    return Finding(about, Grade.WELL, words)


def look(about: str, words: str, mend: str) -> Finding:
    return Finding(about, Grade.LOOK, words, mend)


def bad(about: str, words: str, mend: str) -> Finding:
    return Finding(about, Grade.BAD, words, mend)


def unknown(about: str, words: str, mend: str = "") -> Finding:
    return Finding(about, Grade.UNKNOWN, words, mend)
