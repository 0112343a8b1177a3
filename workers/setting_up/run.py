"""From what is wanted to what is written, and what is to be said of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from digest.sender import is_nobodys
from workers.doctor.finding import Finding, Grade, bad, look, unknown, well
from workers.relay import Relay, Security, on_loopback
from workers.setting_up import env_file, keys, private, records
from workers.setting_up.keys import Key
from workers.setting_up.present import Present
from workers.setting_up.providers import provider_of, signs_itself
from workers.setting_up.record import Record, Standing
from workers.setting_up.sending import Sending
from workers.setting_up.trying import UNREACHED, Tried, tried
from workers.setting_up.wish import Wish
from workers.where import Where, where


@dataclass
class Report:
    """What came of it."""

    changed: list[str] = field(default_factory=list)  # names of settings, in .env
    key: Key | None = None
    records: list[Record] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    relay: Tried | None = None

    @property
    def status(self) -> int:
        """As scripts read it."""
        if self.relay and not self.relay.is_usable and self.relay.fault in UNREACHED:
            return 3
        return 1 if any(one.grade is Grade.BAD for one in self.findings) else 0


def try_relay(present: Present, wanted: Mapping[str, str], recipient: str) -> Tried | None:
    """Try the relay that would be used, with the sender that mails would have; None without one."""
    place = _place(present, wanted)
    sender = f"bounce+0-{'0' * 20}@{_bounces(present, wanted)}"
    return tried(place, sender, recipient or _address(present, wanted)) if place else None


def set_up(present: Present, wish: Wish, wanted: dict[str, str], relay: Tried | None) -> Report:
    """Write what is wanted, and say what it takes beside. A relay that can't be used is not
    written: the one that is there stays."""
    report = Report(relay=relay)
    if relay:
        report.findings.append(relay.finding)
    place = _place(present, wanted)
    if relay and not relay.is_usable:
        wanted = {name: text for name, text in wanted.items() if name != "SMTP_URL"}
    report.key = _key(present, wish, wanted, place)
    _find_out(present, report, wanted, place)
    wanted = wanted | _signing(present, report, wish)
    text = env_file.changed(present.text, news := present.news(wanted))
    report.findings += [*_beside(present, wanted, place), *present.faults(text)]
    report.changed = list(news)
    _keep(present, report, text)
    report.findings += present.outranked(wanted)
    return report


def _find_out(
    present: Present, report: Report, wanted: Mapping[str, str], place: Where | None
) -> None:
    """What DNS says today, and should."""
    sending = Sending(
        domain=_domain(present, wanted),
        bounces=_bounces(present, wanted),
        base_url=wanted.get("BASE_URL", present.given("BASE_URL")),
        place=place,
        provider_named=present.read("SMTP_PROVIDER"),
        signer=report.key.signer if report.key else None,
    )
    for told in records.wanted(records.Hurried(present.read("DNS_SERVER")), sending):
        if isinstance(told, Record):
            report.records.append(told)
        else:
            report.findings.append(told)
    report.findings += _of_dns(report.records)


def _of_dns(wanted: list[Record]) -> Iterator[Finding]:
    missing = sum(one.state in {Standing.MISSING, Standing.OTHER} for one in wanted)
    if any(one.state is Standing.UNKNOWN for one in wanted):
        yield unknown(
            "DNS", "No name server answers: whether the records are there can't be seen from here.",
            "They are right all the same. See that this machine may ask its name servers.",
        )  # fmt: skip
    elif missing:
        yield look("DNS", f"{missing} of {len(wanted)} records are to be pasted.", "See below.")
    else:
        yield well("DNS", f"All {len(wanted)} records are there.")


def _beside(present: Present, wanted: Mapping[str, str], place: Where | None) -> Iterator[Finding]:
    """What fits ill together, and what is given away."""
    if place is None:
        yield unknown(
            "Relay", "There is none: the built-in mailbox keeps all mail.",
            "To send, run digest init again and name one.",
        )  # fmt: skip
        return
    if on_loopback(place.host):
        return
    domain = _domain(present, wanted)
    if is_nobodys(domain):
        yield bad(
            f"From of {domain}", "That domain is nobody's; mails from it are refused.",
            "Name an address of yours: digest init --from …",
        )  # fmt: skip
    base_url = wanted.get("BASE_URL", present.given("BASE_URL"))
    if on_loopback(urlsplit(base_url).hostname or ""):
        yield bad(
            "BASE_URL",
            f"Links in mails would lead to {base_url}, which is the reader's own machine.",
            "Name the address of your pages, with https: digest init --base-url …",
        )  # fmt: skip
    if isinstance(place, Relay) and place.security is Security.NONE:
        yield look(
            "Relay: TLS",
            "Mail goes to it in the clear: whoever is between can read addresses and links.",
            "Add ?starttls=1 to its address, or begin it with smtps://",
        )


# ---- the key -----------------------------------------------------------------------------------


def _key(
    present: Present, wish: Wish, wanted: Mapping[str, str], place: Where | None
) -> Key | None:
    signs = wish.dkim
    if signs is None:
        provider = provider_of(place, present.read("SMTP_PROVIDER"))
        signs = (
            bool(present.given("DKIM_DOMAIN"))
            or bool(wish.selector)
            or not signs_itself(place, provider)
        )
    return keys.planned(present, _domain(present, wanted), wish.selector) if signs else None


def _signing(present: Present, report: Report, wish: Wish) -> dict[str, str]:
    """The settings by which mails are signed from now on. One key is followed by another only once
    the other's record is in DNS: till then every signature would fail."""
    key = report.key
    if key is None:
        return (
            dict.fromkeys(("DKIM_DOMAIN", "DKIM_SELECTOR", "DKIM_KEY_FILE"), "")
            if wish.dkim is False
            else {}
        )
    before = keys.standing(present, key.domain)
    if before is None or before.selector == key.selector:
        return key.settings
    if any(one.name == key.signer.name and one.state is Standing.THERE for one in report.records):
        report.findings.append(
            well(
                "DKIM",
                f"From now on {key.selector} signs. Leave the record of {before.selector} a week.",
            )
        )
        return key.settings
    report.findings.append(
        look(
            "DKIM",
            f"{before.selector} goes on signing until the record of {key.selector} is in DNS.",
            f"Paste it, and run again: digest init --selector {key.selector}",
        )
    )
    return {}


