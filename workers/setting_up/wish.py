"""What somebody wants of the settings: by options, by answers, or as it is today."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parseaddr

from digest.errors import Refused
from workers.setting_up.present import Present

MARKS = set('<>@,;"\\')
"""In a mailbox's name these need quotes (RFC 5322), and the last two can't be had."""


@dataclass(frozen=True)
class Wish:
    """None: as it is today."""

    name: str | None = None  # of the publication: the From's
    sender: str | None = None
    postal: str | None = None
    base_url: str | None = None
    relay: str | None = None
    bounce_domain: str | None = None
    dkim: bool | None = None
    selector: str = ""


_OPTIONS = {
    "FROM_ADDRESS": "--from",
    "POSTAL_ADDRESS": "--postal",
    "BASE_URL": "--base-url",
    "SMTP_URL": "--relay",
}
"""What mail can't go out without, and how it is given."""


def settings(present: Present, wish: Wish, *, needs_relay: bool = True) -> dict[str, str]:
    """The wished-for settings, each as the program can read it. Refused, in words, where one can't
    be read or is missing; nothing was changed."""
    wished = {
        "FROM_ADDRESS": _sender(present, wish),
        "POSTAL_ADDRESS": wish.postal,
        "BASE_URL": wish.base_url,
        "SMTP_URL": wish.relay,
        "BOUNCE_DOMAIN": wish.bounce_domain,
    }
    given = {name: text for name, text in wished.items() if text is not None}
    for name, text in given.items():
        try:
            present.checked(name, text)
        except ValueError as problem:
            option = _OPTIONS.get(name, "--bounce-domain")
            raise Refused(f"{option}: {problem}. Nothing was changed.") from None
    if missing := list(_missing(present, given, needs_relay=needs_relay)):
        raise Refused(f"Missing: {', '.join(missing)}. Nothing was changed.{_typos(present)}")
    return given


def mailbox(name: str, address: str) -> str:
    """``name <address>``; ValueError in words for a name that no mailbox can have."""
    if '"' in name or "\\" in name:
        raise ValueError("has a double quote or a backslash, which a sender's name can't have")
    if MARKS & set(name):
        name = f'"{name}"'
    return f"{name} <{address}>" if name else address


def _sender(present: Present, wish: Wish) -> str | None:
    """The From, with the publication's name as its own: mails show it nowhere else."""
    if wish.name is None:
        return wish.sender
    _, address = parseaddr(wish.sender or present.given("FROM_ADDRESS"))
    if not address:
        return wish.sender
    try:
        return mailbox(wish.name.strip(), address)
    except ValueError as problem:
        raise Refused(f"--name: {wish.name!r} {problem}. Nothing was changed.") from None


def _missing(present: Present, given: dict[str, str], *, needs_relay: bool) -> Iterator[str]:
    for name, option in _OPTIONS.items():
        if name == "SMTP_URL" and not needs_relay:
            continue
        if not given.get(name, present.given(name)):
            yield f"{option} ({name}), e.g. {present.settings[name].example}"


def _typos(present: Present) -> str:
    found = [one for one in present.faults(present.text) if "is no setting" in one.words]
    return "".join(f" {one.about}: {one.words} {one.mend}" for one in found)
