"""Copy-editing slips, most of them what a lost link leaves behind."""

import itertools
import re
from collections.abc import Iterator

from digest.checks.findings import Context, Finding, Level, stories, texts
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

NAME = "slips"
FINE = "No stray punctuation, doubled word or mark without a note."
_STRAY = re.compile(r"[,;:] ?[,;]|(?<=[^\s.,;(]) [.,;](?=\s|$)")
_FRENCH = re.compile(r" ;$")  # which the French set with a space
_MEANT_TWICE = {"that", "had", "is", "very"}
_AROUND = 28


def check(view: EmailView, _email: RenderedEmail, _context: Context) -> Iterator[Finding]:
    """Warns of each kind of slip once per text."""
    for slug, part, text in texts(view):
        if stray := _stray(text, view.lang):
            times = f", {len(stray)} times" if len(stray) > 1 else ""
            message = f"Stray punctuation in the {part}{times}: “{'”, “'.join(stray[:3])}”."
            yield _warn(message, "Mend the sentence.").at(slug, part)
        if doubled := _doubled(text):
            yield _warn(f"“{doubled} {doubled}” in the {part}.", "Take one out.").at(slug, part)
        if unclosed := _unclosed(text):
            message = f"A bracket is never closed in the {part}: “{unclosed}”."
            yield _warn(message, "Close it.").at(slug, part)
    for story in stories(view):
        if story.body and story.body.bare:
            marks = ", ".join(map(str, story.body.bare))
            one = len(story.body.bare) == 1
            yield _warn(
                f"Footnote mark{' ' if one else 's '}{marks} {'has' if one else 'have'} no note.",
                "Write the note below the body, as [^1]: …, or take the mark out.",
            ).at(story.slug, "body")


def _stray(text: str, lang: str) -> list[str]:
    """Each slip with the word before it."""
    return [
        text[text.rfind(" ", 0, found.start()) + 1 : found.end()][-_AROUND:]
        for found in _STRAY.finditer(text)
        if not (lang.startswith("fr") and _FRENCH.match(found[0]))
    ]


def _doubled(text: str) -> str:
    for one, other in itertools.pairwise(text.split()):
        again = other.rstrip(".,;:!?").casefold() == one.casefold()
        if again and len(one) > 1 and one.isalpha() and one.casefold() not in _MEANT_TWICE:
            return one
    return ""


def _unclosed(text: str) -> str:
    for paragraph in text.split("\n\n"):
        opened: list[int] = []
        for bracket in re.finditer(r"[()]", paragraph):
            if bracket[0] == "(":
                opened.append(bracket.start())
            elif opened:
                opened.pop()
        if opened:
            return " ".join(paragraph[opened[0] : opened[0] + _AROUND].split())
    return ""


def _warn(message: str, mend: str) -> Finding:
    return Finding(NAME, Level.WARN, message, mend)
