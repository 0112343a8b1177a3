"""With how much care a topic's mailings go: set on its schedule's page, or by a command."""

from django.db import transaction

from digest.audit import audit
from digest.errors import Refused
from digest.models import Topic
from workers.brake import quiet
from workers.brake.models import Care

LONGEST_WAIT = 24 * 60
"""Minutes between a first part and the rest: what is older is no news."""


def of(topic: Topic) -> Care:
    """As it is set, or as it is where nothing is."""
    return Care.objects.filter(topic=topic).first() or Care(topic=topic)


def read_first(text: str) -> float:
    """Percent as typed; Refused for what is none."""
    try:
        percent = float(text.strip().removesuffix("%") or 0)
    except ValueError:
        percent = -1.0
    if not (percent == 0 or 0.1 <= percent <= 50):
        raise Refused(
            f"{text[:20]!r} is no first part; nothing was changed. Write a percentage from 0.1 to "
            "50, or 0 for all at once"
        )
    return percent


def read_wait(text: str) -> int:
    """Minutes as typed; Refused for what is none."""
    if not (text.strip().isascii() and text.strip().isdigit() and len(text) < 10):
        raise Refused(f"{text[:20]!r} is no number of minutes; nothing was changed.")
    return int(text)


@transaction.atomic
def set_care(topic: Topic, first: float, wait: int, hours: str, by: str) -> Care:
    """For the mailings that are made from now on; quiet hours hold for all at once."""
    if first and not 5 <= wait <= LONGEST_WAIT:
        raise Refused(
            "The rest waits between 5 minutes, for the relay's answers, and 24 hours; nothing was "
            "changed."
        )
    said = {"first": first, "wait": wait, "quiet": quiet.spelled(hours)}
    care, _ = Care.objects.update_or_create(topic=topic, defaults=said)
    audit(by, "set care", topic.slug, **said)
    return care


def in_words(care: Care) -> str:
    """What follows from it."""
    first = (
        f"{care.first:g} % go first, the rest {care.wait} minutes later unless the brake says "
        "otherwise"
        if care.first
        else "All go at once"
    )
    hours = f"nothing goes {care.quiet} ({care.topic.zone})" if care.quiet else "no quiet hours"
    return f"{first}; {hours}."
