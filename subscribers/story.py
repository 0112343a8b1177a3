"""One person's story: what they asked for, agreed to, got told and left, and what staff did.

The mails that they got are another room's to tell.
"""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from digest.audit import AuditEntry
from subscribers.models import Consent, Subscriber, Subscription, SubscriptionState, Suppression


class Moment(NamedTuple):
    """Something that happened; ``detail`` may hold words of the reader's."""

    at: dt.datetime
    what: str
    detail: str = ""
    tone: str = ""  # a state of the house style


def story(person: Subscriber) -> list[Moment]:
    """All of it, the newest first."""
    moments = [Moment(person.joined_at, "Came", _from(person))]
    for one in person.subscriptions.select_related("topic").prefetch_related("consents"):
        moments += _of(one)
    moments += _suppressed(person)
    for entry in AuditEntry.objects.filter(about=person.ref):
        moments.append(Moment(entry.at, f"{entry.who} {entry.what}", _said(entry), "info"))
    if person.erased_at:
        moments.append(Moment(person.erased_at, "Forgotten; a hash of the address is kept"))
    return sorted(moments, key=lambda moment: moment.at)[::-1]


def _from(person: Subscriber) -> str:
    return f"from {person.source}" if person.source else ""


def _of(one: Subscription) -> Iterator[Moment]:
    """What happened between a person and a topic."""
    name = one.topic.name
    consents = list(one.consents.all())
    for given in consents:
        yield from _agreed(given, name)
    if not consents:
        yield Moment(one.asked_at, f"Asked for {name}", one.consent)
        if one.confirmed_at:
            yield Moment(one.confirmed_at, f"Has {name}", "", "ok")
    if one.state == SubscriptionState.PAUSED and one.paused_until:
        yield Moment(one.paused_until, f"{name} goes on after a pause", "", "warn")
    if one.left_at:
        why = [one.get_left_code_display() if one.left_code else "", one.left_why]
        yield Moment(one.left_at, f"Left {name}", ": ".join(filter(None, why)), "bad")


def _agreed(given: Consent, topic: str) -> Iterator[Moment]:
    where = given.get_way_display() + (f", {given.source}" if given.source else "")
    yield Moment(given.at, f"Asked for {topic}", f"{where}: “{given.wording}”")
    if given.confirmed_at:
        yield Moment(given.confirmed_at, f"Confirmed {topic}", "", "ok")


def _suppressed(person: Subscriber) -> Iterator[Moment]:
    for one in Suppression.objects.filter(email_hash=person.email_hash or "-"):
        what = f"Not mailed any more: {one.get_reason_display().lower()}"
        yield Moment(one.created_at, what, one.detail, "bad")


def _said(entry: AuditEntry) -> str:
    return ", ".join(f"{key} {value}" for key, value in entry.detail.items() if value)
