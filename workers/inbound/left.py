"""Mails that came through the door and are for a person: a Maildir, which any mail program opens.

The newest two thousand are kept, for anybody may write, and each for ninety days, since they name
people; whatever is deleted there is gone.
"""

import mailbox
import time
from pathlib import Path

from django.conf import settings

KEPT = 2_000
KEPT_FOR = 90 * 86_400.0
"""Seconds."""


def place() -> Path:
    """Where they are."""
    return Path(settings.DATA_DIR) / "inbound"


def keep(mail: bytes) -> None:
    """Keep one; OSError where it can't be."""
    maildir = mailbox.Maildir(place())
    maildir.add(mail)
    ages = sorted((time.time() - file.stat().st_mtime, file) for file in _new())
    for at, (age, file) in enumerate(ages):
        if at >= KEPT or age > KEPT_FOR:
            file.unlink(missing_ok=True)


def waiting() -> int:
    """How many nobody has looked at."""
    return len(_new())


def _new() -> list[Path]:
    new = place() / "new"
    return list(new.iterdir()) if new.exists() else []