# ---- writing -----------------------------------------------------------------------------------


def _keep(present: Present, report: Report, text: str) -> None:
    """The key first: nothing may name one that is not there."""
    if report.key:
        report.key.keep()
        _closed(report, report.key.path)
    _closed(report, present.path)
    if report.changed:
        private.write(present.path, text)


def _closed(report: Report, path: Path) -> None:
    if private.close(path):
        report.findings.append(
            well(
                f"File {path.name}",
                "Others on this machine could read it; now its owner alone can.",
            )
        )


# ---- what is wanted, or is there ---------------------------------------------------------------


def _place(present: Present, wanted: Mapping[str, str]) -> Where | None:
    url = wanted.get("SMTP_URL", present.given("SMTP_URL"))
    try:
        return where(url) if url else None
    except ValueError:
        return None  # what stands there can't be read, which the file's faults tell


def _address(present: Present, wanted: Mapping[str, str]) -> str:
    return parseaddr(wanted.get("FROM_ADDRESS", present.given("FROM_ADDRESS")))[1]


def _domain(present: Present, wanted: Mapping[str, str]) -> str:
    return _address(present, wanted).rpartition("@")[2].lower()


def _bounces(present: Present, wanted: Mapping[str, str]) -> str:
    named = wanted.get("BOUNCE_DOMAIN", present.given("BOUNCE_DOMAIN"))
    return named.lower() or _domain(present, wanted)
