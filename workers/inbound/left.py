"""Mails that came through the door and are for a person: a Maildir, which any mail program opens.

The newest two thousand are kept, for anybody may write, and each for ninety days, since they name
people, whether somebody has opened it or not; whatever is deleted there is gone.
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
    mailbox.Maildir(place()).add(mail)
    forget()


def forget() -> None:
    """Delete what is there for too long, and what is too much."""
    there = [*_in("new"), *_in("cur")]
    ages = sorted((age, file) for file in there if (age := _age(file)) is not None)
    for at, (age, file) in enumerate(ages):
        if at >= KEPT or age > KEPT_FOR:
            file.unlink(missing_ok=True)


def waiting() -> int:
    """How many nobody has looked at."""
    return len(_in("new"))


def _in(part: str) -> list[Path]:
    """Mails nobody has opened ("new"), and those that somebody's mail program has ("cur")."""
    folder = place() / part
    return list(folder.iterdir()) if folder.exists() else []


def _age(file: Path) -> float | None:
    """In seconds; None for one that a mail program has moved away just now."""
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return None
