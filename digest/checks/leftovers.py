"""Whether something stands in the mail that was to be replaced."""

import re
from collections.abc import Iterator

from digest.checks.findings import Context, Finding, Level, texts
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

NAME = "leftovers"
FINE = "No placeholder is left."
_SURE = re.compile(
    r"\blorem ipsum\b|\b(?:TODO|FIXME|TKTK)\b|\[(?:insert|headline|name|link)\b[^\]\n]{0,40}\]"
)
_LIKELY = re.compile(
    r"\{\{[^{}\n]{0,60}\}\}|\{%[^{}\n]{0,60}%\}|\*\|[A-Z_]{2,30}\|\*|%[A-Z_]{2,30}%|\b(?:TK|TBD)\b|\bXXX+\b"
)


def check(view: EmailView, _email: RenderedEmail, _context: Context) -> Iterator[Finding]:
    """Blocks on what nobody means to send, warns of what only looks like it."""
    for slug, part, text in texts(view):
        for pattern, level in ((_SURE, Level.BLOCK), (_LIKELY, Level.WARN)):
            if found := pattern.search(text):
                yield Finding(
                    NAME,
                    level,
                    f"“{found[0]}” stands in the {part}.",
                    "Write what belongs there, or take it out.",
                ).at(slug, part)
