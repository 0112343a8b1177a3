"""Whether what a partner paid for says what it is, and stays beside the stories."""

from collections.abc import Iterator

from digest.checks.findings import Context, Finding, Level, Place
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

NAME = "partner"
FINE = "No partner’s words, or marked as such and short."

WORDS = 150
"""As many as a story has that readers finish."""


def check(view: EmailView, email: RenderedEmail, _context: Context) -> Iterator[Finding]:
    """Blocks on a block without its label; warns of one that is longer than a story."""
    partner = view.partner
    if partner is None:
        return
    label = "".join(partner.label.split())
    if not label or label not in "".join(email.text.split()):
        yield Finding(
            NAME,
            Level.BLOCK,
            f"Nothing tells readers that the words of “{partner.name}” were paid for.",
            "Write a label over the partner block, such as “Partner”.",
            place=Place.PARTNER,
        )
    if not partner.text.text.strip():
        silent = Finding(
            NAME, Level.BLOCK, "The partner block says nothing.", "Write it, or remove it."
        )
        yield silent.at("", "partner block")
    words = len(partner.text.text.split())
    if words > WORDS:
        yield Finding(
            NAME,
            Level.WARN,
            f"The partner block has {words} words; a story that is read to its end has {WORDS}.",
            "Shorten the partner block.",
            place=Place.PARTNER,
        )
