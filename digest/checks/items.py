"""Whether there is something to send, and nothing in it that was taken back."""

from collections.abc import Iterator

from digest.checks.findings import Context, Finding, Level, Place, stories
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

NAME = "items"
FINE = "There is something to tell, and none of it was withdrawn."


def check(view: EmailView, _email: RenderedEmail, context: Context) -> Iterator[Finding]:
    """Blocks an update without items, and each item whose briefing was withdrawn since."""
    if not any(stories(view)):
        yield Finding(
            NAME,
            Level.BLOCK,
            "The update has no items.",
            f"Load briefings, then: digest assemble {view.topic.slug}",
            place=Place.ITEMS,
        )
    for slug in context.withdrawn:
        yield Finding(
            NAME,
            Level.BLOCK,
            "This briefing was withdrawn since the draft was assembled.",
            f"Assemble it again: digest assemble {view.topic.slug}",
            slug,
            place=Place.ITEMS,
        )
