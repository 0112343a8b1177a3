"""Whether the mail is signed for the domain that it is from, as DMARC asks (RFC 7489 3.1)."""

from collections.abc import Iterator
from email.utils import parseaddr

from digest.checks.findings import Context, Finding, Level, Place
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

NAME = "signature"


def check(_view: EmailView, _email: RenderedEmail, context: Context) -> Iterator[Finding]:
    """Warns of an unsigned mail; blocks one that is signed for a domain that is not its own."""
    sender = parseaddr(context.from_address)[1].rpartition("@")[2].lower().rstrip(".")
    if context.relay_on_loopback and not context.dkim_domains:
        yield Finding(NAME, Level.OK, "Not signed; mails don't leave this machine.")
    elif not context.dkim_domains:
        yield Finding(
            NAME,
            Level.WARN,
            "The mail is not signed; Gmail, Yahoo and Microsoft refuse bulk mail without DKIM.",
            "Set DKIM_DOMAIN, DKIM_SELECTOR and DKIM_KEY_FILE, unless the relay signs.",
        )
    elif signed := _aligned(sender, context.dkim_domains):
        yield Finding(NAME, Level.OK, f"From {sender}, signed for {signed}: the two are aligned.")
    else:
        domains = ", ".join(context.dkim_domains)
        yield Finding(
            NAME,
            Level.BLOCK,
            f"The mail is from {sender or 'nobody'} but would be signed for {domains}; "
            "the two are not aligned.",
            f"Add {sender or 'the domain'} to DKIM_DOMAIN with a key of its own, or send from "
            f"{context.dkim_domains[0]}: the sender stands in the topic's settings.",
            place=Place.TOPIC,
            part="from_address",
        )


def _aligned(sender: str, domains: tuple[str, ...]) -> str:
    """The domain that the sender's is, or is in."""
    return next((one for one in domains if f".{sender}".endswith(f".{one}")), "")
