"""The head of a saved page: topic, date, headline, reading time, summary, tag, status."""

import re
from dataclasses import dataclass, field

from digest.intake.outcomes import Unfit, shown
from digest.intake.page_lines import Line, without_repeats
from digest.intake.written_dates import is_day_line

TAG = 60
"""Characters in a line of tag and status at most."""

_READ = re.compile(r"(?P<minutes>\d{1,3}) ?min(?:ute)?s?\.? read", re.IGNORECASE)
_TIME = re.compile(r"(?P<time>[012]?\d:[0-5]\d) ?(?:UTC|GMT)", re.IGNORECASE)
_READ_AND_TIME = re.compile(
    rf"(?:{_READ.pattern})?[ ·|,•]*(?:{_TIME.pattern})?", re.IGNORECASE | re.ASCII
)
# Ends by which a glued "LegalUnder review" is split; others are split at the inner capital.
KNOWN_STATUSES = (
    "Active",
    "Breaking",
    "Closed",
    "Completed",
    "Concluded",
    "Confirmed",
    "Contested",
    "Corrected",
    "Developing",
    "Disputed",
    "Emerging",
    "Escalating",
    "New",
    "Ongoing",
    "Pending",
    "Resolved",
    "Stalled",
    "Under Review",
    "Unconfirmed",
    "Updated",
)
_INNER_CAPITAL = re.compile(r"(?<=[a-z0-9)])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass
class Head:
    """What stands above the first heading; what was not found is empty."""

    topic: str = ""
    headline: str = ""
    day: Line | None = None
    time: str = ""
    read_minutes: int | None = None
    tag: str = ""
    status: str = ""
    summary: list[Line] = field(default_factory=list)
    body: list[Line] = field(default_factory=list)


def is_read_or_time(line: str) -> bool:
    """True for ``4 min read``, ``15:20UTC`` or both on one line."""
    return bool(line) and _READ_AND_TIME.fullmatch(line) is not None


def head_of(lines: list[Line]) -> Head:
    """Read the head.  Raises Unfit when it names two headlines, or none."""
    head = Head()
    marks = _marks(lines, head)
    if not marks:
        raise Unfit(
            "no date, reading time or hour above the first heading: no briefing page",
            lines[0].number if lines else 1,
        )
    rest = _find_headline(lines, marks, head)
    _read_rest(rest, head)
    return head


def tag_and_status(line: str) -> tuple[str, str]:
    """``IndustryDeveloping`` → (``Industry``, ``Developing``); a lone word is a tag.

    Both vocabularies are open: a known status at the end splits it wherever it
    stands, anything else is split at the last capital inside a word.
    """
    for status in sorted(KNOWN_STATUSES, key=len, reverse=True):
        if line.casefold().endswith(status.casefold()):
            tag = line[: -len(status)]
            if not tag or not tag[-1].islower() or line[len(tag)].isupper():
                return tag.strip(" ·|/,–—-"), line[len(tag) :]
    if parts := re.split(r" [·|/–—] ", line, maxsplit=1)[1:]:
        return line[: -len(parts[0])].rstrip(" ·|/–—"), parts[0]
    inner = [match.start() for match in _INNER_CAPITAL.finditer(line)]
    return (line[: inner[-1]], line[inner[-1] :]) if inner else (line, "")


def _marks(lines: list[Line], head: Head) -> list[int]:
    """Where the date, reading time and hour stand; each is taken once."""
    marks = []
    for index, line in enumerate(lines):
        if head.day is None and is_day_line(line.text):
            head.day = line
            marks.append(index)
        elif is_read_or_time(line.text):
            minutes, time = _READ.search(line.text), _TIME.search(line.text)
            if minutes and head.read_minutes is None:
                head.read_minutes = min(600, max(1, int(minutes["minutes"])))
            head.time = head.time or (time["time"] if time else "")
            marks.append(index)
    return marks


def _find_headline(lines: list[Line], marks: list[int], head: Head) -> list[Line]:
    """Set topic and headline; return the lines that follow the headline and the marks.

    The page has them as topic, date, headline, reading time, hour.
    """
    first, last = marks[0], marks[-1]
    between = without_repeats(
        [line for at, line in enumerate(lines[first:last], first) if at not in marks]
    )
    before, after = without_repeats(lines[:first]), lines[last + 1 :]
    if between:
        if len({line.text for line in between}) > 1:
            names = f"{shown(between[0].text)} and {shown(between[1].text)}"
            raise Unfit(f"two headlines: {names}", between[1].number)
        head.headline = between[0].text
    elif head.day is None and before:
        head.headline = before.pop().text
    elif after and not after[0].is_prose:
        head.headline, after = after[0].text, after[1:]
    else:
        raise Unfit("no headline between the date and the reading time", lines[first].number)
    if head.day is not None and before and not before[-1].is_prose:
        head.topic = before[-1].text
    return [line for line in after if line.text != head.headline]


def _read_rest(lines: list[Line], head: Head) -> None:
    """Summary, tag and status, and the body where no heading comes before it.

    The label stands after the summary; a short line above it is the site's.
    """
    prose = next((at for at, line in enumerate(lines) if line.is_prose), len(lines))
    labels = [at for at, line in enumerate(lines) if _is_label(line)]
    label = next((at for at in labels if at > prose), labels[0] if labels else None)
    if label is None:
        head.summary, head.body = lines[:1], lines[1:]
        return
    head.tag, head.status = tag_and_status(lines[label].text)
    after = label + 1
    if after < len(lines) and not head.status and _is_label(lines[after]):
        head.status, after = lines[after].text, after + 1
    if label > prose:
        head.summary, head.body = lines[prose:label], lines[after:]
    else:
        head.summary, head.body = lines[after : after + 1], lines[after + 1 :]


def _is_label(line: Line) -> bool:
    return not line.is_prose and len(line.text) <= TAG
