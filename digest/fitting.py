"""Whether what an editor types fits: as a line or as a text, and how long."""

import re

from digest.errors import Refused
from digest.parts import ONE_LINE, PRINTABLE

_LINE, _TEXT = re.compile(ONE_LINE), re.compile(PRINTABLE)


def refuse_line(called: str, text: str, most: int) -> None:
    """Refused where it is too long, or would break the line that it stands in."""
    _refuse_long(called, text, most)
    if not _LINE.fullmatch(text):
        raise Refused(
            f"{called} has a line break or a character that can’t be shown; nothing was changed. "
            "Write it on one line, of letters, figures and signs."
        )


def refuse_text(called: str, text: str, most: int) -> None:
    """Refused where it is too long, or has what no page can show; it may have several lines."""
    _refuse_long(called, text, most)
    if not _TEXT.fullmatch(text):
        raise Refused(
            f"{called} has a character that can’t be shown; nothing was changed. Write it anew, or "
            "paste it as plain text."
        )


def _refuse_long(called: str, text: str, most: int) -> None:
    if len(text) > most:
        raise Refused(
            f"{called} has {len(text):,} characters, and {most:,} are the most; nothing was "
            "changed. Shorten it."
        )
