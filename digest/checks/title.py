"""Whether title and subject name only what the items tell."""

import re
from collections.abc import Iterator

from digest.checks.findings import Context, Finding, Level, stories, story_texts
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

NAME = "title"
FINE = "Title and subject name what the items tell."
_WORD = re.compile(r"[^\W_][\w’'-]*")


def check(view: EmailView, _email: RenderedEmail, _context: Context) -> Iterator[Finding]:
    """Warns of a part of the title, or a name in it, that is in no item."""
    told = " ".join(text for story in stories(view) for _, text in story_texts(story))
    told = f"{view.topic.name} {told}".casefold()
    lines = {"title": view.title, "subject": view.subject}
    if lines["title"] == lines["subject"]:
        del lines["subject"]
    for what, line in lines.items():
        for part in line.split(";"):
            if missing := _missing(part, told):
                yield Finding(
                    NAME,
                    Level.WARN,
                    f"The {what} says “{missing}”, which no item does.",
                    f"Bring the item in, or change the {what}.",
                ).at("", what)


def _missing(part: str, told: str) -> str:
    """The name that no item has, or the whole part if none of its words is there."""
    words: list[str] = _WORD.findall(part)
    for at, word in enumerate(words):
        if _is_name(word, at == 0) and not _is_told(word, told):
            return word
    heavy = [word for word in words if len(word) > 3]
    return part.strip() if heavy and not any(_is_told(word, told) for word in heavy) else ""


def _is_name(word: str, first: bool) -> bool:
    """A capital that no sentence asks for, or a figure."""
    if word.isdigit():
        return len(word) > 1
    return any(letter.isupper() for letter in (word[1:] if first else word))


def _is_told(word: str, told: str) -> bool:
    return re.sub(r"[’']s$", "", word.casefold()) in told
