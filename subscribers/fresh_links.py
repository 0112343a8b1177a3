"""New links: asked for by anybody, sent to the reader alone.

An address that is unknown here is answered as any other, in the same words and the same time.
"""

import datetime as dt
from enum import StrEnum

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from digest.models import Letter, Topic
from subscribers import addresses, signup_requests, suppression
from subscribers.models import Subscriber, SubscriberState, address_hash
from subscribers.requested import LetterLimit, LetterRequest, LinksRequest

APART = dt.timedelta(minutes=10)
A_DAY = 3
"""Letters to one mailbox in a day, and how far apart, for each kind of who asks."""


class Asker(StrEnum):
    """Who has a letter written. Each is counted alone, so that nobody can use up what another
    needs: a stranger's three bring the reader links that work, but staff and whoever holds a
    living link must not have to wait for them."""

    ANYBODY = ""  # typed the address
    HOLDER = "holder "  # of a living link to the preferences
    STAFF = "staff "  # on the person's page
    MOVER = "mover "  # a reader who gives this as their new address


_ROUND = 500
_NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def ask_by_address(address: str, now: dt.datetime | None = None) -> None:
    """Note that somebody wants new links at this address. One row is written and nothing looked
    up, so that neither answer nor time tells whether it is known. Raises Refused for what is no
    address."""
    LinksRequest.objects.create(email=addresses.normal(address), asked_at=now or timezone.now())


def take() -> int:
    """Look at what was asked for since; how many requests that were."""
    if not LinksRequest.objects.exists():  # a transaction would make SQLite's writers wait
        return 0
    with transaction.atomic():
        waiting = LinksRequest.objects.select_for_update(skip_locked=True).order_by("id")
        taken = list(waiting[:_ROUND])
        for email, asked_at in {one.email: one.asked_at for one in taken}.items():
            _answer(email, asked_at)
        LinksRequest.objects.filter(id__in=[one.id for one in taken]).delete()
    return len(taken)


def _answer(email: str, now: dt.datetime) -> None:
    """Write new links to whoever has this address; the question again to whoever has never
    answered it; nothing to anybody else."""
    person = Subscriber.objects.filter(email=email, state=SubscriberState.ACTIVE).first()
    if person is None or not suppression.may_sign_up([email]) or not may_write(email, now):
        return
    if not signup_requests.ask_again(person, now):
        _note(person, _topic_of(person), now)


def ask(
    person: Subscriber,
    topic: Topic,
    now: dt.datetime | None = None,
    *,
    asker: Asker = Asker.HOLDER,
) -> None:
    """Write new links to this reader."""
    now = now or timezone.now()
    email = person.email or ""
    with transaction.atomic():
        if may_write(email, now, asker) and suppression.may_sign_up([email]):
            _note(person, topic, now)


def revoke(person: Subscriber) -> None:
    """Let no link that was sent so far lead anywhere, but to leaving."""
    Subscriber.objects.filter(id=person.id).update(token_version=F("token_version") + 1)
    person.refresh_from_db(fields=["token_version"])


def may_write(address: str, now: dt.datetime, asker: Asker = Asker.ANYBODY) -> bool:
    """Whether a letter may go to this mailbox now, which is then counted. Within a transaction,
    in which its row is locked."""
    key = _key(address, asker)
    LetterLimit.objects.get_or_create(
        mailbox_hash=key, defaults={"since": _NEVER, "last_at": _NEVER}
    )
    limit = LetterLimit.objects.select_for_update().get(mailbox_hash=key)
    if limit.since <= now - dt.timedelta(days=1):
        limit.since, limit.letters = now, 0
    may = limit.letters < A_DAY and limit.last_at <= now - APART
    if may:
        limit.last_at, limit.letters = now, limit.letters + 1
        limit.save()
    return may


def not_unasked(address: str) -> None:
    """What was counted of this mailbox was no nuisance: its owner has said that they asked."""
    keys = [_key(address, asker) for asker in (Asker.ANYBODY, Asker.MOVER)]
    LetterLimit.objects.filter(mailbox_hash__in=keys).delete()


def _key(address: str, asker: Asker) -> str:
    return address_hash(f"{asker}{addresses.mailbox(address)}")


def _note(person: Subscriber, topic: Topic | None, now: dt.datetime) -> None:
    if topic is not None:
        LetterRequest.objects.create(
            subscriber=person,
            topic=topic,
            letter=Letter.LINKS,
            address=person.email or "",
            asked_at=now,
        )


def _topic_of(person: Subscriber) -> Topic | None:
    """In whose name they are written to: of a topic that they have, or had, or any."""
    theirs = person.subscriptions.select_related("topic").order_by("state", "id")
    one = theirs.first()  # "confirmed" comes first
    return one.topic if one else Topic.objects.first()
