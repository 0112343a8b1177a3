"""Another address for a reader: asked at the account, said again at the new address.

The old address stays until then, and is told afterwards. Links that were sent to it end with it,
but for those to leave. Where the new address is a reader's already, who is then the same person,
that reader gets the topics on top of their own, and this one leaves them.
"""

import datetime as dt

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from digest.errors import Refused
from digest.models import Letter, Topic
from digest.rendering import language
from subscribers import addresses, suppression, tokens, unsubscribe
from subscribers.fresh_links import Asker, may_write, not_unasked
from subscribers.models import (
    LeavingReason,
    Subscriber,
    SubscriberState,
    Subscription,
    address_hash,
)
from subscribers.requested import AddressChange, LetterRequest
from subscribers.tokens import Purpose

GOOD_FOR = dt.timedelta(days=1)
SAME = language.message("That is the address you have.")


def ask(person: Subscriber, topic: Topic, address: str, now: dt.datetime | None = None) -> str:
    """Have the owner of this address asked, whoever it is; its normal form.

    Raises Refused for what is no address. Nothing tells whether the address is known here; one
    that must not be mailed is left in peace.
    """
    email = addresses.normal(address)
    if email == person.email:
        raise Refused(SAME)
    now = now or timezone.now()
    with transaction.atomic():
        # Of either mailbox, or one reader could have letters written to everybody.
        both = (email, f"moves.{person.id}@invalid")
        may = [may_write(one, now, Asker.MOVER) for one in both]
        AddressChange.objects.update_or_create(
            subscriber=person, defaults={"address": email, "asked_at": now}
        )
        if all(may) and suppression.may_sign_up([email]):
            _write(person, topic, Letter.MOVE, email, now)
    return email


def opened(token: str, now: dt.datetime | None = None) -> tuple[AddressChange, Topic] | None:
    """What a link to another address is about; None for one that leads nowhere any more."""
    claim = tokens.verify(Purpose.MOVE, token)
    if claim is None:
        return None
    change = (
        AddressChange.objects.select_related("subscriber")
        .filter(
            subscriber_id=claim.subscriber_id,
            subscriber__state=SubscriberState.ACTIVE,
            subscriber__token_version=claim.version,
            asked_at__gte=(now or timezone.now()) - GOOD_FOR,
        )
        .first()
    )
    topic = Topic.objects.filter(id=claim.topic_id).first()
    if change is None or topic is None or tokens.address_tag(change.address) != claim.made_at:
        return None
    return (change, topic) if suppression.may_sign_up([change.address]) else None


@transaction.atomic
def move(change: AddressChange, topic: Topic, now: dt.datetime | None = None) -> Subscriber | None:
    """Write to the new address from now on; whoever gets the mails then. None where another click
    has just done so."""
    now = now or timezone.now()
    both = Subscriber.objects.filter(Q(id=change.subscriber_id) | Q(email=change.address))
    # In one order, or two who swap their addresses would wait for each other.
    locked = {one.id: one for one in both.select_for_update().order_by("id")}
    person = locked.pop(change.subscriber_id)
    if not AddressChange.objects.filter(id=change.id, address=change.address).delete()[0]:
        return None
    other = next(iter(locked.values()), None)
    _write(person, topic, Letter.MOVED, person.email or "", now)
    me = Subscriber.objects.filter(id=person.id)
    me.update(token_version=F("token_version") + 1)  # whoever has the old mailbox has the old links
    if other is None and not _renamed(me, change.address):
        other = Subscriber.objects.select_for_update().get(email=change.address)
    if other is not None:
        _hand_over(person, other, now)
    suppression.came_back(change.address)
    not_unasked(change.address)
    person.refresh_from_db()
    return other or person


def _renamed(me: QuerySet[Subscriber], address: str) -> bool:
    """Have this address; False where somebody else came to have it this very moment."""
    try:
        with transaction.atomic():
            return bool(me.update(email=address, email_hash=address_hash(address)))
    except IntegrityError:
        return False


def _hand_over(person: Subscriber, other: Subscriber, now: dt.datetime) -> None:
    """Topics that the other has, paused or not, stay as they are there."""
    has = {one.topic_id for one in other.subscriptions.all() if one.is_kept}
    for one in person.subscriptions.all():
        if one.is_kept and one.topic_id not in has:
            theirs, _ = Subscription.objects.update_or_create(
                subscriber=other,
                topic_id=one.topic_id,
                defaults={
                    "state": one.state,
                    "paused_until": one.paused_until,
                    "consent": one.consent,
                    "asked_at": one.asked_at,
                    "confirmed_at": now,
                    "left_at": None,
                    "left_why": "",
                    "left_code": "",
                },
            )
            one.consents.exclude(confirmed_at=None).update(subscription=theirs)
    unsubscribe.leave(person.id, None, LeavingReason.MOVED, now)


def _write(person: Subscriber, topic: Topic, letter: Letter, to: str, now: dt.datetime) -> None:
    """Not to an address that must not be mailed: bouncing may be why they move."""
    if suppression.may_sign_up([to]):
        LetterRequest.objects.create(
            subscriber=person, topic=topic, letter=letter, address=to, asked_at=now
        )
