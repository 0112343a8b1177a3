"""Signing up by one's own hand, with double opt-in.

Whoever asks, for whatever address, is told the same and changes nothing that a reader has:
they get a question by mail, at most one in 24 hours, and only their answer counts.
"""

import datetime as dt
from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils import timezone

from digest.models import Topic
from digest.rendering import language
from subscribers import addresses
from subscribers.models import (
    ConfirmationLimit,
    ConfirmationRequest,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    WelcomeRequest,
    address_hash,
)

ONE_MAIL_IN = dt.timedelta(hours=24)
WORDING = language.message(
    "Mail me the updates of the topics I chose. I can leave with one click in every mail, "
    "at any time."
)
"""What people agree to; kept with each subscription, as it was when they agreed."""

_NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def wording(lang: str) -> str:
    """WORDING in the language of the page that asks."""
    return language.words(lang).gettext(WORDING)


def ask(
    address: str,
    topics: Sequence[Topic],
    source: str,
    now: dt.datetime | None = None,
    lang: str = "en",
) -> None:
    """Note that somebody wants these topics at this address, and have the owner asked.

    ``lang`` is that of the page on which they agreed to the wording.
    Nothing that comes back or takes its time tells whether the address is known here. Raises
    Refused for what is no address; a suppressed one is left in peace.
    """
    email = addresses.normal(address)
    now = now or timezone.now()
    with transaction.atomic():
        limit = _locked_limit(email)
        wanted = [] if _suppressed(email) else _noted(email, topics, wording(lang), source, now)
        if wanted and limit.asked_at <= now - ONE_MAIL_IN:
            ConfirmationRequest.objects.create(subscription=wanted[0], asked_at=now)
            limit.asked_at = now
        limit.save()  # in every case: a commit takes longest, and would tell


def asked_for(person: Subscriber) -> list[Subscription]:
    """What waits for this person's word, oldest first."""
    theirs = person.subscriptions.select_related("topic").order_by("asked_at", "id")
    return [one for one in theirs if one.is_asked_for]


def confirm(
    person: Subscriber, slugs: Collection[str], now: dt.datetime | None = None
) -> list[Topic]:
    """The owner of the address says yes to these; the topics that are confirmed by it.

    Each is followed by a welcome, once, however often the button is pressed.
    """
    now = now or timezone.now()
    with transaction.atomic():
        meant = [one for one in asked_for(person) if one.topic.slug in slugs]
        new = [one for one in meant if _confirmed(one, now)]
        WelcomeRequest.objects.bulk_create(
            WelcomeRequest(subscription=one, asked_at=now) for one in new
        )
    return [one.topic for one in meant]


def _confirmed(one: Subscription, now: dt.datetime) -> bool:
    """Confirm it; False where another click has just done so."""
    waiting = Subscription.objects.filter(
        id=one.id, state__in=[SubscriptionState.PENDING, SubscriptionState.UNSUBSCRIBED]
    )
    return bool(
        waiting.update(
            state=SubscriptionState.CONFIRMED,
            confirmed_at=now,
            paused_until=None,
            left_at=None,
            left_why="",
            left_code="",
        )
    )


def consent(wording: str, source: str, now: dt.datetime) -> str:
    """How consent is kept: when, where and to which words."""
    return f"{now.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC, {source}: “{wording}”"


def _locked_limit(email: str) -> ConfirmationLimit:
    """This mailbox's row, locked: a thousand requests at once pass one by one."""
    key = address_hash(addresses.mailbox(email))
    ConfirmationLimit.objects.get_or_create(mailbox_hash=key, defaults={"asked_at": _NEVER})
    return ConfirmationLimit.objects.select_for_update().get(mailbox_hash=key)


def _suppressed(email: str) -> bool:
    return Suppression.objects.filter(email_hash=address_hash(email)).exists()


def _noted(
    email: str, topics: Sequence[Topic], words: str, source: str, now: dt.datetime
) -> list[Subscription]:
    """The subscriptions that want the owner's word; what the owner has or left stays so."""
    person, _ = Subscriber.objects.get_or_create(
        email=email,
        defaults={"email_hash": address_hash(email), "source": source, "joined_at": now},
    )
    wanted = []
    for topic in topics:
        one, _ = Subscription.objects.get_or_create(
            subscriber=person,
            topic=topic,
            defaults={"state": SubscriptionState.PENDING, "asked_at": now},
        )
        if one.is_kept:
            continue
        # While a question is open its time stays, else a stranger could void the link in it.
        if not one.is_asked_for:
            one.asked_at = now
        one.consent = consent(words, source, now)
        one.save(update_fields=["asked_at", "consent"])
        wanted.append(one)
    return wanted
