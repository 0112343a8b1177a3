"""What was asked for by signing up, looked at: who is asked whether it was them.

A round is a dozen statements, however many people it holds. Two rounds at once do no harm: each
takes rows that the other has not, and a mailbox's limit is locked while it is decided upon.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from digest import ending
from digest.models import Topic
from subscribers import addresses
from subscribers.models import Consent, Subscriber, Subscription, SubscriptionState, address_hash
from subscribers.requested import ConfirmationLimit, ConfirmationRequest, SignupRequest
from subscribers.suppression import may_sign_up

ONE_MAIL_IN = dt.timedelta(hours=24)
_ROUND = 500
_NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def take(now: dt.datetime | None = None) -> int:
    """Note what people asked for since; how many requests that were."""
    if not SignupRequest.objects.exists():  # a transaction would make SQLite's writers wait
        return 0
    with transaction.atomic():
        waiting = SignupRequest.objects.select_for_update(skip_locked=True).order_by("id")
        taken = list(waiting[:_ROUND])
        note(taken, now)
        SignupRequest.objects.filter(id__in=[one.id for one in taken]).delete()
    return len(taken)


@transaction.atomic
def note(requests: Sequence[SignupRequest], now: dt.datetime | None = None) -> None:
    """Keep what is asked for as pending, and have each owner asked.

    What somebody has or left stays so; a suppressed address is left in peace; a mailbox gets
    one question in 24 hours, however it is spelt.
    """
    now = now or timezone.now()
    willing = may_sign_up({one.email for one in requests})
    requests = [one for one in requests if one.email in willing]
    wanted = {slug for one in requests for slug in one.topics}
    topics = ending.living().in_bulk(wanted, field_name="slug")
    people = _people(requests)
    before = _here(people, topics)
    subscriptions = _subscriptions(requests, people, topics)
    round_ = _Round(now, _limits(requests), _with_open_consent(subscriptions.values()))
    round_.new = {one.id for key, one in subscriptions.items() if key not in before}
    for request in requests:
        person = people[request.email]
        asked = (topics[slug] for slug in request.topics if slug in topics)
        round_.ask(request, [subscriptions[person.id, topic.id] for topic in asked])
    round_.save()


def ask_again(person: Subscriber, now: dt.datetime) -> bool:
    """Ask once more whoever has nothing but an open question; whether that is how they stand.

    Within a transaction, and within the same limit as asking the first time.
    """
    theirs = list(person.subscriptions.order_by("asked_at", "id"))
    waiting = [one for one in theirs if one.is_asked_for]
    if not waiting or any(one.is_kept for one in theirs):
        return False
    key = _mailbox_hash(person.email or "")
    ConfirmationLimit.objects.get_or_create(mailbox_hash=key, defaults={"asked_at": _NEVER})
    limit = ConfirmationLimit.objects.select_for_update().get(mailbox_hash=key)
    if limit.asked_at <= now - ONE_MAIL_IN:
        ConfirmationRequest.objects.create(subscription=waiting[0], asked_at=now)
        limit.asked_at = now
        limit.save()
    return True


@dataclass
class _Round:
    """What is to be written of a round."""

    now: dt.datetime
    limits: dict[str, ConfirmationLimit]
    agreed: dict[int, bool]  # subscription with a consent that waits -> Consent.is_all
    new: set[int] = field(default_factory=set)  # subscriptions that this round has made
    consents: dict[int, Consent] = field(default_factory=dict)
    questions: list[ConfirmationRequest] = field(default_factory=list)
    back: dict[int, Subscription] = field(default_factory=dict)  # left, and asked for again
    spent: list[ConfirmationLimit] = field(default_factory=list)

    def ask(self, request: SignupRequest, meant: Sequence[Subscription]) -> None:
        """One request, for these of the person's subscriptions."""
        wanted = [one for one in meant if self._wants(one, request.asked_at)]
        limit = self.limits[_mailbox_hash(request.email)]
        asks = bool(wanted) and limit.asked_at <= self.now - ONE_MAIL_IN
        if asks:
            limit.asked_at = self.now
            self.spent.append(limit)
            self.questions.append(ConfirmationRequest(subscription=wanted[0], asked_at=self.now))
        for one in wanted:
            # What the owner is asked is what they confirm: a later stranger doesn't replace it.
            if asks or one.id not in self.agreed:
                is_all = self.agreed.setdefault(one.id, one.id in self.new)
                self.consents[one.id] = _consent(one, request, is_all=is_all)

    def _wants(self, one: Subscription, asked_at: dt.datetime) -> bool:
        """Whether its owner's word is wanted: not for what they have, or left since."""
        if one.is_kept:
            return False
        # While a question is open its time stays, else a stranger could void the link in it.
        if not one.is_asked_for and one.left_at is not None and one.left_at < asked_at:
            one.asked_at = asked_at
            self.back[one.id] = one
        return one.is_asked_for

    def save(self) -> None:
        if self.back:
            Subscription.objects.bulk_update(self.back.values(), ["asked_at"])
        Consent.objects.filter(subscription__in=self.consents, confirmed_at=None).delete()
        Consent.objects.bulk_create(self.consents.values())
        ConfirmationRequest.objects.bulk_create(self.questions)
        spent = [limit.id for limit in self.spent]
        ConfirmationLimit.objects.filter(id__in=spent).update(asked_at=self.now)


