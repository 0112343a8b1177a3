"""Writing a batch of people: into what is known of them, and never against their will.

Whoever left or is suppressed here stays so, whatever the list says; a list that says somebody
left or bounced is believed. Nobody is mailed by being imported.
"""

import datetime as dt
import itertools
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import models

from subscribers import suppression
from subscribers.importing import writing
from subscribers.importing.rows import Ban, Person
from subscribers.models import (
    Consent,
    Subscriber,
    SubscriberState,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
    address_hash,
)

LEFT = SubscriptionState.UNSUBSCRIBED

_SUBSCRIBER = (
    "id", "email", "email_hash", "name", "state", "public_id", "country", "language", "zone",
    "attributes", "source", "joined_at",
)  # fmt: skip
_SUBSCRIPTION = (
    "subscriber_id", "topic_id", "state", "paused_until", "consent", "asked_at", "confirmed_at",
    "left_at", "left_why",
)  # fmt: skip
_ACTIVE = SubscriberState.ACTIVE.value
_KEPT = ("name", "language", "zone", "country")


class Outcome(models.TextChoices):
    """What became of a row."""

    CREATED = "created", "Created"  # somebody new
    UPDATED = "updated", "Updated"  # somebody known, of whom it said something new
    SUPPRESSED = "suppressed", "Stays out"  # the address must not be mailed
    UNCHANGED = "unchanged", "Unchanged"  # all that it said was known, or it may not change it
    REJECTED = "rejected", "Rejected"  # the row can't be used


class Became(NamedTuple):
    """One row's outcome, and why it is that where one may ask."""

    outcome: Outcome
    why: str = ""
    is_erased: bool = False  # nothing may be kept of who it was


@dataclass(frozen=True)
class Terms:
    """What counts for every row: the topics by slug, and how those without a state agreed."""

    topics: Mapping[str, int]
    stateless: SubscriptionState
    consent: str
    left_why: str
    barred_domains: frozenset[str]
    now: dt.datetime


@dataclass(slots=True)
class _Known:
    """A subscriber, as far as a list may change one."""

    id: int  # none yet: 0
    values: dict[str, str]
    attributes: dict[str, str]
    joined: dt.datetime
    source: str = ""
    is_new: bool = False
    is_changed: bool = False


@dataclass(slots=True)
class _Stands:
    """A subscription, as far as a list may change one."""

    id: int  # none yet: 0
    state: str
    asked: dt.datetime
    consent: str = ""
    paused_until: dt.datetime | None = None
    confirmed: dt.datetime | None = None
    left: dt.datetime | None = None
    left_why: str = ""
    consents: Sequence[writing.Row] = ()
    is_changed: bool = True


