"""Whether the mail is read in the time that the topic promises."""

from collections.abc import Iterator

from digest.checks.findings import Context, Finding, Level
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

NAME = "reading time"


def check(view: EmailView, _email: RenderedEmail, context: Context) -> Iterator[Finding]:
    """Warns past the topic's budget of minutes; 0 is no limit."""
    minutes, budget = view.reading_minutes, context.minutes_budget
    if budget and minutes > budget:
        yield Finding(
            NAME,
            Level.WARN,
            f"{minutes} min to read, where the topic promises {budget}.",
            "Show an item at a lesser depth, or leave one for the next update.",
        )
    else:
        yield Finding(NAME, Level.OK, f"{minutes} min to read{f' of {budget}' if budget else ''}.")
