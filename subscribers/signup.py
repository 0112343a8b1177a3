"""Signing up by one's own hand, with double opt-in.

Whoever asks, for whatever address, is told the same and changes nothing that a reader has:
they get a question by mail, at most one in 24 hours, and only their answer counts. The page
writes down what was asked (``ask``); the tick looks at it (``signup_requests``).
"""

import datetime as dt
from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils import timezone

from digest.models import Topic
from digest.rendering import language
from subscribers import addresses, suppression, unsubscribe
from subscribers.models import Consent, Subscriber, Subscription, SubscriptionState
from subscribers.requested import ConsentWay, SignupRequest, WelcomeRequest

WORDING = language.message(
    "Mail me the updates of the topics I chose. I can leave with one click in every mail, "
    "at any time."
)
"""What people agree to; kept with each consent, as it was when they agreed."""


def wording(lang: str) -> str:
    """WORDING in the language of the page that asks."""
    return language.words(lang).gettext(WORDING)


def ask(
    address: str,
    topics: Sequence[Topic],
    source: str,
    *,
    name: str = "",
    lang: str = "en",
    now: dt.datetime | None = None,
) -> None:
    """Note that somebody wants these topics at this address, and have the owner asked.

    ``lang`` is that of the page on which they agreed to the wording. One row is written and
    nothing looked up, so that neither answer nor time tells whether the address is known.
    Raises Refused for what is no address.
    """
    SignupRequest.objects.create(
        email=addresses.normal(address),
        topics=[topic.slug for topic in topics],
        name=name,
        language=lang,
        way=ConsentWay.FORM,
        wording=wording(lang),
        source=source,
        asked_at=now or timezone.now(),
    )


def asked_for(person: Subscriber) -> list[Subscription]:
    """What waits for this person's word, oldest first."""
    theirs = person.subscriptions.select_related("topic").order_by("asked_at", "id")
    return [one for one in theirs if one.is_asked_for]


def words_agreed_to(about: Subscription) -> str:
    """The words to which somebody agreed for them, and which they are about to confirm."""
    last = about.consents.filter(confirmed_at=None).order_by("-id").first()
    return last.wording if last else wording(about.topic.language)


def confirm(
    person: Subscriber,
    slugs: Collection[str],
    name: str | None = None,
    now: dt.datetime | None = None,
) -> list[Topic]:
    """The owner of the address says yes to these; the topics that are confirmed by it.

    ``name``: what they are called, where they were asked. Each topic is followed by a welcome,
    once, however often the button is pressed.
    """
    now = now or timezone.now()
    with transaction.atomic():
        meant = [one for one in asked_for(person) if one.topic.slug in slugs]
        new = [one for one in meant if _confirmed(one, now)]
        for one in new:
            unsubscribe.note_return(one)
        if new:
            _believe(person, new, name, now)
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


def _believe(
    person: Subscriber, new: Sequence[Subscription], name: str | None, now: dt.datetime
) -> None:
    """What follows from it that this was the owner: consent, name, and that they are back."""
    open_ = Consent.objects.filter(subscription__in=new, confirmed_at=None)
    agreed = set(open_.values_list("subscription_id", flat=True))
    open_.update(confirmed_at=now)
    # Whoever came pending from a list agrees here, to the words on the page.
    Consent.objects.bulk_create(
        Consent(
            subscription=one,
            way=ConsentWay.PREFERENCES,
            wording=words_agreed_to(one),
            at=now,
            confirmed_at=now,
        )
        for one in new
        if one.id not in agreed
    )
    if name is not None and name != person.name:
        Subscriber.objects.filter(id=person.id).update(name=name)
    suppression.came_back(person.email or "")


def consent(wording: str, source: str, now: dt.datetime) -> str:
    """How an import keeps consent: when, where and to which words."""
    return f"{now.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC, {source}: “{wording}”"
