"""Messages handed over as fields, of which the provider writes the message itself.

They are read from the very octets that SMTP would carry; django-anymail puts them as each provider
wants them, and tells what became of them.
"""

import json
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

from anymail.backends import brevo, mailersend, mailjet, mailtrap, postmark, resend, sendgrid
from anymail.message import AnymailMessage
from django.utils.datastructures import CaseInsensitiveMapping

from workers.feedback.providers import NAME, Provider
from workers.https.account import Account
from workers.https.call import Answer, Call, basic
from workers.https.reading import Read, read
from workers.outbox import Envelope

_BACKENDS: dict[Provider, tuple[Callable[..., Any], str]] = {  # and how each calls its key
    Provider.BREVO: (brevo.EmailBackend, "api_key"),
    Provider.MAILERSEND: (mailersend.EmailBackend, "api_token"),
    Provider.MAILJET: (mailjet.EmailBackend, "api_key"),
    Provider.MAILTRAP: (mailtrap.EmailBackend, "api_token"),
    Provider.POSTMARK: (postmark.EmailBackend, "server_token"),
    Provider.RESEND: (resend.EmailBackend, "api_key"),
    Provider.SENDGRID: (sendgrid.EmailBackend, "api_key"),
}

_HAVE_TRACKING = {
    Provider.MAILERSEND, Provider.MAILJET, Provider.POSTMARK, Provider.SENDGRID,
}  # fmt: skip
"""A message can tell them not to count opens and clicks; the others do as their account is set."""

_GO_ALONG = (
    "References", "Content-Language", "List-Id", "List-Unsubscribe",
    "List-Unsubscribe-Post", "List-Help", "List-Archive", "List-Owner", "Archived-At",
    "Feedback-ID", "Auto-Submitted",
)  # fmt: skip
"""Fields that every one of them takes; they write Date and MIME's own themselves."""

_OWN = {Provider.MAILJET: {"List-Id"}}
"""Fields that they write themselves, and refuse a message for."""

_KEEP_ID = {Provider.POSTMARK: {"X-PM-KeepID": "true"}, Provider.SENDGRID: {}}
"""Who keeps a Message-ID of ours, and what asks for it."""


class Payload:
    """One message as its provider's fields."""

    def __init__(self, account: Account, envelope: Envelope) -> None:
        self._backend = _backend(account)
        self._mail = _mail(account.provider, envelope)
        self._payload = self._backend.build_message_payload(self._mail, {})

    def call(self) -> Call:
        """What hands it over."""
        told = self._payload.get_request_params("")
        headers = dict(told["headers"]) | (basic(*told["auth"]) if told["auth"] else {})
        return Call(told["method"], told["url"], headers, told["data"].encode())

    def taken(self, answer: Answer) -> tuple[str, str]:
        """(what the provider says became of it, in django-anymail's words; its id of it)."""
        said = self._backend.parse_recipient_status(_Response(answer), self._payload, self._mail)
        (one,) = said.values()
        return str(one.status), str(one.message_id or answer.headers.get("x-message-id") or "")


class _Response:
    """An answer as django-anymail reads it."""

    def __init__(self, answer: Answer) -> None:
        self.status_code, self.content = answer.status, answer.body
        self.headers = CaseInsensitiveMapping({"content-type": ""} | dict(answer.headers))

    def json(self) -> Any:
        return json.loads(self.content)


@cache
def _backend(account: Account) -> Any:
    made, key = _BACKENDS[account.provider]
    more: dict[str, Any] = {}
    if account.provider is Provider.MAILJET:
        more["secret_key"] = account.secret
    elif account.provider is Provider.POSTMARK:
        more["message_stream"] = account.stream or None
    elif account.provider is Provider.SENDGRID:
        more["generate_message_id"] = False  # our tag names it
    with warnings.catch_warnings():  # that SendGrid can't be tested by its authors any more
        warnings.simplefilter("ignore")
        return made(api_url=account.base, **{key: account.key}, **more)


def _mail(provider: Provider, envelope: Envelope) -> AnymailMessage:
    said = read(envelope.message)
    mail = AnymailMessage(
        subject=said.text("Subject"),
        body=said.texts.get("text/plain", ""),
        from_email=said.mailbox("From"),
        to=[said.mailbox("To")],
        headers=_headers(provider, said),
    )
    if html := said.texts.get("text/html"):
        mail.attach_alternative(html, "text/html")
    if provider is Provider.MAILERSEND:
        mail.esp_extra = _mailersend(said)
    elif envelope.tag:
        mail.metadata = {NAME: envelope.tag.decode()}
    if provider in _HAVE_TRACKING:
        mail.track_clicks = mail.track_opens = False
    return mail


def _headers(provider: Provider, said: Read) -> dict[str, str]:
    own = _OWN.get(provider, set())
    names = [] if provider is Provider.MAILERSEND else [one for one in _GO_ALONG if one not in own]
    found = {name: said.fields[name.lower()] for name in names if name.lower() in said.fields}
    if "reply-to" in said.fields:
        found["Reply-To"] = said.mailbox("Reply-To")
    if provider in _KEEP_ID:
        found |= {"Message-ID": said.fields["message-id"], **_KEEP_ID[provider]}
    return found


def _mailersend(said: Read) -> dict[str, str]:
    """It takes other fields of the largest customers alone, and this one of many."""
    uri = said.fields.get("list-unsubscribe", "").partition(">")[0].removeprefix("<")
    return {"list_unsubscribe": uri} if uri else {}
