"""Whether subject and preheader work in an inbox."""

import re
from collections.abc import Iterator

from digest.checks.findings import Context, Finding, Level
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

NAME = "subject"
FINE = "Subject and preheader fit an inbox."
PHONE = 41
"""Characters of a subject that phones show."""

PREHEADER = 120
"""Characters of a preheader that any inbox shows."""

_LABEL = re.compile(r"(?:test: )?(?:update|issue|newsletter)\s*#?\s*\d+\W*", re.IGNORECASE)


def check(_view: EmailView, email: RenderedEmail, context: Context) -> Iterator[Finding]:
    """Blocks without a subject; warns of length, shouting and repetition."""
    if not email.subject:
        missing = Finding(NAME, Level.BLOCK, "There is no subject.", "Write what is new, in brief.")
        yield missing.at("", "subject")
        return
    yield from _subject(email.subject)
    if before := context.earlier_subjects.get(email.subject.casefold()):
        yield _warn(
            "subject",
            f"{before} had the same subject; inboxes fold the two into one.",
            "Say what is new since.",
        )
    yield from _preheader(email.preheader, email.subject)


def _subject(subject: str) -> Iterator[Finding]:
    if _LABEL.fullmatch(subject):
        yield _warn("subject", "The subject names a number and no news.", "Say what is new first.")
    elif _LABEL.match(subject):
        yield _warn(
            "subject", "The subject begins with a number.", "Put the news first, the number last."
        )
    if len(subject) > PHONE:
        yield _warn(
            "subject",
            f"The subject has {len(subject)} characters; phones show {PHONE}.",
            f"Make the first {PHONE} stand alone: “{subject[:PHONE].rstrip()}…”.",
        )
    letters = [letter for letter in subject if letter.isalpha()]
    capitals = sum(letter.isupper() for letter in letters)
    if len(letters) > 10 and capitals > len(letters) / 2:
        yield _warn("subject", "The subject shouts in capitals.", "Write it as a sentence.")
    if "!" in subject:
        yield _warn(
            "subject", "The subject has an exclamation mark.", "Take it out: the news is enough."
        )


def _preheader(preheader: str, subject: str) -> Iterator[Finding]:
    if not preheader:
        yield _warn(
            "preheader",
            "There is no preheader: inboxes show the mail's first words instead.",
            "Say in a line what the subject leaves out.",
        )
    elif preheader.casefold().startswith(subject.casefold()):
        yield _warn(
            "preheader", "The preheader repeats the subject.", "Say what the subject leaves out."
        )
    if len(preheader) > PREHEADER:
        yield _warn(
            "preheader",
            f"The preheader has {len(preheader)} characters; inboxes show {PREHEADER} at most.",
            "Shorten it.",
        )


def _warn(line: str, message: str, mend: str) -> Finding:
    return Finding(NAME, Level.WARN, message, mend).at("", line)