@dataclass
class Batch:
    """What the database knows of some people of a list, and what is to change."""

    terms: Terms
    people: dict[str, _Known] = field(default_factory=dict)
    stands: dict[tuple[str, int], _Stands] = field(default_factory=dict)
    tags: set[tuple[str, str]] = field(default_factory=set)
    new_tags: list[tuple[str, str]] = field(default_factory=list)
    suppressed: dict[str, str] = field(default_factory=dict)
    newly_suppressed: list[writing.Row] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    lock: bool = False

    @classmethod
    def load(cls, rows: Sequence[Person | Ban], terms: Terms, *, lock: bool) -> "Batch":
        """What is known of them; locked, so that whoever leaves meanwhile has left for good."""
        hashes = {one.email: address_hash(one.email) for one in rows if isinstance(one, Person)}
        batch = cls(terms, hashes=hashes, lock=lock)
        by_id = batch._load_people()
        if by_id:
            batch._load_standings(by_id)
        asked = [*hashes.values(), *(one.key for one in rows if isinstance(one, Ban))]
        found = Suppression.objects.filter(email_hash__in=writing.among(asked))
        batch.suppressed = dict(found.values_list("email_hash", "reason"))
        return batch

    def _load_people(self) -> dict[int, str]:
        known = Subscriber.objects.filter(email__in=writing.among(list(self.hashes))).order_by("id")
        if self.lock:
            known = known.select_for_update()
        by_id = {}
        for key, email, joined, attributes, *values in known.values_list(
            "id", "email", "joined_at", "attributes", *_KEPT
        ):
            kept = dict(zip(_KEPT, values, strict=True))
            self.people[email or ""] = _Known(key, kept, attributes, joined)
            by_id[key] = email or ""
        return by_id

    def _load_standings(self, by_id: Mapping[int, str]) -> None:
        ids = writing.among(list(by_id))
        theirs = Subscription.objects.filter(subscriber_id__in=ids).order_by("id")
        for one in theirs.select_for_update() if self.lock else theirs:
            self.stands[by_id[one.subscriber_id], one.topic_id] = _Stands(
                one.id, one.state, one.asked_at, one.consent, one.paused_until, one.confirmed_at,
                one.left_at, one.left_why, is_changed=False,
            )  # fmt: skip
        tagged = SubscriberTag.objects.filter(subscriber_id__in=ids)
        self.tags = {(by_id[key], tag) for key, tag in tagged.values_list("subscriber_id", "tag")}

    # ---- one row ------------------------------------------------------------------------------

    def take(self, person: Person) -> Became:
        """Merge one row; what became of it."""
        key = self.hashes[person.email]
        reason = self.suppressed.get(key)
        if reason is None and suppression.bars(self.terms.barred_domains, person.email):
            reason = SuppressionReason.DOMAIN
        if reason:
            erased = reason == SuppressionReason.ERASED
            return Became(Outcome.SUPPRESSED, f"suppressed here: {_words(reason)}", erased)
        one = self.people.get(person.email)
        is_new = one is None
        if one is None:
            one = self.people[person.email] = self._create(person)
        changed = _merge(one, person)
        for said in (person, *person.more):
            for slug in said.topics:
                changed |= self._stand(one, said, self.terms.topics[slug])
        for tag in person.tags:
            changed |= self._tag(person.email, tag)
        if person.barred:
            self.suppressed[key] = person.barred
            self.newly_suppressed.append(
                (key, person.barred.value, person.left_why or self.terms.left_why, self.terms.now)
            )
            return Became(Outcome.SUPPRESSED, f"{_words(person.barred)}, as the list says")
        if is_new:
            return Became(Outcome.CREATED)
        return Became(Outcome.UPDATED if changed else Outcome.UNCHANGED)

    def ban(self, ban: Ban) -> Became:
        """An address known by its hash alone stays out."""
        if ban.key in self.suppressed:
            return Became(Outcome.UNCHANGED)
        self.suppressed[ban.key] = ban.reason
        self.newly_suppressed.append((ban.key, ban.reason.value, ban.detail, ban.at))
        return Became(Outcome.SUPPRESSED, f"{_words(ban.reason)}, as the list says")

    def _create(self, person: Person) -> _Known:
        values = dict.fromkeys(_KEPT, "")
        return _Known(
            0, values, {}, person.joined or self.terms.now, person.source,
            is_new=True,
        )  # fmt: skip

    def _stand(self, one: _Known, person: Person, topic_id: int) -> bool:
        asked = self._asked(person)
        key = (person.email, topic_id)
        here = self.stands.get(key)
        if here is None:
            since = person.asked or min(one.joined, self.terms.now)
            if person.left and not person.asked:
                since = min(since, person.left)  # later would say that they want to come back
            here = self.stands[key] = _Stands(0, asked, since, consents=person.consents)
        elif not _may_become(here.state, asked, named=person.standing is not None):
            return False
        here.state, here.is_changed = asked, True
        if person.exact and not here.id:
            here.paused_until, here.consent = person.paused_until, person.consent
            here.confirmed, here.left, here.left_why = (
                person.confirmed, person.left, person.left_why
            )  # fmt: skip
            return True
        here.paused_until = person.paused_until if asked == SubscriptionState.PAUSED else None
        if asked == LEFT:
            here.left = person.left or max(here.asked, self.terms.now)
            here.left_why = person.left_why or self.terms.left_why
            here.consent = here.consent or person.consent
            here.confirmed = here.confirmed or person.confirmed
        elif asked != SubscriptionState.PENDING:
            here.consent = here.consent or person.consent or self.terms.consent
            here.confirmed = here.confirmed or person.confirmed or here.asked
        return True

    def _asked(self, person: Person) -> str:
        """How the list says that they stand to its topics."""
        if isinstance(person.standing, SubscriptionState):
            return person.standing
        return LEFT if person.standing else self.terms.stateless

    def _tag(self, email: str, tag: str) -> bool:
        if (email, tag) in self.tags:
            return False
        self.tags.add((email, tag))
        self.new_tags.append((email, tag))
        return True

    # ---- all of it --------------------------------------------------------------------------

    def save(self) -> None:
        """Write what is new and what has changed: a statement or two for each table."""
        new = [(email, one) for email, one in self.people.items() if one.is_new]
        for (_, one), key in zip(new, writing.ids(Subscriber, len(new)), strict=True):
            one.id = key
        writing.insert(Subscriber, _SUBSCRIBER, [self._row(email, one) for email, one in new])
        fresh = [(key, one) for key, one in self.stands.items() if not one.id]
        # Only what something else points at needs an id beforehand, and a list has none of it.
        told = [(key, one) for key, one in fresh if one.consents]
        writing.insert(
            Subscription, _SUBSCRIPTION,
            [self._follows(key, one) for key, one in fresh if not one.consents],
        )  # fmt: skip
        keys = writing.ids(Subscription, len(told))
        writing.insert(
            Subscription, ("id", *_SUBSCRIPTION),
            [(at, *self._follows(key, one)) for at, (key, one) in zip(keys, told, strict=True)],
        )  # fmt: skip
        writing.insert(
            Consent, ("subscription_id", "way", "wording", "source", "at", "confirmed_at"),
            [(at, *said) for at, (_, one) in zip(keys, told, strict=True) for said in one.consents],
        )  # fmt: skip
        writing.insert(
            SubscriberTag, ("subscriber_id", "tag"),
            [(self.people[email].id, tag) for email, tag in self.new_tags],
        )  # fmt: skip
        writing.insert(
            Suppression, ("email_hash", "reason", "detail", "created_at"), self.newly_suppressed
        )  # fmt: skip
        self._save_changes()

    def _follows(self, key: tuple[str, int], one: _Stands) -> writing.Row:
        email, topic_id = key
        return (self.people[email].id, topic_id, *_standing(one))

    def _row(self, email: str, one: _Known) -> tuple[object, ...]:
        v = one.values
        return (
            one.id, email, self.hashes[email], v["name"], _ACTIVE, uuid.uuid4(), v["country"],
            v["language"], v["zone"], _json(one.attributes), one.source, one.joined,
        )  # fmt: skip

    def _save_changes(self) -> None:
        people = [one for one in self.people.values() if one.is_changed and not one.is_new]
        writing.update(
            Subscriber, (*_KEPT, "attributes"),
            [(*(one.values[n] for n in _KEPT), _json(one.attributes), one.id) for one in people],
        )  # fmt: skip
        moved = [one for one in self.stands.values() if one.is_changed and one.id]
        writing.update(
            Subscription, _SUBSCRIPTION[2:], [(*_standing(one), one.id) for one in moved]
        )


