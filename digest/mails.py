"""The mails that are no update: asking whether it was them, greeting, putting right."""

import datetime as dt
from collections.abc import Sequence

from digest import editions
from digest.archive import published
from digest.depths import Depth
from digest.errors import Refused
from digest.models import Edition, Item, Kind, Stage, Topic, Update
from digest.rendering import markup, story
from digest.rendering.language import direction, listed, words
from digest.rendering.view import ConfirmView, CorrectionView, StoryView, UpdateLink, WelcomeView

LONGEST_LIST = 60
"""Characters of a subject's list of topics; the mail itself names all."""


def confirmation(topic: Topic, others: Sequence[Topic] = ()) -> Edition:
    """Asks whether somebody meant to follow this topic, and others that they asked for too."""
    gettext = words(topic.language).gettext
    names = (topic.name, *(other.name for other in others))
    named = listed(names, topic.language)
    subject = gettext("Confirm: %(topic)s") % {"topic": named}
    if others and len(named) > LONGEST_LIST:
        subject = gettext("Confirm your subscription")
    view = ConfirmView(
        lang=topic.language or "en",
        dir=direction(topic.language),
        accent=topic.accent,
        imprint=story.imprint_of(topic),
        topics=names,
        subject=subject,
        preheader=gettext("One click, and the next update comes to you."),
    )
    return editions.keep(view, editions.rendered(view), topic, None)


def welcome(topic: Topic, next_at: dt.datetime | None = None) -> Edition:
    """Greets whoever has just confirmed; ``next_at``: when the next update is planned."""
    gettext = words(topic.language).gettext
    imprint = story.imprint_of(topic)
    latest = published.sent_updates(topic).first()
    view = WelcomeView(
        lang=topic.language or "en",
        dir=direction(topic.language),
        topic=story.topic_view(topic, imprint),
        imprint=imprint,
        subject=gettext("Welcome to %(topic)s") % {"topic": topic.name},
        preheader=gettext("What comes to you, and when; and how to change or end it."),
        description=topic.description,
        items=topic.items_budget,
        minutes=topic.minutes_budget,
        next_at=next_at,
        latest=_link(latest) if latest else None,
    )
    return editions.keep(view, editions.rendered(view), topic, None)


def correction(update: Update, text: str, slugs: Sequence[str], on: dt.date) -> Edition:
    """The mail of a correction, kept."""
    view = correction_view(update, text, slugs, on)
    return editions.keep(view, editions.rendered(view), update.topic, update)


def correction_view(update: Update, text: str, slugs: Sequence[str], on: dt.date) -> CorrectionView:
    """Puts right what a sent update said of these briefings, which it shows as they stand now.

    ``text``: what was wrong and what is right, Markdown. Refused, in words, for an update that
    is not out, for a briefing that it did not carry, and for no text.
    """
    if update.stage != Stage.SENT:
        raise Refused(f"{update.ref} has not been sent: mend it there. Nothing was changed.")
    if not text.strip():
        raise Refused("A correction says what was wrong and what is right; nothing was sent.")
    topic, gettext = update.topic, words(update.topic.language).gettext
    imprint, items = story.imprint_of(topic), _items(update, slugs)
    prose = markup.render(text, "correction")
    headline = items[0].headline or items[0].data.headline if items else update.title
    return CorrectionView(
        lang=topic.language or "en",
        dir=direction(topic.language),
        topic=story.topic_view(topic, imprint),
        imprint=imprint,
        subject=gettext("Correction: %(headline)s") % {"headline": headline},
        preheader=story.first_sentence(prose.text),
        date=on,
        update=_link(update),
        text=prose,
        stories=tuple(_corrected(item, at) for at, item in enumerate(items, 1)),
        clicks=topic.counts_clicks,
    )


def _items(update: Update, slugs: Sequence[str]) -> list[Item]:
    carried = {
        item.briefing.slug: item
        for item in update.items.select_related("briefing__topic", "update__topic")
    }
    if missing := [slug for slug in slugs if slug not in carried]:
        raise Refused(
            f"{update.ref} did not carry {', '.join(missing)}; nothing was sent. It carried: "
            f"{', '.join(carried)}."
        )
    return [carried[slug] for slug in dict.fromkeys(slugs)]


def _corrected(item: Item, at: int) -> StoryView:
    """The whole briefing as it stands now; the page on the web stays what was sent."""
    data = item.briefing.data
    url = f"{_link(item.update).url}{data.slug}/"
    return story.story_view(data, Depth.LEAD, anchor=f"s{at}", url=url, kind=Kind.CORRECTION)


def _link(update: Update) -> UpdateLink:
    assert update.number is not None, "a sent update has a number"
    return UpdateLink(
        number=update.number,
        title=update.title,
        date=story.day_of(update),
        url=f"{story.imprint_of(update.topic).base_url}{update.get_absolute_url()}",
    )
