"""The database at the start of a command: brought up to date, or refused in words."""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, Error, InterfaceError, OperationalError, connection, models
from django.db.migrations.loader import MigrationLoader

from digest.errors import Refused, Unreachable

_OWN = {"digest", "subscribers", "workers"}
_LOCK = 0x4449_4745  # "DIGE": the advisory lock under which one process migrates


class Installation(models.Model):
    """What belongs to the database as a whole: one row."""

    key_fingerprint = models.CharField(
        max_length=64, help_text="Of the SECRET_KEY that signed the links in mails already sent."
    )
    moved_to = models.TextField(
        blank=True, default="", help_text="Where all of it went, and when: it is used no more."
    )

    def __str__(self) -> str:
        return self.key_fingerprint[:12]


def bring_up_to_date() -> None:
    """Migrate an embedded or empty database; refuse one that is newer, or older and shared.

    Raises Refused in words, Unreachable when the server can't be reached.
    """
    _refuse_another_users()
    behind, empty = _standing()
    if behind:
        if not (settings.DATABASE_IS_EMBEDDED or empty):
            raise Refused(
                "The database is older than this program; nothing was changed. Back it up, then "
                "run: digest migrate"
            )
        migrate()
    refuse_another_key()


def refuse_another_key() -> None:
    """Refuse a SECRET_KEY other than the one that this database was first used with, and a database
    that was moved elsewhere.

    Links in mails already sent, and those that other machines send, would stop working; what went
    out since would go out again.
    """
    mine = fingerprint(settings.SECRET_KEY)
    kept, _ = Installation.objects.get_or_create(pk=1, defaults={"key_fingerprint": mine})
    if kept.key_fingerprint != mine:
        raise Refused(
            "This database was used with another SECRET_KEY; nothing was started. Set the same "
            f"SECRET_KEY everywhere (without one it is read from {settings.DATA_DIR}/secret-key)."
        )
    if kept.moved_to:
        raise Refused(
            f"This database was moved to {kept.moved_to}; nothing was started. Set DATABASE_URL to "
            "that one; or, to go on with this one after all: digest move --stay"
        )


def fingerprint(key: str) -> str:
    """By which a key is known again, and which doesn't give it away."""
    return hashlib.sha256(b"fingerprint:" + key.encode()).hexdigest()


def migrate() -> None:
    """Bring the database up to date under a lock, so that two starts at once do it once."""
    with _lock():
        if _standing()[0]:
            call_command("migrate", verbosity=0, interactive=False)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turn the database's own errors into words and the status for "can't be reached"."""
    try:
        yield
    except (OperationalError, InterfaceError) as problem:
        where = settings.DATABASES["default"]
        place = (
            where["NAME"]
            if settings.DATABASE_IS_EMBEDDED
            else (f"{where['HOST'] or 'localhost'}:{where['PORT'] or 5432}/{where['NAME']}")
        )
        reason = str(problem).strip().splitlines()[0] if str(problem).strip() else "no answer"
        mend = (
            "see that the file is whole and may be written, or name another DATA_DIR"
            if settings.DATABASE_IS_EMBEDDED
            else "start the server or mend DATABASE_URL"
        )
        raise Unreachable(
            f"The database at {place} can't be used: {reason}. What was committed is kept; "
            f"{mend}, then try again."
        ) from problem


def _refuse_another_users() -> None:
    """Refuse a file that this user may read and not write: all would start, and nothing be kept."""
    if connection.vendor != "sqlite":
        return
    file = Path(connection.settings_dict["NAME"])
    if file.exists() and not os.access(file, os.W_OK, effective_ids=True):
        raise OperationalError("it belongs to another user")


def _standing() -> tuple[bool, bool]:
    """(has migrations to apply, holds none of our tables yet); Refused when it is newer."""
    try:
        connection.ensure_connection()
    except DatabaseError as problem:  # SQLite says no more than this of a file that is none
        raise OperationalError(str(problem)) from problem
    loader = MigrationLoader(connection)
    applied = {key for key in loader.applied_migrations if key[0] in _OWN}
    known = {key for key in loader.disk_migrations if key[0] in _OWN}
    if applied - known:
        app, name = max(applied - known)
        raise Refused(
            f"The database is newer than this program (it has {app} {name}); nothing was "
            "changed. Install the newer version again, or restore a backup made by this one."
        )
    return bool(set(loader.disk_migrations) - set(loader.applied_migrations)), not applied


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            try:
                yield
            finally:
                with contextlib.suppress(Error):
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
    else:
        with (Path(settings.DATA_DIR) / "migrate.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
