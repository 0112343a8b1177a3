"""From what is wanted to what is written, and what is to be said of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from digest.sender import is_nobodys
from workers.doctor.finding import Area, Finding, Grade, bad, look, unknown, well
from workers.doctor.names import Names
from workers.relay import Relay, Security, on_loopback
from workers.setting_up import env_file, private, records, signing
from workers.setting_up.keys import Key
from workers.setting_up.present import Present
from workers.setting_up.record import Record, Standing
from workers.setting_up.sending import Sending
from workers.setting_up.trying import UNREACHED, Tried, tried
from workers.setting_up.wish import Wished


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


def try_relay(wished: Wished, recipient: str) -> Tried | None:
    """Try the relay with the sender that mails would have; None without one. Where nobody is to get
    a test, the From's own address is asked for: many relays say only then what they have against
    a sender."""
    sender = f"bounce+0-{'0' * 20}@{wished.bounces}"
    place = wished.place
    return tried(place, sender, recipient or wished.address) if place else None


def set_up(wished: Wished, relay: Tried | None) -> Report:
    """Write what is wished for, and say what it takes beside. A relay that can't be used is not
    written: the one that is there stays."""
    report = Report(relay=relay, key=signing.key_of(wished))
    report.findings += [relay.finding] if relay else []
    _look_up(wished, report)
    signs, said = signing.settings(wished, report.key, report.records)
    report.findings += [*said, *_beside(wished)]
    kept = wished.but(**signs)
    if relay and not relay.is_usable:
        kept = kept.without("SMTP_URL")
    present = wished.present.anew()  # what was written there meanwhile stays
    news = present.news(kept.given)
    text = env_file.changed(present.text, news)
    report.findings += [*present.faults(text), *present.outranked(kept.given)]
    report.changed = list(news)
    _keep(present, report, text)
    return report


def _look_up(wished: Wished, report: Report) -> None:
    """What DNS says today, and should."""
    sending = Sending(
        domain=wished.domain,
        bounces=wished.bounces,
        base_url=wished.read("BASE_URL"),
        place=wished.place,
        provider_named=wished.provider_named,
        reads_a_mailbox=wished.get("INBOUND_URL").startswith("imap"),
        signer=report.key.signer if report.key else None,
    )
    for told in records.wanted(Names(wished.present.read("DNS_SERVER")), sending):
        if isinstance(told, Record):
            report.records.append(told)
        else:
            report.findings.append(replace(told, area=Area.DNS))
    report.findings.append(replace(_of_dns(report.records), area=Area.DNS))


def _of_dns(wanted: list[Record]) -> Finding:
    missing = sum(one.state is not Standing.THERE for one in wanted)
    if any(one.state is Standing.UNKNOWN for one in wanted):
        return unknown(
            "DNS",
            "No name server answers: whether the records are there can't be seen from here.",
            "See that this machine may ask its name servers, and run digest init again before you "
            "paste: what is there already is to be kept.",
        )
    if missing:
        words = f"{missing} of {len(wanted)} records are not there yet."
        return look("DNS", words, "Paste them where your domain's DNS is kept.")
    return well("DNS", f"All {len(wanted)} records are there.")


def _beside(wished: Wished) -> Iterator[Finding]:
    """What fits ill together, and what is given away."""
    if not wished.get("SMTP_URL"):
        words = "There is none: the built-in mailbox keeps all mail."
        yield unknown("Relay", words, "To send, name one: digest init --relay …")
    place = wished.place
    if place is None or on_loopback(place.host):
        return
    if is_nobodys(wished.domain):
        words = "That domain is nobody's; mails from it are refused."
        yield bad(f"From of {wished.domain}", words, "Name one of yours: digest init --from …")
    if on_loopback(urlsplit(base_url := wished.get("BASE_URL")).hostname or ""):
        yield bad(
            "Setting BASE_URL",
            f"Links in mails would lead to {base_url}, which is the reader's own machine.",
            "Name the address of your pages, with https: digest init --base-url …",
        )
    if isinstance(place, Relay) and place.security is Security.NONE:
        yield look(
            "Relay: TLS",
            "Mail goes to it in the clear: whoever is between can read addresses and links.",
            "Add ?starttls=1 to its address, or begin it with smtps://",
        )


def _keep(present: Present, report: Report, text: str) -> None:
    """The key first: nothing may name one that is not there."""
    if report.key:
        report.key.keep()
    files = [present.path, *([report.key.path] if report.key else [])]
    for path in filter(private.close, files):
        words = "Everybody on this machine could read it; that is mended."
        report.findings.append(well(f"File {path.name}", words))
    if report.changed:
        private.write(present.path, text)
