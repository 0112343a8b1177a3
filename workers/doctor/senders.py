"""What DNS says of those whom mails are from: SPF, DKIM, DMARC, and where bounces go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.dkim import Signer
from workers.doctor import dkim_record, dmarc, spf
from workers.doctor.finding import Finding, bad, look, unknown, well
from workers.doctor.names import Names, Unanswered


@dataclass(frozen=True)
class Sender:
    """Whom mails are from, and how they leave."""

    domain: str  # of the From
    bounces: str  # the envelope sender's domain
    relays: Sequence[str]  # addresses of relays of ours from which mail leaves, where known
    signer: Signer | None = None
    no_key: str = ""  # why there is none although one is set
    perhaps: Sequence[str] = ()  # of this machine, whose relay may pass mail on to another

    @property
    def signing(self) -> str:
        """The domain that signatures are of; "" where we sign nothing."""
        return self.signer.name.partition("._domainkey.")[2] if self.signer else ""


def examine(names: Names, sender: Sender) -> Iterator[Finding]:
    """All that DNS has to say of one From domain."""
    for about, look_at in (
        (f"SPF of {sender.bounces}", _spf),
        (f"DKIM at {sender.signer.name}" if sender.signer else f"DKIM of {sender.domain}", _dkim),
        (f"DMARC of {sender.domain}", _dmarc),
        (f"Bounces to {sender.bounces}", _mx),
    ):
        try:
            yield from look_at(names, sender)
        except Unanswered as problem:
            yield unknown(
                about, f"{problem}.",
                "See that this machine may ask its name servers, and look again.",
            )  # fmt: skip


def _spf(names: Names, sender: Sender) -> Iterator[Finding]:
    domain, relays = sender.bounces, sender.relays
    about = f"SPF of {domain}"
    try:
        found = spf.read(names, domain)
    except spf.Broken as problem:
        yield bad(about, f"Its record can't be used: {problem}.", "Mend the record.")
        return
    if found is None:
        named = " ".join(map(_mechanism, [*relays, *sender.perhaps])) or "what your provider names"
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
    elif left := [one for one in sender.perhaps if not found.names(one)]:
        yield look(
            about,
            f"The record does not name this machine's {', '.join(left)}. That matters unless the "
            "relay on it passes mail on to another.",
            f"Add {' '.join(map(_mechanism, left))} to the TXT record at {domain}.",
        )
    elif found.ending not in {"-all", "~all"}:
        yield look(
            about,
            f"The record ends in {found.ending or 'nothing'}: it lets everybody send for it.",
            "End it in ~all.",
        )
    elif relays or sender.perhaps:
        yield well(about, f"The record names the relay, for {found.asks} of {spf.MOST} look-ups.")
    else:
        yield well(about, "There is one; a test mail shows whether it names the provider's relays.")


def _mechanism(address: str) -> str:
    return f"ip6:{address}" if ":" in address else f"ip4:{address}"


def _dkim(names: Names, sender: Sender) -> Iterator[Finding]:
    if signer := sender.signer:
        yield dkim_record.judged(signer, names.texts(signer.name))
    elif sender.no_key:  # its words say what mends it
        about, again = f"DKIM of {sender.domain}", "Then start the workers anew."
        yield bad(about, sender.no_key, again)
    else:
        yield look(
            f"DKIM of {sender.domain}",
            "Digest signs nothing. Where neither the relay signs for this domain, mail is taken "
            "for spam.",
            "See that the relay or provider signs for it, or set DKIM_DOMAIN, DKIM_SELECTOR and "
            "DKIM_KEY_FILE.",
        )


def _dmarc(names: Names, sender: Sender) -> Iterator[Finding]:
    return dmarc.examine(names, sender.domain, signing=sender.signing, bounces=sender.bounces)


def _mx(names: Names, sender: Sender) -> Iterator[Finding]:
    bounces = sender.bounces
    about = f"Bounces to {bounces}"
    if names.exchangers(bounces) == ["."]:  # RFC 7505
        yield bad(
            about,
            "Its MX record says that it takes no mail: bounces are lost, and many receivers refuse "
            "mail from such a domain.",
            "Send from a domain that takes mail, or set BOUNCE_DOMAIN to one that does.",
        )
    elif names.exchangers(bounces):
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
