"""The settings: each known and given once, and fit for mail that leaves this machine."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from workers.doctor.finding import Finding, bad, look, unknown, well
from workers.relay import on_loopback
from workers.setting_up import env_file

SHORTEST = 32
"""Characters of a SECRET_KEY that nobody guesses."""


def examine() -> Iterator[Finding]:
    found = [*_file(Path(".env")), *_keys(), *_abroad()]
    yield from found or [well("Settings", "They are all known and fit together.")]


def _file(path: Path) -> Iterator[Finding]:
    """What the file says that nobody hears."""
    lines: dict[str, list[int]] = {}
    for line in env_file.assignments(path.read_text("utf-8")) if path.is_file() else ():
        lines.setdefault(line.name, []).append(line.number)
    for name, numbers in lines.items():
        if name in settings.SETTING_NAMES and len(numbers) > 1:
            first = " and ".join(map(str, numbers[:-1]))
            yield look(
                f"Setting {name}",
                f"{path} has it in lines {first} and {numbers[-1]}; the last one counts.",
                f"Take out line {first}.",
            )
        for meant in _meant(name):
            yield look(
                f"Setting {name}",
                f"{path} line {numbers[-1]}: nothing of this name is known; it does nothing.",
                f"Write {meant}, if that was meant.",
            )


def _meant(name: str) -> list[str]:
    """The setting that was misspelt, perhaps; others' settings may stand in the file too."""
    if name in settings.SETTING_NAMES:
        return []
    return get_close_matches(name, settings.SETTING_NAMES, 1, 0.8)


def _keys() -> Iterator[Finding]:
    key: str = settings.SECRET_KEY
    if len(key) < SHORTEST or len(set(key)) < 8:
        yield bad(
            "Setting SECRET_KEY",
            "It can be guessed, and with it every reader's links and the sign-in of staff.",
            "Set fifty random characters, or none: one is made then. Links in mails already sent "
            "stop working.",
        )


def _abroad() -> Iterator[Finding]:
    """What must hold once mail leaves this machine, or readers find the pages."""
    at_home = on_loopback(str(urlsplit(settings.BASE_URL).hostname))
    if settings.DEBUG and not at_home:
        yield bad("Setting DEBUG", "Error pages show how the program works.", "Set DEBUG=off.")
    if settings.MAILBOX_IS_RELAY:
        return
    if at_home:
        yield _links_lead_home()
    if not settings.POSTAL_ADDRESS:
        yield look(
            "Setting POSTAL_ADDRESS", "Mails to many must say who you are and where (CAN-SPAM); "
            "topics without an address of their own can't be approved.", "Set POSTAL_ADDRESS.",
        )  # fmt: skip
    if not (settings.INBOUND_URL or settings.HOOKS):
        yield look(
            "Setting INBOUND_URL",
            "Nobody hears of bounces and complaints that come later: bad addresses stay on the "
            "list, and providers mind.",
            "Set INBOUND_URL to the mailbox or door that bounces come to, or HOOKS for your "
            "provider (docs/feedback.md).",
        )
    if not (settings.ALERT_MAIL or settings.ALERT_WEBHOOK_URL):
        yield look(
            "Setting ALERT_MAIL", "Nobody is told when something is wrong.",
            "Set ALERT_MAIL to whoever is to be mailed then, or ALERT_WEBHOOK_URL.",
        )  # fmt: skip


def _links_lead_home() -> Finding:
    about, mend = "Setting BASE_URL", "Set BASE_URL to the address of your pages, with https."
    said = f"Links in mails would lead to {settings.BASE_URL}, which is the reader's own machine"
    if settings.RELAY_ON_LOOPBACK:
        return unknown(about, f"{said}; that will do while no mail leaves here.", mend)
    return bad(about, f"{said}.", mend)
