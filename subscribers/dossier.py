"""Everything that is held about one person, for them or for whoever they ask."""

import datetime as dt
from typing import Any

from digest.audit import AuditEntry
from digest.errors import NotFound, Refused
from subscribers import addresses, segments
from subscribers.models import Consent, Segment, Subscriber, SubscriberState, Suppression
from subscribers.requested import AddressChange

_MAILS = {  # what the dossier calls it -> where it stands, seen from the person
    "kind": "deliveries__mailing__kind",
    "topic": "deliveries__mailing__topic__slug",
    "update": "deliveries__mailing__update__number",
    "title": "deliveries__mailing__update__title",
    "address": "deliveries__address",
    "made": "deliveries__mailing__created_at",
    "settled": "deliveries__settled_at",
    "state": "deliveries__state",
    "why_not": "deliveries__reason",
    "outcome": "deliveries__outcome",
    "answer": "deliveries__answer",
}


def named(address: str) -> Subscriber:
    """Whoever has this address; NotFound where nobody has, Refused for what is none."""
    person = Subscriber.objects.filter(email=addresses.normal(address)).first()
    if person is None:
        raise NotFound(f"Nobody here has the address {address}; nothing was changed.")
    return person


def dossier(person: Subscriber) -> dict[str, Any]:
    """What is held, as plain data for JSON; times in UTC, as RFC 3339.

    Staff are called staff: who of them did it is not the person's to know.
    """
    return {
        "address": person.email,
        "name": person.name,
        "state": person.state,
        "joined": _time(person.joined_at),
        "erased": _time(person.erased_at),
        "source": person.source,
        "country": person.country,
        "language": person.language,
        "zone": person.zone,
        "depth": person.depth,
        "new_address": _new_address(person),
        "tags": sorted(person.tags.values_list("tag", flat=True)),
        "attributes": person.attributes,
        "subscriptions": _subscriptions(person),
        "mails": _mails(person),
        "came_back": _came_back(person),
        "suppressed": _suppressed(person),
        "segments": [one.name for one in selecting(person)],
        "staff_actions": _staff_actions(person),
    }


def _new_address(person: Subscriber) -> str | None:
    """One that they asked for and have not yet confirmed."""
    asked = AddressChange.objects.filter(subscriber=person).first()
    return asked.address if asked else None


def selecting(person: Subscriber) -> list[Segment]:
    """The segments that select the person now, be it for one of their topics alone."""
    if person.state != SubscriberState.ACTIVE:
        return []
    return [one for one in Segment.objects.all() if _selects(one, person)]


def _selects(segment: Segment, person: Subscriber) -> bool:
    for topic in (None, *(one.topic for one in person.subscriptions.select_related("topic"))):
        try:
            found = segments.people(segment.rule, topic).filter(pk=person.pk)
        except Refused:  # status is asked of a topic
            continue
        if found.exists():
            return True
    return False


def _subscriptions(person: Subscriber) -> list[dict[str, Any]]:
    theirs = person.subscriptions.select_related("topic").prefetch_related("consents")
    return [
        {
            "topic": one.topic.slug,
            "name": one.topic.name,
            "state": one.state,
            "paused_until": _time(one.paused_until),
            "consent": one.consent,
            "consents": [_consent(given) for given in one.consents.all()],
            "asked": _time(one.asked_at),
            "confirmed": _time(one.confirmed_at),
            "left": _time(one.left_at),
            "left_why": one.left_why,
            "left_code": one.left_code,
        }
        for one in theirs.order_by("topic__slug")
    ]


def _consent(given: Consent) -> dict[str, Any]:
    return {
        "way": given.way,
        "source": given.source,
        "wording": given.wording,
        "at": _time(given.at),
        "confirmed": _time(given.confirmed_at),
    }


def _mails(person: Subscriber) -> list[dict[str, Any]]:
    """Oldest first. Deliveries stand in a higher room; their relation is followed by name."""
    rows = (
        Subscriber.objects.filter(pk=person.pk, deliveries__isnull=False)
        .order_by("deliveries__id")
        .values_list(*_MAILS.values())
    )
    return [
        {
            key: _time(value) if isinstance(value, dt.datetime) else value
            for key, value in zip(_MAILS, row, strict=True)
        }
        for row in rows
    ]


def _came_back(person: Subscriber) -> list[dict[str, Any]]:
    """What providers told of mails to them, in the order in which it happened."""
    told = person.returned.order_by("at").values("at", "provider", "kind", "code", "words")
    return [{**one, "at": _time(one["at"])} for one in told]


def _suppressed(person: Subscriber) -> dict[str, Any] | None:
    one = Suppression.objects.filter(email_hash=person.email_hash or "-").first()
    if one is None:
        return None
    return {"reason": one.reason, "detail": one.detail, "since": _time(one.created_at)}


def _staff_actions(person: Subscriber) -> list[dict[str, Any]]:
    return [
        {
            "at": _time(one.at),
            "who": "staff" if "@" in one.who else one.who,
            "what": one.what,
            "detail": one.detail,
        }
        for one in AuditEntry.objects.filter(about=person.ref).order_by("at", "id")
    ]


def _time(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if moment else None
