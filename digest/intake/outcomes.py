"""What a reader says of each briefing it meets: accepted, or rejected and why."""

from dataclasses import dataclass

from digest.parts import BriefingData


@dataclass(frozen=True, slots=True)
class Accepted:
    """A briefing that can be kept, with what the reader should be told about it."""

    source: str
    line: int | None
    briefing: BriefingData
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A briefing, or a whole source, that can't be kept.  ``line`` counts from 1."""

    source: str
    line: int | None
    why: str


Outcome = Accepted | Rejected


class Unfit(ValueError):
    """What was read makes no briefing; the text says why, in the reader's words."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.line = line


def shown(value: object, length: int = 60) -> str:
    """A foreign value as it may be printed: short, quoted, nothing that steers a terminal."""
    text = "".join(
        mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for mark in str(value)[: length + 1]
    )
    return f"“{text[:length]}…”" if len(text) > length else f"“{text}”"
