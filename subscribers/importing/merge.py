"""Writing a batch of people: into what is known of them, and never against their will.

Whoever left or is suppressed here stays so, whatever the list says; a list that says somebody
left or bounced is believed. Nobody is mailed by being imported.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction

from subscribers.importing.rows import Person
from subscribers.models import (
    Subscriber,
    SubscriberState,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    Suppression,
    address_hash,
)

_KEPT = ("name", "language", "zone", "country", "attributes")
_STANDING = ("state", "consent", "confirmed_at", "left_at", "left_why", "paused_until")


@dataclass(frozen=True)
class Terms:
    """What counts for every row: the topics by slug, and how those without a state agreed."""

    topics: Mapping[str, int]
    stateless: SubscriptionState
    consent: str
    left_why: str
    source: str
    now: dt.datetime


def write(people: Sequence[Person], terms: Terms) -> Counter[str]:
    """Keep these people; how many were created, updated, suppressed and unchanged.

    One transaction. Where somebody signed up with one of the addresses at this very moment,
    it is done once more over what is there now.
    """
    try:
        return _write(people, terms)
    except IntegrityError:
        return _write(people, terms)


@transaction.atomic
def _write(people: Sequence[Person], terms: Terms) -> Counter[str]:
    batch = _Batch.load(people, terms)
    counts = Counter(batch.take(person) for person in people)
    batch.save()
    return counts


@dataclass
class _Batch:
    """What the database knows of the batch's people, and what is to change."""

    terms: Terms
    people: dict[str, Subscriber]
    subscriptions: dict[tuple[str, int], Subscription] = field(default_factory=dict)
    tags: set[tuple[str, str]] = field(default_factory=set)
    suppressed: set[str] = field(default_factory=set)
    new: list[Subscriber | Subscription | SubscriberTag | Suppression] = field(default_factory=list)
    changed: dict[int, Subscriber] = field(default_factory=dict)
    moved: dict[int, Subscription] = field(default_factory=dict)

    @classmethod
    def load(cls, people: Sequence[Person], terms: Terms) -> "_Batch":
        emails = {person.email for person in people}
        known = {one.email or "": one for one in Subscriber.objects.filter(email__in=emails)}
        batch = cls(terms, known)
        by_id = {one.id: email for email, one in known.items()}
        if by_id:
            for one in Subscription.objects.filter(subscriber_id__in=by_id):
                batch.subscriptions[by_id[one.subscriber_id], one.topic_id] = one
            tagged = SubscriberTag.objects.filter(subscriber_id__in=by_id)
            batch.tags = {(by_id[one.subscriber_id], one.tag) for one in tagged}
        hashes = [address_hash(email) for email in emails]
        suppressed = Suppression.objects.filter(email_hash__in=hashes)
        batch.suppressed = set(suppressed.values_list("email_hash", flat=True))
        return batch

    def take(self, person: Person) -> str:
        """Merge one row; which count it belongs to."""
        key = address_hash(person.email)
        if key in self.suppressed:
            return "suppressed"
        one = self.people.get(person.email)
        is_new = one is None
        if one is None:
            one = self.people[person.email] = self._create(person, key)
        changed = self._merge(one, person)
        for slug in person.topics:
            changed |= self._stand(one, person, self.terms.topics[slug])
        for tag in person.tags:
            changed |= self._tag(one, tag)
        if person.barred:
            self.suppressed.add(key)
            self.new.append(
                Suppression(email_hash=key, reason=person.barred, detail=self.terms.left_why)
            )
            return "suppressed"
        return "created" if is_new else "updated" if changed else "unchanged"

    def _create(self, person: Person, key: str) -> Subscriber:
        one = Subscriber(
            email=person.email,
            email_hash=key,
            state=SubscriberState.ACTIVE,
            joined_at=person.joined or self.terms.now,
            source=person.values["source"] or self.terms.source,
        )
        self.new.append(one)
        return one

    def _merge(self, one: Subscriber, person: Person) -> bool:
        """Take over what the row says; an empty cell says nothing."""
        before = [getattr(one, name) for name in _KEPT]
        for name in _KEPT[:-1]:
            if person.values[name]:
                setattr(one, name, person.values[name])
        one.attributes = {**one.attributes, **person.attributes}
        changed = before != [getattr(one, name) for name in _KEPT]
        if changed and one.pk:
            self.changed[one.pk] = one
        return changed

    def _stand(self, one: Subscriber, person: Person, topic_id: int) -> bool:
        asked = person.state or self.terms.stateless
        if person.barred:
            asked = SubscriptionState.UNSUBSCRIBED
        key = (person.email, topic_id)
        here = self.subscriptions.get(key)
        if here is None:
            here = Subscription(subscriber=one, topic_id=topic_id, state="")
            here.asked_at = min(one.joined_at, self.terms.now)
            self.subscriptions[key] = here
            self.new.append(here)
        elif not _may_become(here.state, asked, named=person.state is not None):
            return False
        elif here.pk:
            self.moved[here.pk] = here
        here.state, here.paused_until = asked, None
        if asked == SubscriptionState.UNSUBSCRIBED:
            here.left_at, here.left_why = self.terms.now, self.terms.left_why
        elif asked != SubscriptionState.PENDING:
            here.consent = here.consent or self.terms.consent
            here.confirmed_at = here.confirmed_at or here.asked_at
        return True

    def _tag(self, one: Subscriber, tag: str) -> bool:
        key = (one.email or "", tag)
        if key in self.tags:
            return False
        self.tags.add(key)
        self.new.append(SubscriberTag(subscriber=one, tag=tag))
        return True

    def save(self) -> None:
        """Write it all: five statements, whatever the batch's length."""
        # People first: what else is new points at them.
        Subscriber.objects.bulk_create([x for x in self.new if isinstance(x, Subscriber)])
        for row in self.new:
            if isinstance(row, Subscription | SubscriberTag):
                row.subscriber_id = row.subscriber.pk
        Subscription.objects.bulk_create([x for x in self.new if isinstance(x, Subscription)])
        SubscriberTag.objects.bulk_create([x for x in self.new if isinstance(x, SubscriberTag)])
        Suppression.objects.bulk_create([x for x in self.new if isinstance(x, Suppression)])
        if self.changed:
            Subscriber.objects.bulk_update(self.changed.values(), _KEPT, batch_size=200)
        if self.moved:
            Subscription.objects.bulk_update(self.moved.values(), _STANDING, batch_size=200)


def _may_become(here: str, asked: str, *, named: bool) -> bool:
    """Whether a list may change how somebody stands to a topic: mostly towards less mail."""
    if here in {asked, SubscriptionState.UNSUBSCRIBED}:
        return False
    if asked == SubscriptionState.UNSUBSCRIBED:
        return True
    if here == SubscriptionState.PENDING:
        return asked in {SubscriptionState.CONFIRMED, SubscriptionState.PAUSED}
    return named and here == SubscriptionState.CONFIRMED and asked == SubscriptionState.PAUSED
