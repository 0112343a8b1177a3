"""Tells ops of alerts: by mail, straight to a relay, and by a signed webhook.

Neither waits for the ledger, a worker or the broker: what is broken must not keep its own news.
Each alert is told once when it is raised and once when it is over, by each of the two; what fails
is tried again with the next look.
"""

import base64
import hashlib
import hmac
import json
import smtplib
from collections.abc import Callable, Sequence
from email import policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from typing import Any, NamedTuple

import httpcore
import structlog
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from workers.https.account import Account
from workers.outbox import Envelope
from workers.relay import Relay, Security
from workers.watch.advice import ADVICE
from workers.watch.alert import Alert, AlertKind, News
from workers.where import where

log = structlog.get_logger()

PATIENCE = 10.0
"""Seconds for which a relay or a webhook is waited for, at each step."""


class NotTold(Exception):
    """A channel did not take it; the text says why, without secrets."""


class Channel(NamedTuple):
    """A way to ops."""

    name: str
    mark: str  # the column that keeps what it told last
    is_set: Callable[[], bool]
    send: Callable[[Sequence[Alert]], None]


def tell() -> str:
    """Tell what has not been told yet; what went wrong with that, in words, or ""."""
    return " ".join(filter(None, (_tell_by(channel) for channel in CHANNELS)))


def _tell_by(channel: Channel) -> str:
    """What is new to it; where it isn't set, that counts as told, and is no news once it is."""
    up_to_date = Q(resolved_at=None, **{channel.mark: News.RAISED}) | Q(
        resolved_at__isnull=False, **{channel.mark: News.OVER}
    )
    new = list(Alert.objects.exclude(raised_at=None).exclude(up_to_date).order_by("id"))
    trouble = send_by(channel, new) if new else ""
    for alert in new if not trouble else ():
        Alert.objects.filter(pk=alert.pk).update(**{channel.mark: alert.news})
    return trouble


def send_by(channel: Channel, alerts: Sequence[Alert]) -> str:
    """Hand them over; why that failed, in words, or ""."""
    try:
        if channel.is_set():
            channel.send(alerts)
    except NotTold as problem:
        log.warning("alert not told", by=channel.name, why=str(problem))
        return f"The last {channel.name} could not be handed over: {problem}."
    return ""


def tell_at_once(alert: Alert) -> None:
    """One that has no row, since the database is away."""
    for channel in CHANNELS:
        send_by(channel, [alert])


def a_test(by: str) -> Alert:
    """What is sent to see that a channel works."""
    now = timezone.now()
    words = f"This is a test that {by} asked for. Nothing is wrong."
    return Alert(kind="test", words=words, since=now, seen_at=now, raised_at=now)


# ---- mail ------------------------------------------------------------------------------


def _mail(alerts: Sequence[Alert]) -> None:
    """All in one mail, by a relay of its own where ALERT_SMTP_URL names one."""
    relay = where(settings.ALERT_SMTP_URL)
    if isinstance(relay, Account):
        _mail_by_api(relay, alerts)
        return
    try:
        with _connected(relay) as server:
            if relay.user:
                server.login(relay.user, relay.password)
            server.send_message(_message(alerts), parseaddr(settings.FROM_ADDRESS)[1])
    except (OSError, smtplib.SMTPException) as problem:
        why = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
        raise NotTold(f"{relay} says: {why}") from problem


def _mail_by_api(account: Account, alerts: Sequence[Alert]) -> None:
    """One message for each of them, as such providers want it."""
    from workers.https import letter  # a quarter of a second, which others need not wait

    message, sender = _message(alerts), parseaddr(settings.FROM_ADDRESS)[1].encode()
    envelopes = []
    for number, address in enumerate(settings.ALERT_MAIL):
        message.replace_header("To", address)
        written = message.as_bytes(policy=policy.SMTP)
        envelopes.append(Envelope(number, sender, address.encode(), written))
    if trouble := letter.send(account, envelopes, PATIENCE):
        raise NotTold(f"{account} says: {trouble}")


