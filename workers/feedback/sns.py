"""Amazon's notifications (SNS), over which SES tells its events: whether one is true, and taken up.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html

Nothing is asked of anybody before the topic is one of ours, the call is young and both addresses in
it are Amazon's own; and then by the one door to the network, which speaks to no private address.
"""

import base64
import binascii
import datetime as dt
import re
import time
from collections import deque
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from digest.intake.fetch import NotFetched, fetch
from workers.feedback.proof import NotNow, Unproven, within_a_day
from workers.feedback.secrets import ARN

log = structlog.get_logger()

SIGNED = {
    "Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    "SubscriptionConfirmation": [
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ],
}  # fmt: skip
SIGNED["UnsubscribeConfirmation"] = SIGNED["SubscriptionConfirmation"]
"""What is signed of each type, in this order; what is not there is left out."""

HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303

A_MINUTE = 6
"""Certificates fetched in a minute at most: Amazon has one, and changes it once a year."""

_fetched: deque[float] = deque(maxlen=A_MINUTE)


def check(said: Mapping[str, Any], topics: Sequence[str]) -> None:
    """Unproven, unless Amazon says it, of one of these topics, now."""
    topic = said.get("TopicArn")
    named = ARN.fullmatch(topic) if isinstance(topic, str) and topic in topics else None
    if not named:
        raise Unproven("is of another topic")
    if said.get("Type") not in SIGNED or said.get("SignatureVersion") not in HASHES:
        raise Unproven("is of no type or version that is known")
    within_a_day(_time(said.get("Timestamp")))
    address = str(said.get("SigningCertURL"))
    if not re.fullmatch(
        rf"https://{_host(named[1])}/SimpleNotificationService-[0-9a-f]{{32}}\.pem", address
    ):
        raise Unproven("names a certificate elsewhere")
    if said["Type"] == "SubscriptionConfirmation" and not _confirms(said, named[1]):
        raise Unproven("would be confirmed elsewhere")
    _verify(said, _key(address))


def confirm(said: Mapping[str, Any]) -> None:
    """Take up a subscription that was checked; NotNow where that fails, so that it comes again."""
    try:
        answer = fetch(said["SubscribeURL"])
    except NotFetched as problem:
        raise NotNow(f"can't be confirmed: Amazon {problem}") from None
    if answer.status != 200:
        raise NotNow(f"can't be confirmed: Amazon answered {answer.status}")
    log.info("a topic of SNS is subscribed to", topic=said["TopicArn"])


def _host(region: str) -> str:
    return rf"sns\.{region}\.amazonaws\.com" + (r"\.cn" if region.startswith("cn-") else "")


def _confirms(said: Mapping[str, Any], region: str) -> bool:
    shape = rf"https://{_host(region)}/\?Action=ConfirmSubscription&[\w=&%:.~-]+"
    return bool(re.fullmatch(shape, str(said.get("SubscribeURL")), re.ASCII))


def _verify(said: Mapping[str, Any], key: rsa.RSAPublicKey) -> None:
    names = [name for name in SIGNED[said["Type"]] if said.get(name) is not None]
    text = "".join(f"{name}\n{said[name]}\n" for name in names)
    try:
        key.verify(
            base64.b64decode(str(said.get("Signature")), validate=True),
            text.encode("utf-8", "surrogatepass"),
            padding.PKCS1v15(),
            HASHES[said["SignatureVersion"]],
        )
    except (InvalidSignature, binascii.Error, ValueError):
        raise Unproven("is not signed by Amazon") from None


@lru_cache(maxsize=8)
def _key(address: str) -> rsa.RSAPublicKey:
    """Of a certificate at Amazon; what can't be had is asked for again by the next call."""
    now = time.monotonic()
    if len(_fetched) == A_MINUTE and now - _fetched[0] < 60:
        raise NotNow("names yet another certificate; too many were asked for in this minute")
    _fetched.append(now)
    try:
        answer = fetch(address)
    except NotFetched as problem:
        raise NotNow(f"can't be checked: the certificate's address {problem}") from None
    if answer.status != 200 or answer.url != address:
        raise NotNow("can't be checked: its certificate is not there")
    return _read(answer.body)


def _read(pem: bytes) -> rsa.RSAPublicKey:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise NotNow("can't be checked: what is there is no certificate") from None
    key = certificate.public_key()
    now = dt.datetime.now(dt.UTC)
    young = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    if not young or not isinstance(key, rsa.RSAPublicKey):
        raise NotNow("can't be checked: its certificate is not valid today")
    return key


def _time(said: object) -> float:
    try:
        return dt.datetime.fromisoformat(str(said)).timestamp()
    except (ValueError, OverflowError):
        raise Unproven("has no time") from None
