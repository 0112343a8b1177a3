"""This machine: what others may read on it, and room."""

import stat
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from workers.doctor.finding import Finding, bad, look, well
from workers.watch import readings


def files() -> Iterator[Finding]:
    """What holds passwords or keys, and others may read."""
    found = [Path(".env"), settings.DATA_DIR / "secret-key", settings.DATA_DIR, *_keys()]
    shown = [path for path in found if path.exists() and path.stat().st_mode & stat.S_IRWXO]
    for path in shown:
        mode = "700" if path.is_dir() else "600"
        yield look(
            f"File {path.name}", f"Everybody on this machine may look into {path}.",
            f"chmod {mode} {path}",
        )  # fmt: skip
    if not shown:
        yield well("Secret files", "Nobody else on this machine may read them.")


def _keys() -> list[Path]:
    """The files of the keys that sign."""
    named = str(settings.DKIM_KEY_FILE or "")
    domains = [one.strip() for one in settings.DKIM_DOMAIN.split(",")]
    return [Path(named.replace("{domain}", one)) for one in domains] if named else []


def disk() -> Iterator[Finding]:
    found = readings.disk()
    free = f"{found.free / 1e9:,.1f} GB" if found.free >= 1e9 else f"{found.free / 1e6:,.0f} MB"
    said = f"{free} of {found.size / 1e9:,.1f} GB are free where DATA_DIR is."
    if found.is_full:
        yield bad("Disk", said, "Make room: nothing is sent that can't be written down.")
    else:
        yield well("Disk", said)
