"""Whether readers can leave, from both parts of the mail."""

from collections.abc import Iterator

from digest.checks.findings import Context, Finding, Level
from digest.rendering.rendered import RenderedEmail
from digest.rendering.tokens import Field, token
from digest.rendering.view import EmailView

NAME = "unsubscribe"
FINE = "Both parts have the link to unsubscribe."


def check(_view: EmailView, email: RenderedEmail, _context: Context) -> Iterator[Finding]:
    """Blocks when the HTML has no link to unsubscribe, or the text no address for it."""
    link = token(Field.UNSUBSCRIBE_URL, email.nonce)
    for part, there in (
        ("HTML", f'href="{link}"' in email.html),
        ("plain text", link in email.text),
    ):
        if not there:
            yield Finding(
                NAME,
                Level.BLOCK,
                f"The {part} has no link to unsubscribe.",
                "Put it back into the template's foot: mail without it is refused or reported.",
            )
