"""Calls as providers make them, signed with keys of the tests' own."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import time
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from django.conf import settings

from workers.feedback import sns
from workers.feedback.providers import UNSIGNED, Provider

SECRET = "a-secret-of-the-tests"
ARN = "arn:aws:sns:eu-west-1:123456789012:digest"
CERTIFICATE = (
    "https://sns.eu-west-1.amazonaws.com/"
    "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
)
FORM = "application/x-www-form-urlencoded"


class Call(NamedTuple):
    """A call as the test client posts it."""

    path: str
    body: bytes
    headers: dict[str, str]
    kind: str = "application/json"


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """Amazon's, and Postal's."""
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    """SendGrid's."""
    return ec.generate_private_key(ec.SECP256R1())


def public(key: Any) -> str:
    """As its setting has it."""
    coded = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(coded).decode()


def secret_of(provider: Provider) -> str:
    """What HOOKS says of the provider."""
    if provider is Provider.AMAZON_SES:
        return ARN
    if provider is Provider.POSTAL:
        return public(rsa_key())
    if provider is Provider.SENDGRID:
        return public(ec_key())
    if provider is Provider.RESEND:
        return "whsec_" + base64.b64encode(SECRET.encode()).decode()
    return SECRET


def delivered(provider: Provider, tag: str, to: str, answered: str = "") -> bytes:
    """What this provider says of a message that arrived: the body, before it is signed."""
    return json.dumps(_DELIVERED[provider](tag, to, answered)).encode()


_DELIVERED: dict[Provider, Any] = {
    Provider.AMAZON_SES: lambda tag, to, _: {
        "eventType": "Delivery",
        "mail": {"messageId": "0102-x", "destination": [to], "tags": {"digest": [tag]}},
        "delivery": {"recipients": [to], "smtpResponse": "250 ok"},
    },
    Provider.BREVO: lambda tag, to, _: {
        "event": "delivered", "email": to, "ts_epoch": 1795337575000, "message-id": "<1@x>",
        "X-Mailin-custom": json.dumps({"digest": tag}),
    },
    Provider.MAILERSEND: lambda _tag, to, answered: {
        "type": "activity.delivered",
        "data": {
            "id": "63fd1c1f", "type": "delivered", "created_at": "2026-11-20T09:30:00Z",
            "email": {"message": {"id": answered}, "recipient": {"email": to}},
        },
    },
    Provider.MAILGUN: lambda tag, to, _: {
        "event-data": {
            "event": "delivered", "id": "e1", "recipient": to, "timestamp": 1795337575.5,
            "user-variables": {"digest": tag}, "message": {"headers": {"message-id": "1@x"}},
        }
    },
    Provider.MAILJET: lambda tag, to, _: [
        {"event": "sent", "time": 1795337575, "MessageID": 12345678901234567, "email": to,
         "Payload": json.dumps({"digest": tag})}
    ],
    Provider.MAILTRAP: lambda tag, to, _: {
        "events": [{"event": "delivery", "timestamp": 1795337575, "message_id": "1df37d17",
                    "email": to, "event_id": "e1", "custom_variables": {"digest": tag}}]
    },
    Provider.MANDRILL: lambda tag, to, _: [
        {"event": "hard_bounce", "ts": 1795337575, "_id": "m1",
         "msg": {"email": to, "metadata": {"digest": tag}, "diag": "smtp;550 5.7.1 no"}}
    ],
    Provider.POSTAL: lambda tag, to, _: {
        "event": "MessageSent", "timestamp": 1795337575.5, "uuid": "u1",
        "payload": {"status": "Sent", "details": "ok", "output": "250 ok",
                    "message": {"id": 12345, "to": to, "tag": tag, "direction": "outgoing"}},
    },
    Provider.POSTMARK: lambda tag, to, _: {
        "RecordType": "Delivery", "MessageID": "883953f4", "Recipient": to,
        "DeliveredAt": "2026-11-20T09:30:00Z", "Metadata": {"digest": tag},
    },
    Provider.RESEND: lambda tag, to, _: {
        "type": "email.delivered", "created_at": "2026-11-20T09:30:00Z",
        "data": {"email_id": "56761188", "to": [to],
                 "headers": [{"name": "X-Metadata", "value": json.dumps({"digest": tag})}]},
    },
    Provider.SENDGRID: lambda tag, to, _: [
        {"event": "delivered", "email": to, "timestamp": 1795337575, "sg_event_id": "e1",
         "smtp-id": "<1@x>", "response": "250 ok", "digest": tag}
    ],
    Provider.SPARKPOST: lambda tag, to, _: [
        {"msys": {"message_event": {"type": "delivery", "event_id": "e1", "raw_rcpt_to": to,
                                    "timestamp": "1795337575", "rcpt_meta": {"digest": tag}}}}
    ],
    Provider.UNISENDER_GO: lambda _tag, to, answered: {
        "event_name": "transactional_email_status", "job_id": answered, "email": to,
        "status": "delivered", "event_time": "2026-11-20 09:30:00",
    },
}  # fmt: skip


