"""Whose personal link this is: the token checked against today's rows."""

from typing import NamedTuple

from digest.models import Topic
from subscribers import tokens
from subscribers.models import Subscriber, SubscriberState, Subscription
from subscribers.tokens import Claim, Purpose

_CLOCKS_DIFFER = 600  # seconds, between the web's machine and the worker's that makes the token


class Link(NamedTuple):
    """A living link. There is a subscription to the topic, but for links to a page about all of
    a person's.

    ``is_current`` is False for an unsubscribe link from before the links were revoked: it still
    lets its holder leave, and leads to nothing else.
    """

    person: Subscriber
    topic: Topic
    subscription: Subscription | None
    is_current: bool


def opened(purpose: Purpose, token: str) -> Link | None:
    """Whose link it is, and what it is about.

    None, whatever the reason, for a link that is forged, for another purpose, expired, used,
    revoked, or of somebody who was erased: the reader is told the same of all of them.
    """
    claim = tokens.verify(purpose, token)
    link = _link(claim) if claim else None
    if claim is None or link is None:
        return None
    if purpose == Purpose.UNSUBSCRIBE:
        return link if link.subscription else None
    if not link.is_current:
        return None
    return link if purpose != Purpose.CONFIRM or _waits(link.subscription, claim) else None


def was_erased(token: str) -> bool:
    """Whether this is a link to leave, of somebody who was erased since."""
    claim = tokens.verify(Purpose.UNSUBSCRIBE, token)
    erased = Subscriber.objects.filter(state=SubscriberState.ERASED)
    return claim is not None and erased.filter(id=claim.subscriber_id).exists()


def path(purpose: Purpose, link: Link) -> str:
    """The path of another link for this person and topic."""
    person = link.person
    return tokens.path(
        purpose, tokens.make(purpose, person.id, link.topic.id, person.token_version)
    )


def about(one: Subscription) -> Link:
    """What a link of this subscription leads to."""
    return Link(one.subscriber, one.topic, one, is_current=True)


def _link(claim: Claim) -> Link | None:
    theirs = Subscription.objects.select_related("subscriber", "topic").filter(
        subscriber_id=claim.subscriber_id,
        topic_id=claim.topic_id,
        subscriber__state=SubscriberState.ACTIVE,
    )
    if one := theirs.first():
        return about(one)._replace(is_current=one.subscriber.token_version == claim.version)
    people = Subscriber.objects.filter(id=claim.subscriber_id, state=SubscriberState.ACTIVE)
    person, topic = people.first(), Topic.objects.filter(id=claim.topic_id).first()
    if person is None or topic is None:
        return None
    return Link(person, topic, None, is_current=person.token_version == claim.version)


def _waits(one: Subscription | None, claim: Claim) -> bool:
    """Whether the question to which the link belongs is still open."""
    if one is None or not one.is_asked_for:
        return False
    return claim.made_at >= one.asked_at.timestamp() - _CLOCKS_DIFFER
