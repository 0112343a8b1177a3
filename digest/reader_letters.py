"""The few lines that a reader is written about what they asked for at their own links."""

from collections.abc import Callable
from typing import Any

from digest import editions
from digest.models import Edition, Letter, Topic
from digest.rendering import story
from digest.rendering.language import direction, words
from digest.rendering.view import LetterView

Say = Callable[[str], str]
Said = dict[str, Any]


def edition(letter: Letter, topic: Topic, lang: str) -> Edition:
    """The letter in the topic's name and in this language."""
    view = LetterView(
        lang=lang,
        dir=direction(lang),
        accent=topic.accent,
        imprint=story.imprint_of(topic),
        **_SAID[letter](words(lang).gettext),
    )
    return editions.keep(view, editions.rendered(view), topic, None)


def _links(gettext: Say) -> Said:
    return Said(
        subject=gettext("Your links"),
        preheader=gettext("You asked for new links to your pages."),
        paragraphs=(
            gettext(
                "The button leads to your account: your name, another address, a copy of all "
                "that we hold about you, and the end of it. It works for 24 hours, for you alone: "
                "please don’t pass this mail on."
            ),
        ),
        link="ACCOUNT_URL",
        button=gettext("Open your account"),
        after=(
            gettext(
                "The link to change what you get stands below, and works for good. If you didn’t "
                "ask, there is nothing to do: nothing has changed."
            ),
        ),
        preferences=True,
    )


def _move(gettext: Say) -> Said:
    return Said(
        subject=gettext("Is this your new address?"),
        preheader=gettext("One click, and our mails come here from now on."),
        paragraphs=(
            gettext(
                "One of our readers wants our mails at this address from now on. If that was you, "
                "open the page and press its button. The link works for 24 hours."
            ),
        ),
        link="MOVE_URL",
        button=gettext("Write to me here"),
        after=(gettext("If it wasn’t you, do nothing: nothing more will come."),),
    )


def _moved(gettext: Say) -> Said:
    return Said(
        subject=gettext("Your mails go to another address now"),
        preheader=gettext("You asked for it, and said so at the new address."),
        paragraphs=(
            gettext(
                "Our mails went to this address until now. From now on they go to another one, as "
                "you asked at your account and said again at the new address."
            ),
            gettext("If that wasn’t you, please answer this mail, and we put it right."),
        ),
    )


_SAID = {Letter.LINKS: _links, Letter.MOVE: _move, Letter.MOVED: _moved}
