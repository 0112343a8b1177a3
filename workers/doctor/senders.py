"""What DNS says of those whom mails are from: SPF, DKIM, DMARC, and where bounces go."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from workers.dkim import Signer
from workers.doctor import spf
from workers.doctor.finding import Finding, bad, look, unknown, well
from workers.doctor.names import Names, Unanswered

_TAG = re.compile(r"\s*([a-z]+)\s*=\s*([^;]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Sender:
    """Whom mails are from, and how they leave."""

    domain: str  # of the From
    bounces: str  # the envelope sender's domain
    relays: Sequence[str]  # addresses of relays of ours from which mail leaves, where known
    signer: Signer | None = None


def examine(names: Names, sender: Sender) -> Iterator[Finding]:
    """All that DNS has to say of one From domain."""
    for check in (_spf, _dkim, _dmarc, _mx):
        yield from _answered(names, sender, check)


def _answered(
    names: Names, sender: Sender, check: Callable[[Names, Sender], Iterator[Finding]]
) -> Iterator[Finding]:
    try:
        yield from check(names, sender)
    except Unanswered as problem:
        yield unknown(
            f"DNS of {sender.domain}",
            f"{problem}.",
            "See that this machine may ask its name servers, and look again.",
        )


def _spf(names: Names, sender: Sender) -> Iterator[Finding]:
    domain, relays = sender.bounces, sender.relays
    about = f"SPF of {domain}"
    try:
        found = spf.read(names, domain)
    except spf.Broken as problem:
        yield bad(about, f"Its record can't be used: {problem}.", "Mend the record.")
        return
    if found is None:
        named = " ".join(_mechanism(one) for one in relays) or "what your provider names"
        yield bad(
            about,
            "There is no SPF record, so receivers can't tell that the relay may send for it.",
            f"Add a TXT record at {domain}: v=spf1 {named} ~all",
        )
    elif left := [one for one in relays if not found.names(one)]:
        yield bad(
            about,
            f"The record does not name the relay's {', '.join(left)}.",
            f"Add {' '.join(map(_mechanism, left))} to the TXT record at {domain}.",
        )
    elif found.ending not in {"-all", "~all"}:
        yield look(
            about,
            f"The record ends in {found.ending or 'nothing'}: it lets everybody send for it.",
            "End it in ~all.",
        )
    elif relays:
        yield well(about, f"The record names the relay ({found.asks} look-ups of {spf.MOST}).")
    else:
        yield well(about, "There is one; a test mail shows whether it names the provider's relays.")


def _mechanism(address: str) -> str:
    return f"ip6:{address}" if ":" in address else f"ip4:{address}"


def _dkim(names: Names, sender: Sender) -> Iterator[Finding]:
    signer = sender.signer
    if signer is None:
        yield look(
            f"DKIM of {sender.domain}",
            "Digest signs nothing. Where neither the relay signs for this domain, mail is taken "
            "for spam.",
            "See that the relay or provider signs for it, or set DKIM_DOMAIN, DKIM_SELECTOR and "
            "DKIM_KEY_FILE.",
        )
        return
    about, wanted = f"DKIM at {signer.name}", tags_of(signer.record)["p"]
    keys = [tags_of(text).get("p", "") for text in names.texts(signer.name)]
    if wanted in keys and len(keys) == 1:
        yield well(about, "The record is that of the key that signs.")
    elif wanted in keys:
        yield bad(about, f"There are {len(keys)} records; one is right.", "Take the others away.")
    elif keys:
        yield bad(
            about,
            "The record is not that of the key that signs: every signature fails.",
            f"Put in its place, as TXT: {signer.record}",
        )
    else:
        yield bad(
            about,
            "There is no record, so no signature can be checked.",
            f"Add a TXT record at {signer.name}: {signer.record}",
        )


def _dmarc(names: Names, sender: Sender) -> Iterator[Finding]:
    domain = sender.domain
    about = f"DMARC of {domain}"
    place, records = policy(names, domain)
    if len(records) > 1:
        yield bad(about, f"_dmarc.{place} has {len(records)} records; receivers then use none.",
                  "Leave one.")  # fmt: skip
        return
    if not records:
        yield bad(
            about,
            "There is no DMARC record; large mailbox providers ask for one of whoever sends much.",
            f"Add a TXT record at _dmarc.{domain}: v=DMARC1; p=none; rua=mailto:dmarc@{domain}",
        )
        return
    yield from _aligned(about, sender, tags_of(records[0]))


def _aligned(about: str, sender: Sender, tags: dict[str, str]) -> Iterator[Finding]:
    """Whether SPF's or DKIM's domain is the From's, as its policy asks (RFC 7489 3.1)."""
    domain = sender.domain
    signing = sender.signer.name.partition("._domainkey.")[2] if sender.signer else ""
    by_dkim = _is_aligned(domain, signing, strict=tags.get("adkim") == "s")
    by_spf = _is_aligned(domain, sender.bounces, strict=tags.get("aspf") == "s")
    stated = f"p={tags.get('p', 'none')}"
    if by_dkim or by_spf:
        how = " and ".join(["DKIM"] * by_dkim + ["SPF"] * by_spf)
        yield well(about, f"{stated}; the From agrees with what {how} proves.")
    else:
        yield bad(
            about,
            f"{stated}, and neither DKIM nor SPF speaks of {domain}: DMARC fails.",
            f"Sign for {domain}, or let BOUNCE_DOMAIN be in it.",
        )


def policy(names: Names, domain: str) -> tuple[str, list[str]]:
    """The records at the domain or at the nearest above it that has any, and where."""
    labels = domain.split(".")
    for at in range(max(1, len(labels) - 1)):
        place = ".".join(labels[at:])
        found = [one for one in names.texts(f"_dmarc.{place}") if one.startswith("v=DMARC1")]
        if found:
            return place, found
    return domain, []


def _is_aligned(sender: str, proven: str, *, strict: bool) -> bool:
    if not proven or strict:
        return sender == proven
    return f".{sender}".endswith(f".{proven}") or f".{proven}".endswith(f".{sender}")


def _mx(names: Names, sender: Sender) -> Iterator[Finding]:
    bounces = sender.bounces
    about = f"Bounces to {bounces}"
    if names.exchangers(bounces):
        yield well(about, "The domain takes mail (MX).")
    elif names.addresses(bounces):
        yield look(about, "It has no MX record; its address alone is tried.", "Add an MX record.")
    else:
        yield bad(
            about,
            "It takes no mail (no MX, no address): bounces are lost, and many receivers refuse "
            "mail from such a domain.",
            f"Add an MX record at {bounces} that names a server of yours, or set BOUNCE_DOMAIN.",
        )


def tags_of(record: str) -> dict[str, str]:
    """``v=DKIM1; p=…`` by name; without blanks, which records may have within a key."""
    found = (_TAG.match(part) for part in record.split(";"))
    return {one[1].lower(): re.sub(r"\s", "", one[2]) for one in found if one}
