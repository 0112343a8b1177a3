"""Whether the mail says truly whom it is from, before it leaves the house."""

from collections.abc import Iterator
from email.utils import parseaddr

from digest.checks.findings import Context, Finding, Level, Place
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView
from digest.sender import is_nobodys

NAME = "sender"
FINE = "From and postal address are set."


def check(view: EmailView, _email: RenderedEmail, context: Context) -> Iterator[Finding]:
    """Blocks without a postal address or with a From that is nobody's.

    Not while the relay is on this machine: nothing leaves it then.
    """
    missing = list(_missing(view, context))
    if context.relay_on_loopback and missing:
        said = " ".join(finding.message for finding in missing)
        yield Finding(NAME, Level.OK, f"{said} That may stay while mails don't leave this machine.")
    else:
        yield from missing


def _missing(view: EmailView, context: Context) -> Iterator[Finding]:
    if not view.imprint.postal_address.strip():
        yield Finding(
            NAME,
            Level.BLOCK,
            "The foot has no postal address, which the law asks of newsletters in many countries.",
            "Set the topic's postal address in its settings, or POSTAL_ADDRESS for all topics, "
            "e.g. Example Press, 1 Example Street, London.",
            place=Place.TOPIC,
            part="postal_address",
        )
    if is_nobodys(parseaddr(context.from_address)[1].rpartition("@")[2]):
        yield Finding(
            NAME,
            Level.BLOCK,
            f"The mail is from {context.from_address or 'nobody'}, a domain that nobody owns.",
            "Set the sender in the topic's settings, or FROM_ADDRESS for all topics.",
            place=Place.TOPIC,
            part="from_address",
        )
