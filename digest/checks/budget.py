"""Whether the mail keeps to the time and the items that the topic promises, item by item too."""

from collections.abc import Iterator

from digest.checks.findings import Context, Finding, Level, Place, stories, story_texts
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView, StoryView

NAME = "budget"

WORDS = {"standard": 200, "brief": 60}
"""What an item of this depth may hold: readers finish items of 120 to 150 words, and a brief one
is a headline and a sentence.  A lead is as long as it is."""


def check(view: EmailView, _email: RenderedEmail, context: Context) -> Iterator[Finding]:
    """Warns past the topic's minutes or items (corrections don't count), and past an item's
    words."""
    minutes, items = view.reading_minutes, len(view.stories)
    if 0 < context.minutes_budget < minutes:
        yield Finding(
            NAME,
            Level.WARN,
            f"{minutes} min to read, where the topic promises {context.minutes_budget}.",
            "Show an item at a lesser depth, or leave one for the next update.",
            place=Place.ITEMS,
        )
    elif 0 < context.items_budget < items:
        yield Finding(
            NAME,
            Level.WARN,
            f"{items} items, where the topic promises {context.items_budget}.",
            "Leave one for the next update.",
            place=Place.ITEMS,
        )
    else:
        said = f"{words_of(view):,} words, {minutes} min to read{_of(context.minutes_budget)}"
        yield Finding(
            NAME,
            Level.OK,
            f"{said}, {items} {'item' if items == 1 else 'items'}{_of(context.items_budget)}.",
        )
    for story in stories(view):
        if (words := _words(story)) > WORDS.get(story.depth, words):
            yield Finding(
                NAME,
                Level.WARN,
                f"{words} words, where readers finish {WORDS[story.depth]}.",
                "Shorten the summary, or let the item lead the update.",
            ).at(story.slug, "summary")


def words_of(view: EmailView) -> int:
    """Of all its stories, as they stand there."""
    return sum(map(_words, stories(view)))


def _words(story: StoryView) -> int:
    return sum(len(text.split()) for _, text in story_texts(story))


def _of(budget: int) -> str:
    return f" of {budget}" if budget else ""
