"""Whose personal link this is: the token checked against today's rows."""

from subscribers import tokens
from subscribers.models import SubscriberState, Subscription
from subscribers.tokens import Purpose

_CLOCKS_DIFFER = 600  # seconds, between the web's machine and the worker's that makes the token


def subscription(purpose: Purpose, token: str) -> Subscription | None:
    """The subscription that the link is about, with its subscriber and topic.

    None, whatever the reason, for a link that is forged, for another purpose, expired, used,
    revoked, or of somebody who was erased: the reader is told the same of all of them.
    """
    claim = tokens.verify(purpose, token)
    if claim is None:
        return None
    found = (
        Subscription.objects.select_related("subscriber", "topic")
        .filter(
            subscriber_id=claim.subscriber_id,
            topic_id=claim.topic_id,
            subscriber__state=SubscriberState.ACTIVE,
            subscriber__token_version=claim.version,
        )
        .first()
    )
    if found is None or purpose != Purpose.CONFIRM:
        return found
    asked_at = found.asked_at.timestamp() - _CLOCKS_DIFFER
    return found if found.is_asked_for and claim.made_at >= asked_at else None


def path(purpose: Purpose, about: Subscription) -> str:
    """The path of a link for this subscription."""
    token = tokens.make(
        purpose, about.subscriber_id, about.topic_id, about.subscriber.token_version
    )
    return tokens.path(purpose, token)
