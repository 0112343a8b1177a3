"""This machine and its settings: what others may read, room, the broker, the workers, the pages."""

import http.client
import stat
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.utils import timezone

from workers.doctor.finding import Finding, bad, look, well
from workers.relay import on_loopback
from workers.watch import readings

_LONGEST = 5.0
"""Seconds for our own page."""


def examine() -> Iterator[Finding]:
    yield from _settings()
    yield from _files()
    yield from _database()
    yield from _disk()
    yield from _workers()
    yield from _pages()


def _settings() -> Iterator[Finding]:
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


def _files() -> Iterator[Finding]:
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


def _database() -> Iterator[Finding]:
    kind = "PostgreSQL" if connection.vendor == "postgresql" else "SQLite, beside the program"
    yield well("Database", f"{kind}; {readings.database_size() / 1e6:,.0f} MB.")


def _disk() -> Iterator[Finding]:
    disk = readings.disk()
    said = f"{disk.free / 1e9:,.1f} GB of {disk.size / 1e9:,.1f} are free where DATA_DIR is."
    if disk.is_full:
        yield bad("Disk", said, "Make room: nothing is sent that can't be written down.")
    else:
        yield well("Disk", said)


def _workers() -> Iterator[Finding]:
    if not (broker := readings.broker()).up:
        yield bad(
            "Broker", f"It does not answer ({broker.why}); nothing is sent.",
            "Start it, or mend REDIS_URL; `digest up` starts one of its own without that.",
        )  # fmt: skip
    else:
        yield well("Broker", "It answers.")
    age = readings.tick_age(timezone.now())
    if age is None or age > readings.TICK_LATE:
        when = "ever" if age is None else f"for {age:,.0f} s"
        yield bad("Workers", f"None has looked for what is due {when}.", "Start them: digest up")
    else:
        yield well("Workers", "They look for what is due each second.")


def _pages() -> Iterator[Finding]:
    """Our own page, asked for at the address that stands in mails."""
    about, said = f"Pages at {settings.BASE_URL}", _asked(settings.BASE_URL)
    if not said:
        yield well(about, "They answer: whoever leaves by a mail's link is heard.")
        return
    yield bad(
        about,
        f"They don't answer there: {said}. Readers can't leave.",
        "Start the pages, and let the web server in front of them pass that name on to them.",
    )


def _asked(url: str) -> str:
    """Why our page is not there; "" where it is."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    asked = kind(parts.netloc, timeout=_LONGEST)
    try:
        asked.request("GET", "/healthz")
        answer = asked.getresponse()
        body = answer.read(100)
    except (OSError, http.client.HTTPException) as problem:
        return str(problem) or type(problem).__name__
    finally:
        asked.close()
    return "" if body == b"ok\n" else f"somebody else does (status {answer.status})"