def _consent(one: Subscription, request: SignupRequest, *, is_all: bool) -> Consent:
    return Consent(
        is_all=is_all,
        subscription=one,
        way=request.way,
        wording=request.wording,
        source=request.source,
        at=request.asked_at,
    )


def _people(requests: Iterable[SignupRequest]) -> dict[str, Subscriber]:
    """Everybody by address; who is new is made."""
    asked = {one.email: one for one in reversed(list(requests))}  # the first of each counts
    known = Subscriber.objects.filter(email__in=asked).in_bulk(field_name="email")
    new = [_person(one) for email, one in asked.items() if email not in known]
    if not new:
        return known
    Subscriber.objects.bulk_create(new, ignore_conflicts=True)  # an import may make them just now
    return Subscriber.objects.filter(email__in=asked).in_bulk(field_name="email")


def _person(request: SignupRequest) -> Subscriber:
    return Subscriber(
        email=request.email,
        email_hash=address_hash(request.email),
        name=request.name,
        language=request.language,
        source=request.source,
        joined_at=request.asked_at,
    )


def _subscriptions(
    requests: Iterable[SignupRequest], people: dict[str, Subscriber], topics: dict[str, Topic]
) -> dict[tuple[int, int], Subscription]:
    """How each person stands to each topic asked for, locked; what is new is pending."""
    Subscription.objects.bulk_create(
        (
            Subscription(
                subscriber=people[one.email],
                topic=topics[slug],
                state=SubscriptionState.PENDING,
                asked_at=one.asked_at,
            )
            for one in requests
            for slug in one.topics
            if slug in topics
        ),
        ignore_conflicts=True,
    )
    ids = sorted(person.id for person in people.values())
    theirs = Subscription.objects.select_for_update().filter(
        subscriber__in=ids, topic__in=topics.values()
    )
    return {(one.subscriber_id, one.topic_id): one for one in theirs.order_by("id")}


def _limits(requests: Iterable[SignupRequest]) -> dict[str, ConfirmationLimit]:
    """Each mailbox's row, locked, in one order so that no two rounds wait for each other."""
    keys = sorted({_mailbox_hash(one.email) for one in requests})
    ConfirmationLimit.objects.bulk_create(
        (ConfirmationLimit(mailbox_hash=key, asked_at=_NEVER) for key in keys),
        ignore_conflicts=True,
    )
    rows = ConfirmationLimit.objects.select_for_update().filter(mailbox_hash__in=keys)
    return {one.mailbox_hash: one for one in rows.order_by("mailbox_hash")}


def _mailbox_hash(email: str) -> str:
    return address_hash(addresses.mailbox(email))


def _with_open_consent(subscriptions: Iterable[Subscription]) -> dict[int, bool]:
    waiting = Consent.objects.filter(
        subscription__in=[one.id for one in subscriptions], confirmed_at=None
    )
    return dict(waiting.values_list("subscription_id", "is_all"))


def _here(people: dict[str, Subscriber], topics: dict[str, Topic]) -> set[tuple[int, int]]:
    """Which (person, topic) there are before this round adds to them."""
    theirs = Subscription.objects.filter(subscriber__in=people.values(), topic__in=topics.values())
    return set(theirs.values_list("subscriber_id", "topic_id"))