def signed(provider: Provider, said: bytes, at: float | None = None) -> Call:
    """This body as the provider would send it now, or then."""
    at = time.time() if at is None else at
    path, name = f"/hooks/{provider}/", provider
    if name in UNSIGNED:
        return Call(f"{path}{SECRET}/", said, {})
    if name is Provider.AMAZON_SES:
        return notified("Notification", at, Message=said.decode())
    if name is Provider.MAILERSEND:
        return Call(path, said, {"Signature": _hex(said)})
    if name is Provider.MAILTRAP:
        return Call(path, said, {"Mailtrap-Signature": _hex(said)})
    if name is Provider.MAILGUN:
        stamp, token = str(int(at)), "t" * 50
        signature = {
            "timestamp": stamp,
            "token": token,
            "signature": _hex(f"{stamp}{token}".encode()),
        }
        return Call(path, json.dumps({"signature": signature, **json.loads(said)}).encode(), {})
    if name is Provider.MANDRILL:
        text = f"{settings.BASE_URL}{path}mandrill_events{said.decode()}"
        mac = base64.b64encode(hmac.digest(SECRET.encode(), text.encode(), "sha1")).decode()
        body = urlencode({"mandrill_events": said.decode()}).encode()
        return Call(path, body, {"X-Mandrill-Signature": mac}, FORM)
    if name is Provider.POSTAL:
        signature_ = rsa_key().sign(said, padding.PKCS1v15(), hashes.SHA1())
        return Call(path, said, {"X-Postal-Signature": base64.b64encode(signature_).decode()})
    if name is Provider.RESEND:
        mac = hmac.digest(SECRET.encode(), f"msg_1.{int(at)}.".encode() + said, "sha256")
        return Call(path, said, {
            "svix-id": "msg_1", "svix-timestamp": str(int(at)),
            "svix-signature": f"v1,bm8= v1,{base64.b64encode(mac).decode()}",
        })  # fmt: skip
    if name is Provider.SENDGRID:
        mac = ec_key().sign(str(int(at)).encode() + said, ec.ECDSA(hashes.SHA256()))
        return Call(path, said, {
            "X-Twilio-Email-Event-Webhook-Timestamp": str(int(at)),
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(mac).decode(),
        })  # fmt: skip
    open_ = json.dumps({**json.loads(said), "auth": "AUTH"}).encode()
    md5 = hashlib.md5(open_.replace(b"AUTH", SECRET.encode()), usedforsecurity=False).hexdigest()
    return Call(path, open_.replace(b"AUTH", md5.encode()), {})


def notified(kind: str, at: float | None = None, version: str = "2", **said: Any) -> Call:
    """A notification of SNS; what is said replaces the plain parts before they are signed."""
    when = dt.datetime.fromtimestamp(time.time() if at is None else at, dt.UTC)
    plain = {
        "Type": kind, "MessageId": "m1", "TopicArn": ARN, "Message": "{}", "Token": "t0",
        "SubscribeURL": f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={ARN}&Token=t0",
        "Timestamp": f"{when:%Y-%m-%dT%H:%M:%S.000Z}", "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE,
    } | said  # fmt: skip
    if kind == "Notification":
        del plain["SubscribeURL"], plain["Token"]
    text = "".join(f"{name}\n{plain[name]}\n" for name in sns.SIGNED[kind] if name in plain)
    chosen = sns.HASHES.get(version, hashes.SHA256())
    signature = rsa_key().sign(text.encode(), padding.PKCS1v15(), chosen)
    plain["Signature"] = base64.b64encode(signature).decode()
    return Call("/hooks/amazon_ses/", json.dumps(plain).encode(), {}, "text/plain; charset=UTF-8")


def certificate(days: float = 30) -> bytes:
    """Amazon's, as PEM, which holds for so many days."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(rsa_key().public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=60))
        .not_valid_after(now + dt.timedelta(days=days))
        .sign(rsa_key(), hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


def _hex(said: bytes) -> str:
    return hmac.new(SECRET.encode(), said, "sha256").hexdigest()