def _connected(relay: Relay) -> smtplib.SMTP:
    if relay.security is Security.IMPLICIT:
        return smtplib.SMTP_SSL(
            relay.host, relay.port, timeout=PATIENCE, context=relay.tls_context()
        )
    server = smtplib.SMTP(relay.host, relay.port, timeout=PATIENCE)
    if relay.security is Security.STARTTLS:
        server.starttls(context=relay.tls_context())
    return server


def _message(alerts: Sequence[Alert]) -> EmailMessage:
    message = EmailMessage()
    more = f", and {len(alerts) - 1} more" if len(alerts) > 1 else ""
    message["Subject"] = f"[Digest] {_head(alerts[0])}{more}"
    message["From"] = settings.FROM_ADDRESS
    message["To"] = ", ".join(settings.ALERT_MAIL)
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=parseaddr(settings.FROM_ADDRESS)[1].partition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic reply, please
    message.set_content("\n\n".join([*map(_paragraph, alerts), f"All alerts: {_page()}"]) + "\n")
    return message


def _head(alert: Alert) -> str:
    return f"Over: {alert.label}" if alert.resolved_at else alert.label


def _paragraph(alert: Alert) -> str:
    lines = [_head(alert), alert.words, f"Since {alert.since:%d %B %Y %H:%M:%S %Z}."]
    if alert.resolved_at:
        lines.append(f"Over since {alert.resolved_at:%d %B %Y %H:%M:%S %Z}.")
    elif mend := _mend(alert):
        lines += [f"What to do: {mend}", f"More: docs/operations.md#{alert.kind}"]
    return "\n".join(lines)


def _mend(alert: Alert) -> str:
    return ADVICE[AlertKind(alert.kind)].mend if alert.kind in AlertKind.values else ""


def _page() -> str:
    return f"{settings.BASE_URL}/queue/alerts/"


# ---- webhook ---------------------------------------------------------------------------


def _post(alerts: Sequence[Alert]) -> None:
    for alert in alerts:
        _post_one(alert)


def _post_one(alert: Alert) -> None:
    """Signed by the Standard Webhooks rules; its id is the same each time it is tried."""
    sent_at = timezone.now()
    number = f"alert-{alert.pk or f'{alert.since.timestamp():.0f}'}-{alert.news}"
    body = json.dumps(_said(alert, sent_at.isoformat()), ensure_ascii=False).encode()
    stamp = str(int(sent_at.timestamp()))
    headers: dict[bytes | str, bytes | str] = {
        "Content-Type": "application/json",
        "User-Agent": "Digest",
        "webhook-id": number,
        "webhook-timestamp": stamp,
        "webhook-signature": signature(settings.ALERT_WEBHOOK_SECRET, number, stamp, body),
    }
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), PATIENCE)
    try:
        answer = httpcore.request(
            "POST",
            settings.ALERT_WEBHOOK_URL,
            headers=headers,
            content=body,
            extensions={"timeout": timeout},
        )
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as problem:
        raise NotTold(f"it does not answer ({type(problem).__name__})") from problem
    if not 200 <= answer.status < 300:
        raise NotTold(f"it answers {answer.status}")


def signature(secret: str, number: str, stamp: str, body: bytes) -> str:
    """``webhook-signature`` as standardwebhooks.com says: HMAC-SHA256 of "id.timestamp.body".

    The key is the secret as it stands, or what follows ``whsec_`` as base64.
    """
    told, marked, coded = secret.partition("whsec_")
    key = base64.b64decode(coded) if marked and not told else secret.encode()
    made = hmac.new(key, f"{number}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


def _said(alert: Alert, sent_at: str) -> dict[str, Any]:
    return {
        "type": f"alert.{alert.news}",
        "timestamp": sent_at,
        "data": {
            "kind": alert.kind,
            "about": alert.about,
            "title": alert.label,
            "words": alert.words,
            "since": alert.since.isoformat(),
            "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
            "what_to_do": _mend(alert),
            "runbook": f"docs/operations.md#{alert.kind}",
            "page": _page(),
        },
    }


CHANNELS = (
    Channel("mail", "mailed", lambda: bool(settings.ALERT_MAIL), _mail),
    Channel("webhook", "posted", lambda: bool(settings.ALERT_WEBHOOK_URL), _post),
)
