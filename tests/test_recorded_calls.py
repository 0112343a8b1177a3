"""Every recorded call of a provider says what is written beside it, and what we make of that."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from anymail.signals import AnymailTrackingEvent
from django.http import HttpRequest
from django.test import Client, RequestFactory

from tests.calls import secret_of
from workers.feedback import proof, reading
from workers.feedback.models import Heard, Kind, Returned
from workers.feedback.providers import UNSIGNED, Provider

CALLS = Path(__file__).parents[2] / "shared" / "data" / "webhooks"
RECORDED = sorted(CALLS.glob("anymail_*_tracking.json"))

here = pytest.mark.skipif(not RECORDED, reason="../shared/data/webhooks is not here")

NORMALISED = [
    "event_type", "event_id", "message_id", "metadata", "recipient", "mta_response", "description",
    "reject_reason", "tags",
]  # fmt: skip

KINDS = {
    "delivered": {Kind.DELIVERED},
    "bounced": {Kind.HARD, Kind.SOFT},
    "rejected": {Kind.DROPPED},
    "failed": {Kind.DROPPED},
    "complained": {Kind.COMPLAINED},
    "unsubscribed": {Kind.UNSUBSCRIBED},
}
"""What each normalised type is to us; all others say nothing of what became of a message."""

UNLIKE = {
    # "Initial open" counts as opened only by a setting that we have no use for: neither says
    # what became of the message.
    "test_sparkpost_webhooks.SparkPostDeliveryTestCase.test_initial_open_event_as_opened",
}
"""Cases of which anymail's own reading differs from what is written beside them."""

OTHERWISE = {
    # The reader's server refused it for good: a bounce, where anymail says failed.
    "test_postal_webhooks.PostalDeliveryTestCase.test_failed_event": {Kind.HARD},
}
"""Cases in which we say another thing than the type beside them, and why."""


def provider_of(path: Path) -> Provider:
    return Provider(path.stem.removeprefix("anymail_").removesuffix("_tracking"))


def asked(case: dict[str, Any]) -> HttpRequest:
    """The call as it came."""
    kind, form = case["content_type"], case.get("form")
    headers = {name.removeprefix("HTTP_").replace("_", "-"): value
               for name, value in case["headers"].items() if name != "SERVER_NAME"}  # fmt: skip
    if kind == "multipart/form-data":
        return RequestFactory().post(case["path_hint"], form or {}, headers=headers)
    body = case["body"] if "body" in case else json.dumps(form)
    if body.startswith("[{'"):  # three of SendGrid's were written down as Python has them
        body = json.dumps(ast.literal_eval(body))
    return RequestFactory().post(case["path_hint"], body, content_type=kind, headers=headers)


def told(provider: Provider, request: HttpRequest) -> list[AnymailTrackingEvent]:
    """What anymail makes of it; who signed it is another test's."""
    if provider is not Provider.AMAZON_SES:
        events: list[AnymailTrackingEvent] = proof._view(
            provider, secret_of(provider)
        ).parse_events(request)
        return events
    said = json.loads(request.body)
    sns_says_something = said["Type"] == "Notification" and said["Message"].startswith("{")
    return proof.ses_events(said) if sns_says_something else []


@here
@pytest.mark.parametrize("path", RECORDED, ids=provider_of)
def test_each_recorded_call_says_what_is_written_beside_it(path: Path) -> None:
    provider = provider_of(path)
    for case in json.loads(path.read_text()):
        if not case["normalised_events"]:
            continue  # says nothing, or is refused
        events = told(provider, asked(case))
        assert len(events) == len(case["normalised_events"]), case["case"]
        for event, wanted in zip(events, case["normalised_events"], strict=True):
            compare(provider, event, wanted, case["case"])


def compare(provider: Provider, event: AnymailTrackingEvent, wanted: Any, case: str) -> None:
    kinds = {one.kind for one in reading.read(provider, [event])}
    if wanted["kind"] != "tracking":  # a mail that came in, which is not for us
        assert not kinds, case
        return
    for name in NORMALISED if case not in UNLIKE else ():
        assert getattr(event, name) == wanted[name], f"{case}: {name}"
    at = event.timestamp.isoformat() if event.timestamp else None
    assert at == wanted["timestamp"], case
    assert kinds <= OTHERWISE.get(case, KINDS.get(wanted["event_type"], set())), case
    assert bool(kinds) == (wanted["event_type"] in KINDS), case


@pytest.mark.django_db
@here
@pytest.mark.parametrize("path", RECORDED, ids=provider_of)
def test_a_recorded_call_that_is_signed_by_nobody_we_know_changes_nothing(
    path: Path, settings: Any
) -> None:
    provider = provider_of(path)
    settings.HOOKS = {provider.value: (secret_of(provider),)}
    for case in json.loads(path.read_text()):
        request = asked(case)
        headers = {**request.headers}
        answer = Client().generic(
            "POST", f"/hooks/{provider}/", request.body, request.content_type,
            headers={name: value for name, value in headers.items() if name != "Cookie"},
        )  # fmt: skip
        assert answer.status_code in {400, 403}, case["case"]
    assert not Returned.objects.exists()
    assert not Heard.objects.exists()


@pytest.mark.django_db
@here
@pytest.mark.parametrize("provider", sorted(UNSIGNED))
def test_recorded_calls_about_strangers_are_answered_200_and_identify_nobody(
    provider: Provider, settings: Any
) -> None:
    settings.HOOKS = {provider.value: (secret_of(provider),)}
    path = CALLS / f"anymail_{provider}_tracking.json"
    for case in json.loads(path.read_text()):
        request = asked(case)
        answer = Client().generic(
            "POST", f"/hooks/{provider}/{secret_of(provider)}/", request.body, request.content_type
        )
        # A mail that came in is refused: it is not for this address.
        inbound = case.get("upstream_exception")
        assert answer.status_code == (400 if inbound else 200), case["case"]
    rows = Returned.objects.all()
    assert {(one.delivery_id, one.subscriber_id, one.words) for one in rows} == {(None, None, "")}
