"""A finding as a terminal shows it."""

from rich.text import Text

from workers.doctor.finding import Finding, Grade

_MARKS = {
    Grade.WELL: ("✓", "green"),
    Grade.UNKNOWN: ("?", "blue"),
    Grade.LOOK: ("!", "yellow"),
    Grade.BAD: ("✗", "red"),
}


def told(finding: Finding) -> Text:
    """Mark, what it is about, words; the mend beneath."""
    mark, colour = _MARKS[finding.grade]
    line = Text.assemble((f"{mark} {finding.about}", f"bold {colour}"), f"  {finding.words}")
    if finding.mend:
        line.append(f"\n  → {finding.mend}")
    return line