def states(batch: Batch) -> Mapping[str, int]:
    """How many standings to a topic are new or changed by a batch, by state."""
    changed = (one.state for one in batch.stands.values() if one.is_changed)
    return {state: len(list(same)) for state, same in itertools.groupby(sorted(changed))}


def _merge(one: _Known, person: Person) -> bool:
    """Take over what the row says; an empty cell says nothing."""
    changed = False
    for name in _KEPT:
        said = getattr(person, name)
        if said and said != one.values[name]:
            one.values[name] = said
            changed = True
    if person.attributes and not person.attributes.items() <= one.attributes.items():
        one.attributes = {**one.attributes, **person.attributes}
        changed = True
    one.is_changed |= changed
    return changed


def _standing(one: _Stands) -> tuple[object, ...]:
    return (
        str(one.state), one.paused_until, one.consent, one.asked, one.confirmed, one.left,
        one.left_why,
    )  # fmt: skip


def _json(attributes: Mapping[str, str]) -> str:
    return json.dumps(attributes) if attributes else "{}"


def _words(reason: str) -> str:
    return str(SuppressionReason(reason).label).lower()


def _may_become(here: str, asked: str, *, named: bool) -> bool:
    """Whether a list may change how somebody stands to a topic: mostly towards less mail."""
    if here in {asked, LEFT}:
        return False
    if asked == LEFT:
        return True
    if here == SubscriptionState.PENDING:
        return asked in {SubscriptionState.CONFIRMED, SubscriptionState.PAUSED}
    return named and here == SubscriptionState.CONFIRMED and asked == SubscriptionState.PAUSED
