"""Topics made and changed: by the desk's page and by ``digest topic`` alike."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.db import IntegrityError, transaction

from digest import requesting, voiding
from digest.audit import audit
from digest.errors import Refused
from digest.models import Topic, Update
from digest.pictures import Picture
from digest.rendering.colour import palette
from digest.rendering.language import tag
from digest.sender import one_mailbox

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TAKEN = ("new", "first-steps")
"""Names that the desk's own addresses have."""

POSTAL_LINES = 6
_LONGEST = {"name": 200, "postal_address": 300, "description": 2000, "language": 35, "zone": 64}
LIMITS = {
    "items_budget": (1, 200),
    "minutes_budget": (0, 240),
    "words_budget": (0, 50_000),
    "minimum": (1, 200),
    "undo_seconds": (0, 300),
}
"""The least and the most of each number."""


def add(slug: str, given: Mapping[str, object], by: str) -> Topic:
    """A new topic; Refused says what is wrong with it."""
    if fault := slug_fault(slug):
        raise Refused(fault)
    topic = Topic(slug=slug)
    try:
        with transaction.atomic():
            _keep(topic, given)
            audit(by, "added topic", slug, **_told(given))
    except IntegrityError:  # somebody else added one of this name in that very moment
        raise Refused(slug_fault(slug)) from None
    return topic


class Changed(NamedTuple):
    """What of a topic is another now, and which updates are approved no more because of it."""

    fields: Mapping[str, object]
    voided: Sequence[Update]


@transaction.atomic
def change(topic: Topic, given: Mapping[str, object], by: str) -> Changed:
    """Change what differs of a topic's fields; Refused changes nothing.

    What was approved to look otherwise wants a new approval.
    """
    differs = {name: value for name, value in given.items() if getattr(topic, name) != value}
    _keep(topic, differs)
    if not differs:
        return Changed({}, [])
    audit(by, "changed topic", topic.slug, **_told(differs))
    named = ", ".join(name.replace("_", " ") for name in differs)
    return Changed(differs, voiding.of_topic(topic, by, f"changed the topic’s {named}"))


@transaction.atomic
def _keep(topic: Topic, given: Mapping[str, object]) -> None:
    for name, value in given.items():
        setattr(topic, name, value)
    for fault in settle(topic).values():
        raise Refused(fault)
    # Beside these fields somebody else may have changed others meanwhile.
    topic.save(update_fields=list(given) if topic.pk else None)


def settle(topic: Topic) -> dict[str, str]:
    """What is wrong with a topic's fields, each in words; the others get their one spelling."""
    faults = {}
    for name, read in _SETTLED.items():
        try:
            setattr(topic, name, read(getattr(topic, name)))
        except Refused as fault:
            faults[name] = str(fault)
    return faults


def slug_fault(slug: str) -> str:
    """Why no topic can be added under this name in addresses; "" where one can."""
    if not _SLUG.fullmatch(slug) or len(slug) > 120 or slug in _TAKEN:
        return (
            f"{slug[:80]!r} can't be a slug; nothing was added. Use small letters, digits "
            "and single hyphens, e.g. medias-ai-pivot"
        )
    if Topic.objects.filter(slug=slug).exists():
        return (
            f"There is a topic {slug!r} already; nothing was changed. "
            f"Change it with: digest topic set {slug} …"
        )
    return ""


def listed(text: str) -> list[str]:
    """What is named in a text, parted by commas or line ends."""
    return [one.strip() for one in text.replace("\n", ",").split(",") if one.strip()]


def _told(given: Mapping[str, object]) -> dict[str, object]:
    """What the audit log says of it: a picture by its hash."""
    return {
        name: value.hash if isinstance(value, Picture) else value for name, value in given.items()
    }


# ---- the fields ----------------------------------------------------------------------------


def _name(text: str) -> str:
    if not text.strip() or len(text.splitlines()) > 1 or len(text) > _LONGEST["name"]:
        raise Refused(
            "A topic's name is one line that isn't empty, of at most 200 characters; "
            "nothing was changed."
        )
    return text.strip()


def _text(name: str, called: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > _LONGEST[name]:
            raise Refused(
                f"{called} has at most {_LONGEST[name]:,} characters, and this has {len(text):,}; "
                "nothing was changed."
            )
        return text.strip()

    return read


def _postal(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > POSTAL_LINES:
        raise Refused(f"A postal address has at most {POSTAL_LINES} lines; nothing was changed.")
    return _text("postal_address", "A postal address")(", ".join(lines))


def _sender(text: str) -> str:
    return one_mailbox(text) if text.strip() else ""


def _colleagues(addresses: list[str]) -> list[str]:
    named = list(dict.fromkeys(addresses))
    if len(named) > requesting.MOST:
        raise Refused(
            f"A test goes to at most {requesting.MOST} addresses, and these are {len(named)}; "
            "nothing was changed."
        )
    requesting.refuse_no_address(named, "nothing was changed")
    return named


def _accent(text: str) -> str:
    return palette(text.strip()).accent  # refuses a colour that nobody could read


def _zone(name: str) -> str:
    if name not in available_timezones() and not _is_zone(name):
        raise Refused(
            f"{name[:80]!r} is no time zone; nothing was changed. Write for example Europe/London"
        )
    return name


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False


def _number(name: str, called: str) -> Callable[[int], int]:
    least, most = LIMITS[name]

    def read(value: int) -> int:
        if not least <= value <= most:
            raise Refused(f"{called}: a number from {least} to {most:,}; nothing was changed.")
        return value

    return read


_SETTLED: dict[str, Callable[[Any], object]] = {
    "name": _name,
    "description": _text("description", "A description"),
    "from_address": _sender,
    "postal_address": _postal,
    "accent": _accent,
    "colleagues": _colleagues,
    "language": tag,
    "zone": _zone,
    "items_budget": _number("items_budget", "Items in an update"),
    "minutes_budget": _number("minutes_budget", "Minutes to read"),
    "words_budget": _number("words_budget", "Words of an update"),
    "minimum": _number("minimum", "The least that goes out"),
    "undo_seconds": _number("undo_seconds", "Seconds to undo an approval"),
}
