"""A briefing from the page that readers see, saved or copied as text.

A copy has no structure but its lines: the head is told by its marks (date,
reading time, hour), the rest by the page's own headings, in whatever order.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from digest.intake.fields import briefing_from
from digest.intake.footnotes import as_markdown, with_marks
from digest.intake.outcomes import Accepted, Outcome, Rejected, Unfit, shown
from digest.intake.page_head import Head, head_of, is_read_or_time
from digest.intake.page_lines import Line, Section, lines_of, paragraphs, without_repeats
from digest.intake.page_parts import consequences, first_report, perspectives
from digest.intake.slugs import slug_from
from digest.intake.written_dates import day_of_page, full_dates, is_day_line

Sections = dict[Section, list[Line]]


def looks_like_page(text: str) -> bool:
    """True when at least two of a briefing page's marks and headings are in the text."""
    marks = {
        line.heading or (is_day_line(line.text) and "day") or "read"
        for line in lines_of(text)
        if line.heading or is_day_line(line.text) or is_read_or_time(line.text)
    }
    return len(marks) > 1


def read_page(text: str, source: str, topic: str | None = None, url: str = "") -> Iterator[Outcome]:
    """The one outcome of a saved page.  ``topic`` wins over the page's own topic line."""
    try:
        fields = page_fields(text)
        if topic is not None:
            fields["topic"] = topic
        briefing, warnings = briefing_from({**fields, **({"url": url} if url else {})})
    except Unfit as problem:
        yield Rejected(source, problem.line, problem.why)
    else:
        own = tuple(
            f"part of the page under {shown(name)}: kept under extra"
            for name in fields.get("extra", {}).get("analysis", {})
        )
        yield Accepted(source, 1, briefing, warnings + own)


def page_fields(text: str) -> dict[str, Any]:
    """The page as the contract's "Briefing JSON".  Raises Unfit."""
    lines = lines_of(text)
    sections, unknown = _sections(lines)
    head = head_of(sections[Section.HEAD])
    report = first_report(sections[Section.FIRST_REPORT])
    further = first_report(sections[Section.SOURCES], all_are_sources=True)
    takeaway, after_takeaway = sections[Section.TAKEAWAY][:1], sections[Section.TAKEAWAY][1:]
    return {
        **_head_fields(head),
        **_times(head, report.day, "\n".join(line.text for line in lines)),
        "key_takeaway": paragraphs(takeaway),
        "body": with_marks(as_markdown(paragraphs(head.body + after_takeaway))),
        "first_reported_in": report.as_field(),
        "sources": report.sources + further.sources,
        "analysis": {
            "plain_english": paragraphs(sections[Section.PLAIN_ENGLISH]),
            "root_causes": paragraphs(sections[Section.ROOT_CAUSES]),
            "next": consequences(sections[Section.NEXT]),
        },
        "perspectives": perspectives(sections[Section.PERSPECTIVES]),
        **({"extra": {"analysis": unknown}} if unknown else {}),
    }


def _head_fields(head: Head) -> dict[str, Any]:
    return {
        "headline": head.headline,
        "tag": head.tag,
        "status": head.status,
        "summary": paragraphs(head.summary),
        "read_minutes": head.read_minutes,
        "topic": slug_from(head.topic) if head.topic else None,
    }


def _times(head: Head, first_day: dt.date | None, text: str) -> dict[str, str]:
    """``published_at`` from the first report's day, ``updated_at`` from the page's own time."""
    times = {}
    if head.day is not None:
        try:
            day = day_of_page(head.day.text, list(full_dates(text)))
        except Unfit as problem:
            raise Unfit(problem.why, head.day.number) from None
        times["updated_at"] = f"{day.isoformat()}T{(head.time or '0:00').zfill(5)}:00Z"
        times["published_at"] = times["updated_at"]
    if first_day is not None:
        times["published_at"] = f"{first_day.isoformat()}T00:00:00Z"
    return times


def _sections(lines: list[Line]) -> tuple[Sections, dict[str, str]]:
    """The lines under each heading; and, by its title, what stands under an unknown one."""
    sections: Sections = {section: [] for section in Section}
    current, unknown, title = Section.HEAD, dict[str, str](), ""
    for line in lines:
        if opened := line.heading:
            _refuse_second_briefing(opened, sections, line)
            current, title = opened, ""
        elif current is Section.ANALYSIS:
            if not title and not line.is_prose:
                title = line.text
            else:
                title = title or Section.ANALYSIS.value.capitalize()
                unknown[title] = "\n\n".join(filter(None, [unknown.get(title), line.text]))
        else:
            sections[current].append(line)
    for section in Section:
        if section is not Section.PERSPECTIVES:
            sections[section] = without_repeats(sections[section])
    return sections, unknown


def _refuse_second_briefing(opened: Section, sections: Sections, line: Line) -> None:
    if opened is Section.TAKEAWAY and sections[Section.TAKEAWAY]:
        raise Unfit(
            "two headlines: a second briefing begins on the page; save each in a file of its own",
            line.number,
        )
