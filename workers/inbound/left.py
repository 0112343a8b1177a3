"""Mails that came through the door and are for a person: a Maildir, which any mail program opens.

The newest two thousand are kept, for anybody may write; whatever is deleted there is gone.
"""

import mailbox
from pathlib import Path

from django.conf import settings

KEPT = 2_000


def place() -> Path:
    """Where they are."""
    return Path(settings.DATA_DIR) / "inbound"


def keep(mail: bytes) -> None:
    """Keep one; OSError where it can't be."""
    maildir = mailbox.Maildir(place())
    maildir.add(mail)
    for old in sorted(_new(), key=lambda file: file.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)


def waiting() -> int:
    """How many nobody has looked at."""
    return len(_new())


def _new() -> list[Path]:
    new = place() / "new"
    return list(new.iterdir()) if new.exists() else []
