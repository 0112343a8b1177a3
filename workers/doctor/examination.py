"""All that is looked at, in the order in which it is mended."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from email.utils import parseaddr
from functools import partial

import structlog
from django.conf import settings
from django.db import Error, connection

from digest.errors import Refused
from digest.models import Topic, from_address
from digest.sender import is_nobodys
from workers.doctor import (
    backups,
    clock,
    configured,
    inbox,
    machine,
    pages,
    relays,
    senders,
    stores,
)
from workers.doctor.finding import Area, Finding, bad, unknown
from workers.doctor.names import Names, Unanswered
from workers.domains import domain_of
from workers.letters import signer_of
from workers.relay import Relay
from workers.routes import carriers, choosing
from workers.routes.models import Route
from workers.said import printable

log = structlog.get_logger()


Look = Callable[[], Iterator[Finding]]

MOST = 4000
"""Characters of what is told: the longest key's record has half of it."""


def examine() -> Iterator[Finding]:
    """Each finding as it is known; a minute or two at most, where nothing answers."""
    names = Names(settings.DNS_SERVER)
    looks: dict[Area, list[Look]] = {
        Area.MACHINE: [configured.examine, machine.files, machine.disk, clock.examine],
        Area.STORES: [stores.database, stores.broker, stores.workers],
        Area.RELAYS: [partial(_relays, names), inbox.examine],
        Area.DNS: [partial(_senders, names)],
        Area.PAGES: [partial(pages.examine, names)],
        Area.BACKUPS: [backups.examine],
    }
    for area, each in looks.items():
        for look in each:
            yield from (fit_to_tell(one, area) for one in _looked(area, look))


def fit_to_tell(found: Finding, area: Area) -> Finding:
    """Names, records and answers of other machines are in it: whatever they say, a terminal and
    the database take it, and it does not fill a page."""
    about, words, mend = (printable(said)[:MOST] for said in (found.about, found.words, found.mend))
    return Finding(about, found.grade, words, mend, area=area)


def _looked(area: Area, look: Look) -> Iterator[Finding]:
    """What one look finds; where it fails, that it did: the others go on."""
    about = f"{area[0].upper()}{area[1:]}"
    try:
        yield from look()
    except Error:
        connection.close()
        yield unknown(about, "Not all could be looked at, for that needs the database.")
    except Exception as problem:
        log.exception("could not examine", area=area.value)
        yield unknown(
            about,
            f"Not all could be looked at ({type(problem).__name__}): a fault of the program.",
            "Report it, with what the log says of it.",
        )


def _relays(names: Names) -> Iterator[Finding]:
    if settings.MAILBOX_IS_RELAY:
        yield unknown(
            "Relay", "The built-in mailbox keeps all mail: nothing leaves this machine.",
            "To send, set SMTP_URL.",
        )  # fmt: skip
        return
    for route in _routes():
        yield from relays.examine(names, route, _envelopes())


def _senders(names: Names) -> Iterator[Finding]:
    if not settings.MAILBOX_IS_RELAY:
        yield from _of_senders(names, _routes())
        yield from names.told()


def _routes() -> list[Route]:
    return [way.route for way in choosing.ways()]


def _written() -> list[str]:
    """Whom mails are from: each address as it stands in them."""
    topics = Topic.objects.filter(ended_at=None).order_by("slug")
    return [from_address(topic) for topic in topics] or [settings.FROM_ADDRESS]


def _envelopes() -> list[relays.Envelope]:
    """A sender at each domain that bounces go to, and an address of ours that it may try."""
    found: dict[str, relays.Envelope] = {}
    for one in _written():
        address = parseaddr(one)[1]
        domain = settings.BOUNCE_DOMAIN or domain_of(address)
        if not is_nobodys(domain_of(address)):
            found.setdefault(domain, (f"bounce+0-{'0' * 20}@{domain}", address))
    return list(found.values())


def _of_senders(names: Names, routes: list[Route]) -> Iterator[Finding]:
    places = list(_places(routes))
    own = list(_own_addresses(names, places))
    perhaps = [address for one in places for address in relays.perhaps(one)]
    for domain in dict.fromkeys(domain_of(parseaddr(one)[1]) for one in _written()):
        if is_nobodys(domain):
            yield _nobodys(domain)
        else:
            yield from _sender(names, domain, own, perhaps)


def _sender(names: Names, domain: str, own: list[str], perhaps: list[str]) -> Iterator[Finding]:
    signer, no_key = None, ""
    try:
        signer = signer_of(domain)
    except Refused as problem:
        no_key = str(problem)
    bounces = settings.BOUNCE_DOMAIN or domain
    sender = senders.Sender(domain, bounces, own, signer, no_key=no_key, perhaps=perhaps)
    yield from senders.examine(names, sender)


def _nobodys(domain: str) -> Finding:
    mend = "Set FROM_ADDRESS, or the topic's sender, to an address of yours."
    about = f"From of {domain}"
    if settings.RELAY_ON_LOOPBACK:
        return unknown(about, "It is nobody's, which will do while no mail leaves here.", mend)
    return bad(about, "That domain is nobody's; mails from it are refused.", mend)


def _places(routes: list[Route]) -> Iterator[Relay]:
    for route in routes:
        with suppress(ValueError):
            if isinstance(place := carriers.relay_of(route), Relay):
                yield place


def _own_addresses(names: Names, places: list[Relay]) -> Iterator[str]:
    for place in places:
        with suppress(Unanswered):
            yield from relays.addresses(names, place)
