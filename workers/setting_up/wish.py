"""What somebody wants of the settings: by options, by answers, or as it is today."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.utils import parseaddr

from digest.errors import Refused
from digest.sender import one_mailbox
from workers.setting_up import env_file
from workers.setting_up.present import SHOWN, Present
from workers.where import Where, where

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


@dataclass(frozen=True)
class Wished:
    """A wish that the program can read, over what is there today."""

    present: Present
    wish: Wish
    given: dict[str, str]  # by the settings' names

    def get(self, name: str) -> str:
        return self.given.get(name, self.present.given(name))

    def read(self, name: str) -> str:
        """The same as the program reads it: hosts in ASCII. As it is, where that can't be."""
        text = self.get(name)
        try:
            return str(self.present.settings[name].read(text)) if text else ""
        except ValueError:
            return text  # of which the faults of the file tell

    def but(self, **given: str) -> "Wished":
        return replace(self, given=self.given | given)

    def without(self, name: str) -> "Wished":
        return replace(self, given={one: text for one, text in self.given.items() if one != name})

    @property
    def place(self) -> Where | None:
        """Where mail is handed over; None without a relay, or with one that can't be read."""
        try:
            return where(self.get("SMTP_URL"))
        except ValueError:
            return None

    @property
    def address(self) -> str:
        """The From's."""
        return parseaddr(self.read("FROM_ADDRESS"))[1]

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower()

    @property
    def bounces(self) -> str:
        """The envelope sender's domain."""
        return self.read("BOUNCE_DOMAIN").lower() or self.domain

    @property
    def provider_named(self) -> str:
        named: str = self.present.read("SMTP_PROVIDER")
        return named


def wished(present: Present, wish: Wish, *, needs_relay: bool = True) -> Wished:
    """The wish by the settings' names. Refused, in words, where one can't be read or is missing;
    nothing was changed."""
    asked = {
        "FROM_ADDRESS": _sender(present, wish),
        "POSTAL_ADDRESS": wish.postal,
        "BASE_URL": wish.base_url,
        "SMTP_URL": wish.relay,
        "BOUNCE_DOMAIN": wish.bounce_domain,
    }
    given = {name: text.strip() for name, text in asked.items() if text is not None}
    for name, text in given.items():
        try:
            readable(present, name, text)
        except ValueError as problem:
            option = _OPTIONS.get(name, "--bounce-domain")
            raise Refused(f"{option}: {problem} Nothing was changed.") from None
    missing = list(_missing(present, given))
    if not needs_relay:
        missing = [one for one in missing if "SMTP_URL" not in one]
    if missing:
        raise Refused(f"Missing: {', '.join(missing)}. Nothing was changed.{_typos(present)}")
    return Wished(present, wish, given)


def readable(present: Present, name: str, text: str) -> str:
    """The text, if the program can read it and a line of the file can hold it; else ValueError in
    words, with what mends it."""
    try:
        present.checked(name, text)
    except ValueError as problem:
        mend = _HTTPS if "must be https" in str(problem) else ""
        raise ValueError(f"{problem}.{mend}") from None
    try:
        env_file.changed("", {name: text})
    except ValueError as problem:
        raise ValueError(f"it {problem}.") from None
    return text


_HTTPS = " A web server in front of it gets the certificate by itself: two lines of Caddy do, see "
_HTTPS += "docs/vps.md."


def recipient(text: str) -> str:
    """The one address that a test mail is to go to; ValueError in words."""
    try:
        return parseaddr(one_mailbox(text))[1]
    except Refused:
        raise ValueError(f"{text!r} is not one address.") from None


def mailbox(name: str, address: str) -> str:
    """``name <address>``; ValueError in words for a name that no mailbox can have."""
    if '"' in name or "\\" in name:
        raise ValueError("has a double quote or a backslash, which a sender's name can't have")
    if MARKS & set(name):
        name = f'"{name}"'
    return f"{name} <{address}>" if name else address


def named(present: Present, name: str, address: str) -> str:
    """The same, if mails can be from it; ValueError in words of the name."""
    made = mailbox(name.strip(), address)
    if not _is_readable(present, made):
        raise ValueError("is too long for a sender's name, or holds what none can show")
    return made


def _sender(present: Present, wish: Wish) -> str | None:
    """The From, with the publication's name as its own: mails show it nowhere else."""
    if wish.name is None or (wish.sender and not _is_readable(present, wish.sender)):
        return wish.sender  # which is told of as it stands
    _, address = parseaddr(wish.sender or present.given("FROM_ADDRESS"))
    if not address:
        return wish.sender
    try:
        return named(present, wish.name, address)
    except ValueError as problem:
        raise Refused(f"--name: {wish.name[:SHOWN]!r} {problem}. Nothing was changed.") from None


def _is_readable(present: Present, sender: str) -> bool:
    try:
        present.checked("FROM_ADDRESS", sender)
    except ValueError:
        return False
    return True


def _missing(present: Present, given: dict[str, str]) -> Iterator[str]:
    for name, option in _OPTIONS.items():
        if not given.get(name, present.given(name)):
            yield f"{option} ({name}), e.g. {present.settings[name].example}"


def _typos(present: Present) -> str:
    found = [one for one in present.faults(present.text) if "is no setting" in one.words]
    return "".join(f" {one.about}: {one.words} {one.mend}" for one in found)
