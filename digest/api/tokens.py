"""Tokens for the API: made, recognised, revoked.

A token is 256 random bits, so its SHA-256 alone is kept, and no slow hash is needed: there is
nothing to guess.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from digest.audit import audit
from digest.errors import NotFound, Refused

MARK = "digest_"
"""What a token begins with, so that whoever finds one in a log or a repository knows it."""


class Scope(models.TextChoices):
    """What the holder of an API token may do."""

    READ = "briefings:read", "Read briefings"  # see topics and briefings, also unsent ones
    WRITE = "briefings:write", "Write briefings"  # load, correct and withdraw them
    SEE_PEOPLE = "subscribers:read", "Read subscribers"  # one at a time, by address
    SIGN_UP = "subscribers:write", "Sign people up"  # they are asked by mail; and unsubscribe them
    # Beside subscribers:write: confirmed at once, where they agreed elsewhere.
    VOUCH = "subscribers:vouch", "Vouch for subscribers"


class ApiToken(models.Model):
    """Lets a program in at the API.  The token itself is shown once and never kept."""

    name = models.CharField(max_length=100, unique=True, help_text="Who holds it.")
    hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token, in hex.")
    scopes = models.JSONField(help_text="Scope values.")
    made_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


@transaction.atomic
def make(name: str, scopes: Sequence[str], by: str) -> str:
    """A new token of this name; this is the only time that it is seen."""
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise Refused("A token's name is one line of 1 to 100 characters; nothing was made.")
    unknown = [scope for scope in scopes if scope not in Scope.values]
    if unknown or not scopes:
        raise Refused(f"Scopes are {', '.join(Scope.values)}; nothing was made.")
    if ApiToken.objects.filter(name=name).exists():
        raise Refused(f"There is a token {name!r} already; nothing was made. Choose another name.")
    token = MARK + secrets.token_urlsafe(32)
    ApiToken.objects.create(name=name, hash=_hash(token), scopes=sorted(set(scopes)))
    audit(by, "made token", name, scopes=sorted(set(scopes)))
    return token


@transaction.atomic
def revoke(name: str, by: str) -> None:
    """From now on the token of this name lets nobody in."""
    if not ApiToken.objects.filter(name=name, revoked_at=None).update(revoked_at=timezone.now()):
        raise NotFound(f"There is no valid token {name!r}; nothing was changed.")
    audit(by, "revoked token", name)


def holder(token: str) -> ApiToken | None:
    """Whose token this is; None for one that is unknown or revoked."""
    found = ApiToken.objects.filter(hash=_hash(token), revoked_at=None).first()
    if found is not None:
        _seen(found)
    return found


def _seen(found: ApiToken) -> None:
    """Note when it was last used, by the minute: a write for each call would be too many."""
    now = timezone.now()
    long_ago = Q(used_at=None) | Q(used_at__lt=now - dt.timedelta(minutes=1))
    ApiToken.objects.filter(long_ago, pk=found.pk).update(used_at=now)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
