"""Where the demo runs: a folder of its own, made anew each time, and settings of its own."""

import shutil
from pathlib import Path

from digest.errors import Refused

MARK = ".digest-demo"
_KEPT = {MARK, "up.lock", "up.pid"}  # the locks are held while the rest goes

SETTINGS = {
    "ALLOWED_HOSTS": "",
    "BASE_URL": "",
    "BOUNCE_DOMAIN": "",
    "DATABASE_URL": "",
    "FROM_ADDRESS": "Digest <digest@example.org>",
    "INBOUND_URL": "",
    "MESSAGE_ID_DOMAIN": "",
    "POSTAL_ADDRESS": "Example Press, 1 Example Street, London",
    "REDIS_URL": "",
    "SECRET_KEY": "",
    "SEND_RATE": "",
    "SMTP_URL": "",
}
"""Nobody's own database, relay or readers are touched, whatever the environment or .env says."""


def claim(directory: Path) -> None:
    """Mark an empty or new folder as the demo's; Refused for one that holds anything else."""
    directory.mkdir(parents=True, exist_ok=True)
    if not (directory / MARK).is_file():
        if any(directory.iterdir()):
            raise Refused(
                f"{directory} holds something that is not a demo's; nothing was changed. "
                "Move it away, or set another DATA_DIR."
            )
        (directory / MARK).write_text("The demo's own: whatever is here is deleted each time.\n")


def clear(directory: Path) -> None:
    """Delete what an earlier demo left; only in a folder that ``claim`` marked."""
    if not (directory / MARK).is_file():
        raise Refused(f"{directory} is not a demo's; nothing was deleted.")
    for entry in directory.iterdir():
        if entry.name in _KEPT:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
