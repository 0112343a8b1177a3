"""The key that mails are signed with: made once, never written over; a new one stands beside it."""

import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from digest.errors import Refused
from workers.dkim import Signer
from workers.setting_up import private
from workers.setting_up.present import Present

SELECTOR = "digest"

_SELECTOR = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)


@dataclass(frozen=True)
class Key:
    """A key, in its file or to be kept there, and the settings by which it signs."""

    file: str  # as DKIM_KEY_FILE has it: {domain} in it stands for the domain
    domains: str  # as DKIM_DOMAIN has them
    domain: str  # the one that the From is in
    selector: str
    pem: bytes
    is_new: bool

    @property
    def path(self) -> Path:
        return Path(self.file.replace("{domain}", self.domain)).expanduser()

    @property
    def settings(self) -> dict[str, str]:
        return {
            "DKIM_DOMAIN": self.domains,
            "DKIM_SELECTOR": self.selector,
            "DKIM_KEY_FILE": self.file,
        }

    @property
    def signer(self) -> Signer:
        """Refused in words where the file holds no key that can sign."""
        try:
            return Signer(self.domain, self.selector, self.pem)
        except ValueError as problem:
            raise Refused(
                f"DKIM_KEY_FILE {self.path} {problem}; nothing was changed. Name another "
                "selector to have another key made: digest init --selector digest2"
            ) from None

    def keep(self) -> None:
        """Write a new one into its file. One that is there is never written over."""
        if self.is_new:
            if self.path.exists():
                raise Refused(
                    f"{self.path} was made by somebody else meanwhile; it was kept, and .env is as "
                    "it was. Run it again."
                )
            private.folder(self.path.parent)
            private.write(self.path, self.pem.decode())


def planned(present: Present, sender: str, selector: str) -> Key:
    """The key for mails from this domain: the one that is set, else one that is to be made."""
    named = present.given("DKIM_SELECTOR")
    selector = selector or named or SELECTOR
    if not _SELECTOR.fullmatch(selector):
        raise Refused(
            f"{selector!r} is no selector; nothing was changed. Write letters, digits and hyphens, "
            "e.g. --selector digest2"
        )
    data = present.given("DATA_DIR") or present.settings["DATA_DIR"].default
    set_ = present.given("DKIM_KEY_FILE") if selector == named else ""
    domains, domain = _domains(present.given("DKIM_DOMAIN"), sender)
    return _of(set_ or f"{data}/dkim/{selector}.pem", domains, domain, selector)


def standing(present: Present, sender: str) -> Key | None:
    """The key that mails from this domain are signed with today."""
    file, selector = present.given("DKIM_KEY_FILE"), present.given("DKIM_SELECTOR")
    if not file or not selector or not present.given("DKIM_DOMAIN"):
        return None
    domains, domain = _domains(present.given("DKIM_DOMAIN"), sender)
    key = _of(file, domains, domain, selector)
    return None if key.is_new else key


def _of(file: str, domains: str, domain: str, selector: str) -> Key:
    path = Path(file.replace("{domain}", domain)).expanduser()
    try:
        return Key(file, domains, domain, selector, path.read_bytes(), is_new=False)
    except FileNotFoundError:
        return Key(file, domains, domain, selector, _made(), is_new=True)
    except OSError as problem:
        raise Refused(
            f"DKIM_KEY_FILE {path} can't be read ({problem.strerror}); nothing was changed. Let "
            "whoever runs this read it."
        ) from None


def _domains(named: str, sender: str) -> tuple[str, str]:
    """DKIM_DOMAIN, and which of them signs for this sender: its own or one that it is in."""
    domains = [one.strip().lower() for one in named.split(",") if one.strip()]
    inside = f".{sender.lower()}"
    for domain in domains:
        if inside.endswith(f".{domain}"):
            return named, domain
    others = domains if len(domains) > 1 else []
    return ",".join([*others, sender.lower()]), sender.lower()


def _made() -> bytes:
    return rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
