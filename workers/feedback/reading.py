"""What a provider's event says, from django-anymail's reading of it and what that leaves open.

Anymail tells what happened; whether a bounce is for good, by which code, and which of the names in
it is ours stands in the provider's own words, one small function each.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from anymail.signals import AnymailTrackingEvent, EventType
from django.utils import timezone

from workers.feedback.events import Event, code_in
from workers.feedback.models import Kind
from workers.feedback.providers import NAME, Provider
from workers.said import printable

_KINDS = {
    EventType.DELIVERED: Kind.DELIVERED,
    EventType.BOUNCED: Kind.SOFT,  # until the provider's own words say that it is for good
    EventType.REJECTED: Kind.DROPPED,
    EventType.FAILED: Kind.DROPPED,
    EventType.COMPLAINED: Kind.COMPLAINED,
    EventType.UNSUBSCRIBED: Kind.UNSUBSCRIBED,
}
"""All others are no outcome: on its way, tried again later, opened, clicked."""

_LETTERS = 500
_EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


class Bounce(NamedTuple):
    """How a provider puts it."""

    kind: Kind
    code: str = ""  # as the provider tells it by itself
    else_code: str = ""  # what its words for it amount to, where nobody tells a code


Said = Mapping[str, Any]
"""The provider's own event."""


def read(provider: Provider, told: Iterable[AnymailTrackingEvent]) -> list[Event]:
    """The events that say what became of a message."""
    return [
        _event(provider, one)
        for one in told
        if isinstance(one, AnymailTrackingEvent) and one.event_type in _KINDS
    ]


def _event(provider: Provider, one: AnymailTrackingEvent) -> Event:
    told = _text(one.mta_response) or _text(one.description)
    words = printable(" ".join(told.split()))
    bounce = _bounce(provider, one)
    message_id = _text(one.message_id)
    return Event(
        kind=bounce.kind,
        provider=provider,
        at=_time(one.timestamp),
        id=_id(provider, one),
        tags=tuple(_tags(provider, one)),
        message_id=_ours(one.esp_event) if provider is Provider.AMAZON_SES else message_id,
        provider_id=message_id,
        recipient=_text(one.recipient),
        code=_text(bounce.code) or code_in(words) or bounce.else_code,
        words=words,
    )


def _bounce(provider: Provider, one: AnymailTrackingEvent) -> Bounce:
    kind = _KINDS[one.event_type]
    look = _BOUNCES.get(provider)
    if look and kind in {Kind.SOFT, Kind.DROPPED, Kind.COMPLAINED}:
        return look(one.esp_event, one) or Bounce(kind)
    return Bounce(kind)


def _hard_if(hard: object, code: object = "", else_code: str = "") -> Bounce:
    return Bounce(Kind.HARD if hard else Kind.SOFT, _text(code), else_code)


# ---- each provider's way ------------------------------------------------------------------------


def _amazon_ses(said: Said, one: AnymailTrackingEvent) -> Bounce | None:
    bounce, complaint = said.get("bounce"), said.get("complaint")
    if complaint and complaint.get("complaintSubType") == "OnAccountSuppressionList":
        return Bounce(Kind.DROPPED)  # nobody has complained anew: it was never sent
    if not bounce:
        return None
    if bounce.get("bounceSubType") in {"Suppressed", "OnAccountSuppressionList"}:
        return Bounce(Kind.DROPPED)
    codes = {
        each.get("emailAddress"): each.get("status", "") for each in bounce["bouncedRecipients"]
    }
    nobody = "5.1.1" if bounce.get("bounceSubType") == "NoEmail" else ""
    return _hard_if(bounce.get("bounceType") == "Permanent", codes.get(one.recipient), nobody)


def _brevo(said: Said, _one: AnymailTrackingEvent) -> Bounce | None:
    if said.get("event") == "invalid_email":
        return Bounce(Kind.HARD, else_code="5.1.3")
    return Bounce(Kind.HARD) if said.get("event") == "hard_bounce" else None


def _mailersend(said: Said, _one: AnymailTrackingEvent) -> Bounce | None:
    return Bounce(Kind.HARD) if said["data"].get("type") == "hard_bounced" else None


def _mailgun(said: Said, one: AnymailTrackingEvent) -> Bounce | None:
    if one.event_type != EventType.BOUNCED:
        return None
    event = said.get("event-data")
    if event is None:  # a legacy call, which tells only of bounces for good
        return Bounce(Kind.HARD)
    if str(event.get("reason", "")).startswith("suppress-"):
        return Bounce(Kind.DROPPED)
    status = event.get("delivery-status") or {}
    return _hard_if(event.get("reason") in {"bounce", None}, status.get("enhanced-code"))


_MAILJET = {
    "user unknown": "5.1.1", "mailbox inactive": "5.2.1", "invalid domain": "5.1.2",
    "no mail host": "5.1.2",
}  # fmt: skip


def _mailjet(said: Said, one: AnymailTrackingEvent) -> Bounce | None:
    if one.event_type != EventType.BOUNCED:
        return None
    return _hard_if(said.get("hard_bounce"), else_code=_MAILJET.get(str(said.get("error")), ""))


def _mailtrap(_said: Said, one: AnymailTrackingEvent) -> Bounce | None:
    # What it calls a soft bounce is tried again, and no bounce.
    return Bounce(Kind.HARD) if one.event_type == EventType.BOUNCED else None


