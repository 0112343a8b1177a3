"""What proves a provider's calls, from the setting ``HOOKS``.  Pure."""

import base64
import binascii
import re

from cryptography.hazmat.primitives import serialization

from workers.feedback.providers import UNSIGNED, Provider

SHORTEST = 16
"""Letters of a secret in an address: guessing is all that stands between."""

ARN = re.compile(
    r"arn:aws(?:-cn|-us-gov)?:sns:([a-z]{2}(?:-[a-z]+)+-\d):\d{6,16}:[\w-]{1,256}", re.ASCII
)

_KEYS = {Provider.POSTAL, Provider.SENDGRID}


def secrets(text: str) -> dict[str, tuple[str, ...]]:
    """Provider → what proves its calls; ValueError in words, which never tells a secret."""
    found: dict[str, tuple[str, ...]] = {}
    for word in text.split():
        name, _, secret = word.partition("=")
        if name not in list(Provider):
            raise ValueError(f"names none of {', '.join(Provider)}")
        if why := _unfit(Provider(name), secret):
            raise ValueError(f"has for {name} {why}")
        found[name] = (*found.get(name, ()), secret)
    return found


def _unfit(provider: Provider, secret: str) -> str:
    if provider is Provider.AMAZON_SES:
        return "" if ARN.fullmatch(secret) else "no ARN of an SNS topic"
    if provider in _KEYS:
        return "" if _is_public_key(secret) else "no public key (base64, without its first line)"
    if provider is Provider.RESEND:
        return "" if svix_key(secret) else "no signing secret (whsec_…)"
    if provider in UNSIGNED and not re.fullmatch(rf"[\w-]{{{SHORTEST},200}}", secret, re.ASCII):
        return f"no secret of {SHORTEST} or more letters and digits"
    return "" if secret.isascii() and secret else "no secret"


def svix_key(secret: str) -> bytes:
    """The key behind ``whsec_``; empty where there is none."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _is_public_key(text: str) -> bool:
    try:
        serialization.load_der_public_key(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False
    return True
