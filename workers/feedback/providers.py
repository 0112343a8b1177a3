"""The providers whose calls we understand, and how a message tells each of them whose it is.

Several put a Message-ID of their own in place of ours, so each message carries its delivery's
number in a field that its provider takes off, and repeats with each event. Beside the number
stands a MAC, made for this provider: no other's event can name that message.
"""

import hmac
import re
from enum import StrEnum

from digest.keyed import Keyed


class Provider(StrEnum):
    """As ``/hooks/<provider>/`` names them."""

    AMAZON_SES = "amazon_ses"  # by SNS, whose signature we check ourselves
    BREVO = "brevo"  # signs nothing: a secret in the address
    MAILERSEND = "mailersend"  # HMAC of the body
    MAILGUN = "mailgun"  # HMAC of a token and the time
    MAILJET = "mailjet"  # signs nothing
    MAILTRAP = "mailtrap"  # HMAC of the body
    MANDRILL = "mandrill"  # HMAC of address and form
    POSTAL = "postal"  # RSA over the body
    POSTMARK = "postmark"  # signs nothing
    RESEND = "resend"  # HMAC of id, time and body (Standard Webhooks)
    SENDGRID = "sendgrid"  # ECDSA over time and body
    SPARKPOST = "sparkpost"  # signs nothing
    UNISENDER_GO = "unisender_go"  # MD5 of the body with the API key in it


class Beside(StrEnum):
    """Who tells of messages beside the providers; no hook goes by this name."""

    MAIL = "mail"  # what came back, or complains, as a mail (workers/inbound/)


Teller = Provider | Beside

UNSIGNED = {Provider.BREVO, Provider.MAILJET, Provider.POSTMARK, Provider.SPARKPOST}
"""They prove themselves by a secret that stands in the address or in HTTP Basic."""

_RELAYS = {
    r"email-smtp(-fips)?\.[a-z0-9-]+\.amazonaws\.com": Provider.AMAZON_SES,
    r"smtp-relay\.(brevo|sendinblue)\.com": Provider.BREVO,
    r"smtp\.mailersend\.net": Provider.MAILERSEND,
    r"smtp(\.eu)?\.mailgun\.org": Provider.MAILGUN,
    r"in(-v3)?\.mailjet\.com": Provider.MAILJET,
    r"(live|bulk)\.smtp\.mailtrap\.io": Provider.MAILTRAP,
    r"smtp\.mandrillapp\.com": Provider.MANDRILL,
    r"smtp(-broadcasts)?\.postmarkapp\.com": Provider.POSTMARK,
    r"smtp\.resend\.com": Provider.RESEND,
    r"smtp\.sendgrid\.net": Provider.SENDGRID,
    r"smtp(\.eu)?\.sparkpostmail\.com": Provider.SPARKPOST,
    r"smtp\.go[12]\.unisender\.ru": Provider.UNISENDER_GO,
}

NAME = "digest"
"""What the delivery's tag is called among a provider's metadata."""

_FIELDS = {
    Provider.AMAZON_SES: ("X-SES-MESSAGE-TAGS", "digest={}"),
    Provider.BREVO: ("X-Mailin-custom", '{{"digest": "{}"}}'),
    Provider.MAILGUN: ("X-Mailgun-Variables", '{{"digest": "{}"}}'),
    Provider.MAILJET: ("X-MJ-EventPayload", '{{"digest": "{}"}}'),
    Provider.MAILTRAP: ("X-MT-Custom-Variables", '{{"digest": "{}"}}'),
    Provider.MANDRILL: ("X-MC-Metadata", '{{"digest": "{}"}}'),
    Provider.POSTAL: ("X-Postal-Tag", "{}"),
    Provider.POSTMARK: ("X-PM-Metadata-digest", "{}"),
    Provider.RESEND: ("X-Metadata", '{{"digest": "{}"}}'),
    Provider.SENDGRID: ("X-SMTPAPI", '{{"unique_args": {{"digest": "{}"}}}}'),
    Provider.SPARKPOST: ("X-MSYS-API", '{{"metadata": {{"digest": "{}"}}}}'),
}
"""Those that are missing take no such field by SMTP that they repeat: MailerSend and Unisender Go
are matched by the id in the relay's answer."""

_MAC = 10  # octets
_TAG = re.compile(r"([0-9a-f]{1,16})-([0-9a-f]{20})")


def provider_at(host: str) -> Provider | None:
    """Whose relay this is, by its name."""
    name = host.lower().rstrip(".")
    return next((one for shape, one in _RELAYS.items() if re.fullmatch(shape, name)), None)


def field(provider: Provider, tag: str, configuration_set: str = "") -> list[tuple[str, str]]:
    """The fields that carry the tag; none where the provider has no way."""
    fields = []
    if provider in _FIELDS:
        name, shape = _FIELDS[provider]
        fields.append((name, shape.format(tag)))
    if provider is Provider.AMAZON_SES and configuration_set:
        fields.append(("X-SES-CONFIGURATION-SET", configuration_set))
    return fields


def tag(key: Keyed, provider: Teller, delivery: int) -> str:
    """What names the delivery to this provider: at most 37 of ``0-9a-f-``."""
    return f"{delivery:x}-{_mac(key, provider, delivery)}"


def tagged(key: Keyed, provider: Teller, said: str) -> int | None:
    """The delivery that this provider's tag names, or None if it isn't one of ours."""
    found = _TAG.fullmatch(said)
    if not found:
        return None
    delivery = int(found[1], 16)
    genuine = hmac.compare_digest(_mac(key, provider, delivery), found[2])
    return delivery if genuine and delivery < 2**63 else None


def _mac(key: Keyed, provider: Teller, delivery: int) -> str:
    return key.mac(f"{provider}:{delivery}".encode())[:_MAC].hex()
