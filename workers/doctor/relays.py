"""The relays: whether they let us in, and what the world sees of those that are our own."""

import dataclasses
import datetime as dt
import smtplib
import ssl
from collections.abc import Iterator, Sequence

from workers.doctor import certificates, own_address, ports
from workers.doctor.finding import Finding, amiss, bad, look, unknown, well
from workers.doctor.names import Names, Unanswered
from workers.domains import domain_of
from workers.feedback.providers import provider_at
from workers.relay import Relay, Security, on_loopback
from workers.routes import carriers
from workers.routes.look import look as look_at
from workers.routes.models import Route
from workers.setting_up.trying import Fault, tried

PATIENCE = 5.0
"""Seconds for each answer, when its certificate is looked at."""


Envelope = tuple[str, str]
"""A sender and a recipient, for a trial."""


def examine(names: Names, route: Route, envelopes: Sequence[Envelope] = ()) -> Iterator[Finding]:
    """A route's server: reached, signed in, secure; whether it takes mail from such senders; and
    its name, where it is a relay of ours."""
    about = f"Route {route.name}"
    try:
        place = carriers.relay_of(route)
    except ValueError as problem:
        yield bad(about, f"Its address can't be used: it {problem}.", f"digest route set "
                  f"{route.name} --url -")  # fmt: skip
        return
    if isinstance(place, Relay):
        yield from _of_relay(names, about, place, envelopes)
    elif (seen := look_at(place)).trouble:
        yield bad(about, f"{seen.trouble}.", "Mend the key, or the address in SMTP_URL.")
    else:
        yield well(about, f"{seen.told}.")


def _of_relay(
    names: Names, about: str, relay: Relay, envelopes: Sequence[Envelope]
) -> Iterator[Finding]:
    trials = [(sender, tried(relay, sender, recipient)) for sender, recipient in envelopes[:1]]
    if trials and trials[0][1].fault not in {None, Fault.SENDER, Fault.RECIPIENT}:
        yield dataclasses.replace(trials[0][1].finding, about=about)
    elif (seen := look_at(relay)).trouble:
        yield bad(about, f"{seen.trouble}.", ports.way_out(relay, seen.trouble))
    else:
        yield well(about, f"{seen.told}.")
        trials += [(sender, tried(relay, sender, to)) for sender, to in envelopes[1:]]
        for sender, trial in trials:
            yield dataclasses.replace(trial.finding, about=f"{about}: from {domain_of(sender)}")
        yield from _secure(about, relay)
    yield from called(names, relay)


def _secure(about: str, relay: Relay) -> Iterator[Finding]:
    if relay.security is Security.NONE and not on_loopback(relay.host):
        yield look(
            f"{about}: TLS",
            "Mail goes to it in the clear: whoever is between can read addresses and links.",
            "Add ?starttls=1 to its address, or begin it with smtps://",
        )
    elif relay.security is not Security.NONE and (until := _certificate(relay)):
        yield certificates.judged(
            relay.host, until, "nothing is sent then", "Its operator must renew it."
        )


def _certificate(relay: Relay) -> dt.datetime | None:
    """When it ends; None where it can't be seen, which the look has told of."""
    try:
        if relay.security is Security.IMPLICIT:
            context = relay.tls_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                relay.host, relay.port, timeout=PATIENCE, context=context
            )
        else:
            server = smtplib.SMTP(relay.host, relay.port, timeout=PATIENCE)
            server.starttls(context=relay.tls_context())
        with server:
            return certificates.end(server.sock) if isinstance(server.sock, ssl.SSLSocket) else None
    except (OSError, smtplib.SMTPException):
        return None


def addresses(names: Names, relay: Relay) -> list[str]:
    """From which mail of a relay of ours leaves, as its name tells; none of a provider's, which
    sends from others, and none of this machine's own, which only the world knows."""
    if provider_at(relay.host) or on_loopback(relay.host):
        return []
    return names.addresses(relay.host)


def perhaps(relay: Relay) -> list[str]:
    """From which mail of a relay on this machine leaves, unless it passes it on to another."""
    return own_address.public() if on_loopback(relay.host) else []


def called(names: Names, relay: Relay) -> Iterator[Finding]:
    """PTR, and that it leads back (RFC 1912 2.1): receivers refuse mail of nameless addresses."""
    about = f"Reverse DNS of {relay.host}"
    try:
        for address in addresses(names, relay):
            yield _name_of(names, about, address)
        for address in perhaps(relay):
            found = _name_of(names, about, address)
            if amiss(found):
                said = f"{found.words} That matters unless the relay passes mail on to another."
                found = look(about, said, found.mend)
            yield found
    except Unanswered as problem:
        yield unknown(about, f"{problem}.", "Look again when the name servers answer.")


def _name_of(names: Names, about: str, address: str) -> Finding:
    known_as = names.hosts(address)
    if not known_as:
        return bad(about, f"{address} has no name (PTR).", "Have its host set one.")
    if not any(address in names.addresses(name) for name in known_as):
        return bad(
            about,
            f"{address} is called {known_as[0]}, which does not lead back to it.",
            "Let the name have that address, or the address another name.",
        )
    return well(about, f"{address} is called {known_as[0]}, and that leads back to it.")
