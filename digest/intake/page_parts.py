"""The parts of a saved page below its head: consequences, first report, sources, views."""

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from digest.intake.page_lines import Line
from digest.intake.written_dates import SEPARATORS, trailing_date

KIND = 60
"""Characters in the kind of a consequence at most."""

_UPDATE = re.compile(
    r"update ?#? ?(?P<number>\d{1,6})(?: ?[·•|:–—-] ?(?P<title>.*))?", re.IGNORECASE
)
_READ_ORIGINAL = re.compile(
    r"read (?:the )?original(?: article)?(?: (?P<url>https?://\S+))?", re.IGNORECASE
)


def consequences(lines: list[Line]) -> list[dict[str, str]]:
    """ "What could happen next?": each a kind ("Meaning") and the paragraphs under it."""
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        kind, colon, text = line.text.partition(": ")
        if not line.is_prose and len(line.text) <= KIND:
            found.append((line.text.rstrip(":"), []))
        elif line.is_bulleted and colon and len(kind) <= KIND:
            found.append((kind, [text]))
        elif line.is_bulleted or not found:
            found.append(("", [line.text]))
        else:
            found[-1][1].append(line.text)
    return [{"kind": kind, "text": "\n\n".join(texts)} for kind, texts in found if texts]


@dataclass
class FirstReport:
    """ "First Reported In": the update and its day, and the sources named there."""

    number: int | None = None
    title: str = ""
    day: dt.date | None = None
    sources: list[dict[str, Any]] = field(default_factory=list)

    def as_field(self) -> dict[str, Any] | None:
        """As in the contract's JSON; None where the page names no update."""
        if self.number is None:
            return None
        day = {"date": self.day.isoformat()} if self.day else {}
        return {"update": self.number, "title": self.title, **day}


def first_report(lines: list[Line], *, all_are_sources: bool = False) -> FirstReport:
    """Read the update's line, then sources: a name with a date, or one with a link to read it.

    Where the update's line has no date of its own, its day is the earliest source's.
    """
    report, awaited = FirstReport(), None
    for line in lines:
        if update := _UPDATE.fullmatch(line.text):
            report.number = report.number or int(update["number"])
            report.title, report.day = trailing_date((update["title"] or "").strip())
        elif original := _READ_ORIGINAL.fullmatch(line.text):
            if awaited:
                report.sources.append(awaited)
                awaited = None
            if report.sources and original["url"]:
                report.sources[-1].setdefault("url", original["url"])
        else:
            awaited = _take_source(line, report, awaited, all_are_sources=all_are_sources)
    days = [source["date"] for source in report.sources if "date" in source]
    if report.day is None and days:
        report.day = dt.date.fromisoformat(min(days))
    return report


def _take_source(
    line: Line, report: FirstReport, awaited: dict[str, Any] | None, *, all_are_sources: bool
) -> dict[str, Any] | None:
    """Add the source that a line names; or return a name whose date or link is yet to come."""
    name, day = trailing_date(line.text)
    name = name.strip(SEPARATORS)
    if day is None and line.is_prose:
        return None
    if day and not name and awaited:
        report.sources.append({**awaited, "date": day.isoformat()})
    elif day and name:
        report.sources.append({"name": name, "date": day.isoformat()})
    elif name and report.number is not None and not report.title and not report.sources:
        report.title = name
    elif name and all_are_sources:
        report.sources.append({"name": name})
    elif name:
        return {"name": name}
    return None


def perspectives(lines: list[Line]) -> list[dict[str, str]]:
    """ "Different Perspectives": a party's name (in a copy twice, kept once), then its view.

    What follows the last view and is no prose is the site's, not a party's.
    """
    twice = _is_repeated(lines, 0)
    found: list[tuple[str, list[str]]] = []
    for at, line in enumerate(lines):
        if at and line.text == lines[at - 1].text:
            continue
        if _is_repeated(lines, at) if twice else not line.is_prose:
            found.append((line.text, []))
        elif not line.is_prose or not found:
            break
        else:
            found[-1][1].append(line.text)
    return [{"party": party, "text": "\n\n".join(texts)} for party, texts in found if texts]


def _is_repeated(lines: list[Line], at: int) -> bool:
    return at + 1 < len(lines) and lines[at].text == lines[at + 1].text
