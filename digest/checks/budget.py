"""Whether the mail keeps to the time and the number of items that the topic promises."""

from collections.abc import Iterator

from digest.checks.findings import Context, Finding, Level
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

NAME = "budget"


def check(view: EmailView, _email: RenderedEmail, context: Context) -> Iterator[Finding]:
    """Warns past the topic's minutes or items; corrections don't count."""
    minutes, items = view.reading_minutes, len(view.stories)
    if 0 < context.minutes_budget < minutes:
        yield Finding(
            NAME,
            Level.WARN,
            f"{minutes} min to read, where the topic promises {context.minutes_budget}.",
            "Show an item at a lesser depth, or leave one for the next update.",
        )
    elif 0 < context.items_budget < items:
        yield Finding(
            NAME,
            Level.WARN,
            f"{items} items, where the topic promises {context.items_budget}.",
            "Leave one for the next update.",
        )
    else:
        said = f"{minutes} min to read{_of(context.minutes_budget)}"
        yield Finding(
            NAME,
            Level.OK,
            f"{said}, {items} {'item' if items == 1 else 'items'}{_of(context.items_budget)}.",
        )


def _of(budget: int) -> str:
    return f" of {budget}" if budget else ""
