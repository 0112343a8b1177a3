"""What a reader chooses at their own link: topics, pauses, how the updates come."""

import datetime as dt
from collections.abc import Collection
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from digest.audit import audit
from digest.depths import Depths
from digest.errors import Refused
from digest.models import Stage, Topic
from digest.rendering import language
from subscribers import unsubscribe
from subscribers.models import Consent, Subscriber, Subscription, SubscriptionState, standing
from subscribers.requested import ConsentWay
from subscribers.signup import wording

BY = "reader"
"""What the audit log calls them; about whom it is tells which."""

PRESETS = {"two_weeks": dt.timedelta(weeks=2), "month": dt.timedelta(days=30)}
"""Pauses that need no date."""

LONGEST_PAUSE = dt.timedelta(days=366)
"""Whoever wants to hear nothing for longer leaves, and is not surprised by a mail years later."""

NO_DAY = language.message("Choose a day after today, and no later than a year from now.")
DEPTHS = {
    "": language.message("As the editors arrange it"),
    Depths.FULL: language.message("Every story in full"),
    Depths.SHORT: language.message("Every story in short"),
}
"""How updates may come, as readers are asked."""


class Choice(NamedTuple):
    """A topic as the reader's page shows it."""

    topic: Topic
    mine: Subscription | None
    last_at: dt.datetime | None  # when its last update was due to go out
    paused: bool  # now


def choices(person: Subscriber, now: dt.datetime | None = None) -> list[Choice]:
    """How the person stands to each topic; of those that have ended, to what they have alone."""
    now = now or timezone.now()
    theirs = {one.topic_id: one for one in person.subscriptions.all()}
    went_out = Coalesce("updates__due_at", "updates__until")
    sent = Q(updates__stage=Stage.SENT)
    topics = Topic.objects.annotate(last_at=Max(went_out, filter=sent)).order_by("name")
    return [
        Choice(topic, one, topic.last_at, one is not None and _is_paused(one, now))
        for topic in topics
        for one in [theirs.get(topic.id)]
        if not topic.ended_at or (one is not None and one.is_kept)
    ]


def _is_paused(one: Subscription, now: dt.datetime) -> bool:
    return one.stands(now) == SubscriptionState.PAUSED


@transaction.atomic
def choose(person: Subscriber, slugs: Collection[str], now: dt.datetime | None = None) -> None:
    """Have exactly these topics from now on.

    Whoever opens the link has the mailbox it was sent to, so nobody is asked once more. A
    topic that still waits for its confirmation goes on waiting unless it is chosen here.
    """
    now = now or timezone.now()
    for topic, one, *_ in choices(person, now):
        kept = one is not None and one.is_kept
        if topic.slug in slugs and not kept:
            if one is not None:
                unsubscribe.note_return(one)
            _take(person, topic, now)
        elif kept and topic.slug not in slugs:
            unsubscribe.leave(person.id, topic.id, now=now)


def _take(person: Subscriber, topic: Topic, now: dt.datetime) -> None:
    one, _ = Subscription.objects.update_or_create(
        subscriber=person,
        topic=topic,
        defaults={
            "state": SubscriptionState.CONFIRMED,
            "asked_at": now,
            "confirmed_at": now,
            "paused_until": None,
            "left_at": None,
            "left_why": "",
            "left_code": "",
        },
    )
    Consent.objects.create(
        subscription=one,
        way=ConsentWay.PREFERENCES,
        wording=wording(topic.language),
        at=now,
        confirmed_at=now,
    )


def pause_end(preset: str, day: str, zone: str, now: dt.datetime | None = None) -> dt.datetime:
    """When a pause ends: at the beginning of a day there. A day that was typed counts, whatever
    else is chosen. Refused for one that can't be."""
    now = now or timezone.now()
    here = now.astimezone(ZoneInfo(zone or "UTC"))
    preset = "" if day else preset
    try:
        until = here.date() + PRESETS[preset] if preset in PRESETS else dt.date.fromisoformat(day)
    except ValueError:
        raise Refused(NO_DAY) from None
    if not here.date() < until <= here.date() + LONGEST_PAUSE:
        raise Refused(NO_DAY)
    return dt.datetime.combine(until, dt.time(), here.tzinfo)


@transaction.atomic
def pause(person: Subscriber, until: dt.datetime, slug: str = "") -> int:
    """Send nothing until then, of one topic or of all that they have; how many those are."""
    kept = Q(state__in=[SubscriptionState.CONFIRMED, SubscriptionState.PAUSED])
    theirs = _theirs(person, slug).filter(kept)
    paused = theirs.update(state=SubscriptionState.PAUSED, paused_until=until)
    if paused:
        audit(BY, "paused", person.ref, topic=slug, until=f"{until:%Y-%m-%d}")
    return paused


@transaction.atomic
def resume(person: Subscriber, slug: str = "", now: dt.datetime | None = None) -> int:
    """End the pause of one topic, or of all, at once."""
    paused = standing(SubscriptionState.PAUSED, now or timezone.now())
    theirs = _theirs(person, slug).filter(paused)
    resumed = theirs.update(state=SubscriptionState.CONFIRMED, paused_until=None)
    if resumed:
        audit(BY, "ended a pause", person.ref, topic=slug)
    return resumed


@transaction.atomic
def read(person: Subscriber, depth: str, lang: str) -> None:
    """How updates come, and the language of pages and letters; what is not offered is left.

    So is a language that we don't speak, and the ``de-AT`` of whoever chooses ``de``: segments
    ask for them.
    """
    before = person.depth, person.language
    if depth in DEPTHS:
        person.depth = depth
    if (lang in language.offered() or not lang) and lang != own_language(person):
        person.language = lang
    if before != (person.depth, person.language):
        person.save(update_fields=["depth", "language"])
        chosen = {"depth": person.depth or "as arranged", "language": person.language}
        audit(BY, "chose how mails come", person.ref, **chosen)


def own_language(person: Subscriber) -> str:
    """Which of the languages that we offer is theirs; "" for none."""
    theirs = person.language.lower()
    tags = language.offered()
    return next((tag for tag in tags if f"{theirs}-".startswith(f"{tag.lower()}-")), "")


def _theirs(person: Subscriber, slug: str) -> QuerySet[Subscription]:
    found = Subscription.objects.filter(subscriber=person)
    return found.filter(topic__slug=slug.replace("\0", "")) if slug else found
