"""Whether readers of plain text get every story."""

from collections.abc import Iterator

from digest.checks.findings import Context, Finding, Level, stories
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

NAME = "text part"
FINE = "The plain text covers every story."


def check(view: EmailView, email: RenderedEmail, _context: Context) -> Iterator[Finding]:
    """Blocks when a story's headline, summary or link is not in the text part."""
    text = "".join(email.text.split())
    for story in stories(view):
        for part in (story.headline, story.summary, story.url):
            if "".join(part.split()) not in text:
                yield Finding(
                    NAME,
                    Level.BLOCK,
                    f"The plain text lacks “{part[:60]}”.",
                    "Mend the template of the text part.",
                    story.slug,
                )
                break