_MANDRILL = {"bad_mailbox": "5.1.1", "invalid_domain": "5.1.2"}


def _mandrill(said: Said, one: AnymailTrackingEvent) -> Bounce | None:
    if one.event_type != EventType.BOUNCED:
        return None
    why = str((said.get("msg") or {}).get("bounce_description", ""))
    return _hard_if(said.get("event") == "hard_bounce", else_code=_MANDRILL.get(why, ""))


def _postal(_said: Said, one: AnymailTrackingEvent) -> Bounce | None:
    # "HardFail", which anymail calls failed: the reader's server refused it for good.
    return Bounce(Kind.HARD) if one.event_type == EventType.FAILED else None


def _postmark(said: Said, _one: AnymailTrackingEvent) -> Bounce | None:
    if said.get("Type") == "SpamNotification":
        # A server took it for spam; no reader has complained.
        return Bounce(Kind.HARD, else_code="5.7.1")
    return Bounce(Kind.HARD) if said.get("Type") == "HardBounce" else None


def _resend(said: Said, one: AnymailTrackingEvent) -> Bounce | None:
    if one.event_type != EventType.BOUNCED:
        return None
    bounce = said["data"].get("bounce") or {}
    if bounce.get("subType") in {"Suppressed", "OnAccountSuppressionList"}:
        return Bounce(Kind.DROPPED)
    nobody = "5.1.1" if bounce.get("subType") == "NoEmail" else ""
    return _hard_if(bounce.get("type") == "Permanent", else_code=nobody)


def _sendgrid(said: Said, one: AnymailTrackingEvent) -> Bounce | None:
    if one.event_type != EventType.BOUNCED:
        return None
    return _hard_if(said.get("type", "bounce") == "bounce", said.get("status"))


def _sparkpost(said: Said, one: AnymailTrackingEvent) -> Bounce | None:
    if one.event_type != EventType.BOUNCED:
        return None
    (event,) = said["msys"].values()
    group = str(event.get("bounce_class"))
    return _hard_if(group in {"10", "30", "90"}, else_code="5.1.1" if group == "10" else "")


_UNISENDER = {
    "err_user_unknown": "5.1.1", "err_user_inactive": "5.2.1", "err_domain_inactive": "5.1.2",
    "err_spam_rejected": "5.7.1", "err_blacklisted": "5.7.1",
}  # fmt: skip


def _unisender_go(said: Said, one: AnymailTrackingEvent) -> Bounce | None:
    if one.event_type != EventType.BOUNCED:
        return None
    why = str((said.get("delivery_info") or {}).get("delivery_status", ""))
    if why in {"err_unsubscribed", "err_skip_letter", "err_spam_skipped"}:
        return Bounce(Kind.DROPPED)
    return Bounce(Kind.HARD, else_code=_UNISENDER.get(why, ""))


_BOUNCES: dict[Provider, Callable[[Said, AnymailTrackingEvent], Bounce | None]] = {
    Provider.AMAZON_SES: _amazon_ses,
    Provider.BREVO: _brevo,
    Provider.MAILERSEND: _mailersend,
    Provider.MAILGUN: _mailgun,
    Provider.MAILJET: _mailjet,
    Provider.MAILTRAP: _mailtrap,
    Provider.MANDRILL: _mandrill,
    Provider.POSTAL: _postal,
    Provider.POSTMARK: _postmark,
    Provider.RESEND: _resend,
    Provider.SENDGRID: _sendgrid,
    Provider.SPARKPOST: _sparkpost,
    Provider.UNISENDER_GO: _unisender_go,
}


# ---- names --------------------------------------------------------------------------------------


def _tags(provider: Provider, one: AnymailTrackingEvent) -> list[str]:
    metadata = one.metadata if isinstance(one.metadata, dict) else {}
    told = [metadata.get(NAME)]
    if provider is Provider.POSTAL:
        told += one.tags or []
    elif provider is Provider.AMAZON_SES:
        told += ((one.esp_event.get("mail") or {}).get("tags") or {}).get(NAME, [])
    return [tag for tag in map(_text, told) if tag]


def _ours(said: Said) -> str:
    """The Message-ID as we wrote it, which SES replaces and repeats among the headers."""
    headers = (said.get("mail") or {}).get("headers") or []
    values = (each["value"] for each in headers if each["name"].lower() == "message-id")
    return _text(next(values, ""))


def _id(provider: Provider, one: AnymailTrackingEvent) -> str:
    if provider is Provider.MAILGUN:
        # Not the signature's token: that may be another when the same is told again.
        return _text((one.esp_event.get("event-data") or {}).get("id") or one.event_id)
    return _text(one.event_id)


_UNKEPT = re.compile("[\x00\ud800-\udfff]")


def _text(value: object) -> str:
    """As the database can keep it, and not longer than anybody means."""
    return _UNKEPT.sub("", str(value))[:_LETTERS] if value is not None else ""


def _time(at: dt.datetime | None) -> dt.datetime | None:
    """None, too, where it can't be meant."""
    if at is None or at.tzinfo is None:
        return None
    return at if _EARLIEST < at < timezone.now() + dt.timedelta(days=1) else None
