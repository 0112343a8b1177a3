"""The relays: whether they let us in, and what the world sees of those that are our own."""

from collections.abc import Iterator

from workers.doctor import ports
from workers.doctor.finding import Finding, bad, look, unknown, well
from workers.doctor.names import Names, Unanswered
from workers.feedback.providers import provider_at
from workers.https.account import Account
from workers.relay import Relay, Security, on_loopback
from workers.routes import carriers
from workers.routes.look import look as look_at
from workers.routes.models import Route


def examine(names: Names, route: Route) -> Iterator[Finding]:
    """A route's server: reached, signed in, secure; and its name, where it is a relay of ours."""
    about = f"Route {route.name}"
    try:
        place = carriers.relay_of(route)
    except ValueError as problem:
        yield bad(about, f"Its address can't be used: it {problem}.", f"digest route set "
                  f"{route.name} --url -")  # fmt: skip
        return
    seen = look_at(place)
    if not seen.trouble:
        yield well(about, f"{seen.told}.")
    elif isinstance(place, Account):
        yield bad(about, f"{seen.trouble}.", "Mend the key, or the address in SMTP_URL.")
    else:
        yield bad(about, f"{seen.trouble}.", ports.way_out(place, seen.trouble))
    if isinstance(place, Relay):
        yield from _secure(about, place)
        yield from called(names, place)


def _secure(about: str, relay: Relay) -> Iterator[Finding]:
    if relay.security is Security.NONE and not on_loopback(relay.host):
        yield look(
            f"{about}: TLS",
            "Mail goes to it in the clear: whoever is between can read addresses and links.",
            "Add ?starttls=1 to its address, or begin it with smtps://",
        )


def addresses(names: Names, relay: Relay) -> list[str]:
    """From which mail of a relay of ours leaves, as its name tells; none of a provider's, which
    sends from others, and none of this machine's own, which only the world knows."""
    if provider_at(relay.host) or on_loopback(relay.host):
        return []
    return names.addresses(relay.host)


def called(names: Names, relay: Relay) -> Iterator[Finding]:
    """PTR, and that it leads back (RFC 1912 2.1): receivers refuse mail of nameless addresses."""
    about = f"Reverse DNS of {relay.host}"
    try:
        for address in addresses(names, relay):
            known_as = names.hosts(address)
            if not known_as:
                yield bad(about, f"{address} has no name (PTR).", "Have its host set one.")
            elif not any(address in names.addresses(name) for name in known_as):
                yield bad(
                    about,
                    f"{address} is called {known_as[0]}, which does not lead back to it.",
                    "Let the name have that address, or the address another name.",
                )
            else:
                yield well(about, f"{address} is called {known_as[0]}, and that leads back to it.")
    except Unanswered as problem:
        yield unknown(about, f"{problem}.", "Look again when the name servers answer.")
