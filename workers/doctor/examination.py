"""All that is looked at, in the order in which it is mended."""

from collections.abc import Iterator
from email.utils import parseaddr

from django.conf import settings

from digest.errors import Refused
from digest.models import Topic, from_address
from digest.sender import is_nobodys
from workers.doctor import clock, machine, relays, senders
from workers.doctor.finding import Finding, bad, unknown
from workers.doctor.names import Names, Unanswered
from workers.domains import domain_of
from workers.letters import signer_of
from workers.relay import Relay
from workers.routes import carriers, choosing
from workers.routes.models import Route


def examine() -> Iterator[Finding]:
    """Each finding as it is known; a minute at most where nothing answers."""
    names = Names(settings.DNS_SERVER)
    yield from machine.examine()
    yield from clock.examine()
    if settings.MAILBOX_IS_RELAY:
        yield unknown(
            "Relay", "The built-in mailbox keeps all mail: nothing leaves this machine.",
            "To send, set SMTP_URL.",
        )  # fmt: skip
        return
    routes = [way.route for way in choosing.ways()]
    for route in routes:
        yield from relays.examine(names, route)
    yield from _senders(names, routes)


def _senders(names: Names, routes: list[Route]) -> Iterator[Finding]:
    topics = Topic.objects.filter(ended_at=None).order_by("slug")
    written = [from_address(topic) for topic in topics] or [settings.FROM_ADDRESS]
    own = list(_own_addresses(names, routes))
    for domain in dict.fromkeys(domain_of(parseaddr(one)[1]) for one in written):
        if is_nobodys(domain):
            yield _nobodys(domain)
        else:
            yield from _sender(names, domain, own)


def _sender(names: Names, domain: str, own: list[str]) -> Iterator[Finding]:
    try:
        signer = signer_of(domain)
    except Refused as problem:
        yield bad("DKIM_KEY_FILE", str(problem), "Mend the file, or make a key anew.")
        signer = None
    bounces = settings.BOUNCE_DOMAIN or domain
    yield from senders.examine(names, senders.Sender(domain, bounces, own, signer))


def _nobodys(domain: str) -> Finding:
    mend = "Set FROM_ADDRESS, or the topic's sender, to an address of yours."
    about = f"From of {domain}"
    if settings.RELAY_ON_LOOPBACK:
        return unknown(about, "It is nobody's, which will do while no mail leaves here.", mend)
    return bad(about, "That domain is nobody's; mails from it are refused.", mend)


def _own_addresses(names: Names, routes: list[Route]) -> Iterator[str]:
    for route in routes:
        try:
            place = carriers.relay_of(route)
            if isinstance(place, Relay):
                yield from relays.addresses(names, place)
        except (ValueError, Unanswered):
            continue
