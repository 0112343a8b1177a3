"""Lists of people out, as CSV that ``importing`` reads back to the same."""

import csv
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TextIO

from django.db.models import QuerySet, prefetch_related_objects
from django.utils import timezone

from subscribers.importing.columns import FIELDS
from subscribers.importing.rows import SUPPRESSED
from subscribers.importing.table import guarded
from subscribers.models import (
    Subscriber,
    SubscriberState,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)

_CHUNK = 2_000
_PARTED = re.compile(r'[,;|"]')
_STATES = [
    SubscriptionState.CONFIRMED,
    SubscriptionState.PENDING,
    SubscriptionState.PAUSED,
    SubscriptionState.UNSUBSCRIBED,
]


def write(out: TextIO, now: dt.datetime | None = None) -> int:
    """Write everybody who isn't erased; how many people that were.

    One line for each way in which a person stands to topics: who has two and left a third has
    two lines. ``country`` is a column only where somebody has one, as an attribute is.
    """
    now = now or timezone.now()
    names = _attribute_names()
    sheet = csv.writer(out, lineterminator="\n")
    sheet.writerow([guarded(name) for name in (*FIELDS, *names)])
    people = 0
    for chunk in _chunks():
        people += len(chunk)
        barred = _barred(chunk)
        for person in chunk:
            for line in _lines(person, barred.get(person.email_hash), names, now):
                sheet.writerow([guarded(text) for text in line])
    return people


def _everybody() -> QuerySet[Subscriber]:
    return Subscriber.objects.filter(state=SubscriberState.ACTIVE, email__isnull=False)


def _attribute_names() -> list[str]:
    people = _everybody()
    names: set[str] = set()
    for attributes in people.exclude(attributes={}).values_list("attributes", flat=True).iterator():
        names.update(attributes)
    if people.exclude(country="").exists():
        names.add("country")
    return sorted(names)


def _chunks() -> Iterator[list[Subscriber]]:
    """By id, so that memory stays flat and nobody is missed or told twice."""
    last = 0
    while chunk := list(_everybody().filter(id__gt=last).order_by("id")[:_CHUNK]):
        prefetch_related_objects(chunk, "subscriptions__topic", "tags")
        yield chunk
        last = chunk[-1].id


def _barred(chunk: list[Subscriber]) -> dict[str, str]:
    found = Suppression.objects.filter(email_hash__in=[person.email_hash for person in chunk])
    words = {reason: word for word, reason in SUPPRESSED.items()}
    other = words[SuppressionReason.IMPORTED]
    return {
        key: words.get(SuppressionReason(reason), other)
        for key, reason in found.values_list("email_hash", "reason")
    }


def _lines(
    person: Subscriber, barred: str | None, names: list[str], now: dt.datetime
) -> Iterator[list[str]]:
    for status, topics in _standings(person.subscriptions.all(), barred, now).items():
        values = {"country": person.country} if person.country else {}
        attributes: Mapping[str, str] = {**person.attributes, **values}
        yield [
            person.email or "",
            person.name,
            status,
            ",".join(sorted(topics)),
            ",".join(_part(tag) for tag in sorted(tag.tag for tag in person.tags.all())),
            person.language,
            person.zone,
            person.joined_at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
            person.source,
            *(str(attributes.get(name, "")) for name in names),
        ]


def _standings(
    subscriptions: Iterable[Subscription], barred: str | None, now: dt.datetime
) -> dict[str, list[str]]:
    """Status → slugs. A barred address has its one status for all of them."""
    if barred:
        return {barred: [one.topic.slug for one in subscriptions]}
    by_state: dict[str, list[str]] = {}
    for state in _STATES:
        slugs = [one.topic.slug for one in subscriptions if one.stands(now) == state]
        if slugs:
            by_state[state] = slugs
    return by_state or {"": []}


def _part(tag: str) -> str:
    """A tag as one of several in a cell."""
    return '"' + tag.replace('"', '""') + '"' if _PARTED.search(tag) else tag
