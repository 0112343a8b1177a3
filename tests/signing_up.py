"""Signing up as a browser does it, for the tests of what comes of it."""

import datetime as dt
from typing import Any

from django.test import Client

from digest.models import Topic
from subscribers import signup_requests
from subscribers.models import Consent, Subscriber, Subscription, Suppression
from subscribers.requested import (
    ConfirmationLimit,
    ConfirmationRequest,
    SignupRequest,
    WelcomeRequest,
)
from subscribers.tokens import Purpose, make

DAY = dt.timedelta(days=1)


def sign_up(client: Client, address: str = "bea@example.org", **fields: Any) -> Any:
    """Fill in the form; and the tick looks at it."""
    answer = ask(client, address, **fields)
    signup_requests.take()
    return answer


def ask(client: Client, address: str = "bea@example.org", **fields: Any) -> Any:
    return client.post("/subscribe/", {"address": address, "topic": "medias-ai-pivot", **fields})


def confirm_path(person: Subscriber, topic: Topic) -> str:
    return f"/confirm/{make(Purpose.CONFIRM, person.id, topic.id, person.token_version)}/"


def everything() -> dict[str, list[Any]]:
    models: list[Any] = [Subscriber, Subscription, ConfirmationRequest, ConfirmationLimit]
    models += [Suppression, WelcomeRequest, Consent, SignupRequest]
    return {model.__name__: list(model.objects.order_by("id").values()) for model in models}
