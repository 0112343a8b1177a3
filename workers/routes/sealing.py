"""A route's address, which holds a password: encrypted in the database, shown nowhere.

In the database, since workers on several machines share that and SECRET_KEY and nothing else;
encrypted by a key made from SECRET_KEY, so that a dump or a backup of it lets nobody in.
"""

import base64
from functools import cache

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from digest.errors import Refused
from digest.keyed import Keyed


def seal(url: str) -> str:
    """What may stand in the database."""
    return _lock().encrypt(url.encode()).decode()


def unseal(sealed: str) -> str:
    """The address; Refused where it was sealed by another key."""
    try:
        return _lock().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Refused(
            "The route's address can't be read: it was kept under another SECRET_KEY. Nothing was "
            "sent by it. Give it anew: digest route set NAME --url -"
        ) from None


def _lock() -> Fernet:
    return _made(settings.SECRET_KEY)


@cache
def _made(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(Keyed(secret, "workers.routes").mac(b"address")))
