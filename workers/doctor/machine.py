"""This machine and its settings: what fits together, what others may read, and room."""

import stat
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from workers.doctor.finding import Finding, bad, look, well
from workers.relay import on_loopback
from workers.watch import readings


def settings_() -> Iterator[Finding]:
    found = list(_at_fault())
    yield from found or [well("Settings", "They are all known and fit together.")]


def _at_fault() -> Iterator[Finding]:
    for name in settings.UNKNOWN_SETTINGS:
        for meant in get_close_matches(name, settings.SETTING_NAMES, 1, 0.8):
            yield look(
                f"Setting {name}", "Nothing of this name is known; it does nothing.",
                f"Write {meant}, if that was meant.",
            )  # fmt: skip
    loopback = on_loopback(str(urlsplit(settings.BASE_URL).hostname))
    if settings.DEBUG and not loopback:
        yield bad("Setting DEBUG", "Error pages show how the program works.", "Set DEBUG=off.")
    if settings.RELAY_ON_LOOPBACK:
        return
    if loopback:
        yield bad(
            "Setting BASE_URL", f"Links in mails would lead to {settings.BASE_URL}, which is the "
            "reader's own machine.", "Set BASE_URL to the address of your pages, with https.",
        )  # fmt: skip
    if not settings.POSTAL_ADDRESS:
        yield look(
            "Setting POSTAL_ADDRESS", "Mails to many must say who you are and where (CAN-SPAM); "
            "topics without an address of their own can't be approved.", "Set POSTAL_ADDRESS.",
        )  # fmt: skip


def files() -> Iterator[Finding]:
    """What holds passwords or keys, and others may read."""
    keys = [Path(str(settings.DKIM_KEY_FILE))] if settings.DKIM_KEY_FILE else []
    found = [Path(".env"), settings.DATA_DIR / "secret-key", settings.DATA_DIR, *keys]
    shown = [path for path in found if path.exists() and path.stat().st_mode & stat.S_IRWXO]
    for path in shown:
        mode = "700" if path.is_dir() else "600"
        yield look(
            f"File {path.name}", f"Everybody on this machine may look into {path}.",
            f"chmod {mode} {path}",
        )  # fmt: skip
    if not shown:
        yield well("Secret files", "Nobody else on this machine may read them.")


def disk() -> Iterator[Finding]:
    found = readings.disk()
    said = f"{found.free / 1e9:,.1f} GB of {found.size / 1e9:,.1f} are free where DATA_DIR is."
    if found.is_full:
        yield bad("Disk", said, "Make room: nothing is sent that can't be written down.")
    else:
        yield well("Disk", said)
