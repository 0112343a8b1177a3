"""Whether a call is the provider's, and what it says then.

Nothing is made of a body before its signature holds, but for the providers who put the signature
into it. Where a call is signed with its time, it may be a day old; a repetition changes nothing
however old it is.
"""

import base64
import hmac
import json
import time
import warnings
from collections.abc import Callable, Sequence
from copy import copy
from functools import lru_cache
from typing import Any

from anymail.exceptions import (
    AnymailConfigurationError,
    AnymailError,
    AnymailWebhookValidationFailure,
)
from anymail.signals import AnymailTrackingEvent
from anymail.webhooks import (
    amazon_ses,
    brevo,
    mailersend,
    mailgun,
    mailjet,
    mailtrap,
    mandrill,
    postal,
    postmark,
    resend,
    sendgrid,
    sparkpost,
    unisender_go,
)
from django.conf import settings
from django.http import HttpRequest

from workers.feedback.providers import UNSIGNED, Provider
from workers.feedback.secrets import svix_key

AGE = 24 * 3600.0
"""Seconds for which a signed time is believed: the most patient provider tries for eight hours."""

AHEAD = 300.0
"""Seconds by which its clock may be ahead of ours."""

SVIX_AGE = 300.0
"""Seconds, as its specification asks: each attempt is signed anew."""


class Unproven(Exception):
    """A call is not the provider's, as far as can be seen; nothing was changed."""


class Unreadable(Exception):
    """A call that is the provider's says nothing that is understood; nothing was changed."""


class NotNow(Exception):
    """A call can't be checked or kept at the moment; the provider is to come again."""


FAULTS = (
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError, AssertionError,
    RecursionError, AnymailError, AnymailConfigurationError,
)  # fmt: skip
"""What goes wrong in reading what is not as it should be."""


def told(
    provider: Provider, request: HttpRequest, secrets: Sequence[str], given: str
) -> list[AnymailTrackingEvent]:
    """The events of a call that is the provider's by one of these secrets; else as above."""
    if provider is Provider.AMAZON_SES:
        return _by_sns(request, secrets)
    proven = next((one for one in secrets if _proves(provider, request, one, given)), None)
    if proven is None:
        raise Unproven("is not signed with the secret that is set")
    try:
        events: list[AnymailTrackingEvent] = _view(provider, proven).parse_events(request)
    except FAULTS as problem:
        raise Unreadable(type(problem).__name__) from problem
    return events


def within_a_day(at: float, age: float = AGE) -> None:
    """Unproven where a signed time is too old, or to come."""
    if not -AHEAD <= time.time() - at <= age:
        raise Unproven("is too old, or of a time to come")


def _proves(provider: Provider, request: HttpRequest, secret: str, given: str) -> bool:
    if provider in UNSIGNED:
        return _same(given, secret) or _same(_password(request), secret)
    if provider is Provider.RESEND:
        return _signed_by_svix(request, secret)
    try:
        _view(provider, secret).run_validators(request)
        if signed_at := _SIGNED_AT.get(provider):
            within_a_day(float(signed_at(request)))
    except (AnymailWebhookValidationFailure, *FAULTS):
        return False
    return True


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), secret.encode())


def _password(request: HttpRequest) -> str:
    """That of HTTP Basic; the user's name is nobody's business."""
    scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(coded).decode().partition(":")[2]
    except ValueError:
        return ""


def _signed_by_svix(request: HttpRequest, secret: str) -> bool:
    """https://github.com/standard-webhooks/standard-webhooks, which Resend has by way of Svix."""
    at, name = request.headers.get("svix-timestamp", ""), request.headers.get("svix-id", "")
    try:
        within_a_day(float(at), SVIX_AGE)
    except ValueError:
        return False
    said = f"{name}.{at}.".encode() + request.body
    ours = base64.b64encode(hmac.digest(svix_key(secret), said, "sha256")).decode()
    theirs = request.headers.get("svix-signature", "").split()[:5]
    return any(_same(one, f"v1,{ours}") for one in theirs)


def _mailgun_time(request: HttpRequest) -> str:
    if request.content_type == "application/json":
        return str(json.loads(request.body)["signature"]["timestamp"])
    return str(request.POST["timestamp"])


_SIGNED_AT: dict[Provider, Callable[[HttpRequest], str]] = {
    Provider.MAILGUN: _mailgun_time,
    Provider.SENDGRID: lambda request: request.headers["X-Twilio-Email-Event-Webhook-Timestamp"],
}


# ---- django-anymail's views ---------------------------------------------------------------------

_VIEWS = {  # and how each calls its secret
    Provider.BREVO: (brevo.BrevoTrackingWebhookView, "webhook_secret"),
    Provider.MAILERSEND: (mailersend.MailerSendTrackingWebhookView, "signing_secret"),
    Provider.MAILGUN: (mailgun.MailgunTrackingWebhookView, "webhook_signing_key"),
    Provider.MAILJET: (mailjet.MailjetTrackingWebhookView, "webhook_secret"),
    Provider.MAILTRAP: (mailtrap.MailtrapTrackingWebhookView, "tracking_secret"),
    Provider.MANDRILL: (mandrill.MandrillCombinedWebhookView, "webhook_key"),
    Provider.POSTAL: (postal.PostalTrackingWebhookView, "webhook_key"),
    Provider.POSTMARK: (postmark.PostmarkTrackingWebhookView, "webhook_secret"),
    Provider.RESEND: (resend.ResendTrackingWebhookView, "webhook_secret"),
    Provider.SENDGRID: (sendgrid.SendGridTrackingWebhookView, "tracking_webhook_verification_key"),
    Provider.SPARKPOST: (sparkpost.SparkPostTrackingWebhookView, "webhook_secret"),
    Provider.UNISENDER_GO: (unisender_go.UnisenderGoTrackingWebhookView, "api_key"),
}


def _view(provider: Provider, secret: str) -> Any:
    """One for this call alone: Mandrill's keeps what sort of event it saw."""
    return copy(_made(provider, secret))


@lru_cache(maxsize=32)
def _made(provider: Provider, secret: str) -> Any:
    kind, name = _VIEWS[provider]
    extra = {}
    if provider is Provider.MANDRILL:  # signs the address that it calls
        extra = {"webhook_url": f"{settings.BASE_URL}/hooks/{provider}/"}
    with warnings.catch_warnings():  # that SendGrid can't be tested by its authors any more
        warnings.simplefilter("ignore")
        return kind(**{name: secret}, **extra)


class _Ses(amazon_ses.AmazonSESTrackingWebhookView):  # type: ignore[misc]
    """What is in the notification; its own ``__init__`` asks for Amazon's library."""

    def __init__(self) -> None:
        pass


def _by_sns(request: HttpRequest, topics: Sequence[str]) -> list[AnymailTrackingEvent]:
    from workers.feedback import sns

    try:
        said = json.loads(request.body)
        kind = said["Type"]
        sns.check(said, topics)
        if kind == "SubscriptionConfirmation":
            sns.confirm(said)
        if kind != "Notification" or said["Message"].startswith("Successfully validated SNS"):
            return []
        return ses_events(said)
    except FAULTS as problem:
        raise Unreadable(type(problem).__name__) from problem


def ses_events(said: dict[str, Any]) -> list[AnymailTrackingEvent]:
    """What a notification of SNS, that was checked, says of SES."""
    events: list[AnymailTrackingEvent] = _Ses().esp_to_anymail_events(
        json.loads(said["Message"]), said
    )
    return events
