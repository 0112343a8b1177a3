"""Where mail is handed over: a relay by SMTP, or a provider's API by HTTPS."""

from workers.https.account import Account, is_api
from workers.relay import Relay

Where = Relay | Account


def where(url: str) -> Where:
    """What this address names; ValueError in words, which never show it."""
    return Account.from_url(url) if is_api(url) else Relay.from_url(url)
