"""A saved page as lines, and what a line by itself gives away."""

import enum
import re
from dataclasses import dataclass

from digest.intake.outcomes import Unfit

LONGEST = 500_000
"""Characters in the text of a page; a long one has 30,000."""

MOST_LINES = 20_000
"""Lines in the text of a page, empty ones too; a long one has 300."""

PROSE = 90
"""Characters from which a line is taken for prose even if no full stop ends it."""

_SPACES = re.compile(r"[\s\u00a0\u2007\u202f\u200b\u200e\u200f\ufeff]+")
_BULLET = re.compile(r"^(?:[•‣◦▪●] ?|[*–-] )(?=\S)")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*(?: ?\[\^\d+\])?$")
_CHROME = re.compile(
    r"(?:©|copyright\b|all rights reserved).*"
    r"|skip to content|see roadmap|back to top|advertisement|share|save|listen|copy link"
    r"|subscribe|newsletter|about(?: us)?|contact(?: us)?|privacy(?: policy)?"
    r"|terms(?: (?:of|and|&) (?:use|service|conditions))?|cookies|cookie (?:policy|settings)"
    r"|sign in|sign up|log in",
    re.IGNORECASE,
)


class Section(enum.Enum):
    """The parts of a briefing page that a heading opens."""

    HEAD = ""  # what stands before the first heading
    TAKEAWAY = "key takeaway"  # its first paragraph; the body follows it
    ANALYSIS = "deep analysis"  # opens each of the next two, or one that we don't know
    PLAIN_ENGLISH = "in plain english"
    ROOT_CAUSES = "root causes"
    NEXT = "what could happen next"  # consequences, each with its kind
    FIRST_REPORT = "first reported in"  # an update, then the sources
    SOURCES = "sources"  # further sources
    PERSPECTIVES = "different perspectives"  # parties, each with its view


_HEADINGS = {section.value: section for section in Section if section.value} | {
    "key takeaways": Section.TAKEAWAY,
    "root cause": Section.ROOT_CAUSES,
    "first reported": Section.FIRST_REPORT,
    "source": Section.SOURCES,
    "perspectives": Section.PERSPECTIVES,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line that says something; ``number`` counts from 1 over the whole page."""

    number: int
    text: str
    is_bulleted: bool = False

    @property
    def is_prose(self) -> bool:
        """A sentence or more, as against a heading, a label or a name."""
        return len(self.text) > PROSE or _SENTENCE_END.search(self.text) is not None

    @property
    def heading(self) -> Section | None:
        """The section that this line opens, if it does."""
        return _HEADINGS.get(self.text.rstrip(" ?:.").casefold()) if len(self.text) < 40 else None


def lines_of(page: str) -> list[Line]:
    """The lines of a page that say something, trimmed, without those of the site's chrome.

    Raises Unfit for a text that is no page of one briefing by its size alone.
    """
    if len(page) > LONGEST or page.count("\n") > MOST_LINES:
        raise Unfit(
            f"longer than a briefing page: over {LONGEST:,} characters or {MOST_LINES:,} lines"
        )
    found = []
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", page), 1):
        text = _SPACES.sub(" ", raw).strip()
        bare = _BULLET.sub("", text)
        if bare and not _CHROME.fullmatch(bare):
            found.append(Line(number, bare, is_bulleted=bare != text))
    return found


def paragraphs(lines: list[Line]) -> str:
    """Lines as Markdown paragraphs."""
    return "\n\n".join(line.text for line in lines)


def without_repeats(lines: list[Line]) -> list[Line]:
    """The lines, those that say the same as the one before once."""
    return [
        line
        for line, before in zip(lines, [None, *lines], strict=False)
        if before is None or line.text != before.text
    ]
