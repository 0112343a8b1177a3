"""DNS as receivers see it: few kinds of question, answered or said why not."""

from collections.abc import Iterator
from ipaddress import ip_address

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
import dns.reversename

from workers.doctor.finding import Finding, unknown, well

LONGEST = 5.0
"""Seconds for a question, over all name servers."""

ENOUGH = 2
"""Questions without an answer, after which nobody waits for more."""

MOST = 3
"""Of a zone's own name servers that are asked."""


class Unanswered(Exception):
    """No name server answers; the message says in words which question."""


def _of_this_machine() -> dns.resolver.Resolver:
    """The name servers that it is set to; where there are none, one that does not answer."""
    try:
        return dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        none = dns.resolver.Resolver(configure=False)
        none.nameservers, none.port = ["127.0.0.1"], 1
        return none


class Names:
    """Asks a domain's own name servers, which say what is so now: others may remember for hours
    what was, or have a view of their own. Where these can't be asked, the machine's.

    Or the one at ``server`` ("192.0.2.1:5353") alone; ``world``: that in place of the machine's.
    """

    def __init__(self, server: str = "", *, world: bool = False) -> None:
        self._resolver = (
            _of_this_machine() if not server else dns.resolver.Resolver(configure=False)
        )
        if server:
            host, _, port = server.rpartition(":") if ":" in server else (server, "", "53")
            self._resolver.nameservers, self._resolver.port = [host], int(port)
        self._resolver.lifetime = LONGEST
        self._resolver.cache = dns.resolver.LRUCache()
        self._world = world or not server
        self._named = bool(server) and not world
        self._heard: dict[tuple[str, str], list[str]] = {}
        self._zones: dict[str, dns.resolver.Resolver | None] = {}
        self._silences = 0
        self._from_world: set[str] = set()

    def told(self) -> Iterator[Finding]:
        """Whom the answers are from, where not from the one server that was named."""
        about = "Name servers"
        if self._from_world:
            who = ", ".join(sorted(self._from_world))
            yield well(about, f"Asked were the domains' own, as the world asks them: {who}.")
        elif self._heard and not self._named:
            yield unknown(
                about,
                "Only those of this machine could be asked: they may remember for hours what was, "
                "or have a view of their own.",
                "Let this machine ask others at port 53, or look from elsewhere too.",
            )

    def texts(self, name: str) -> list[str]:
        """The TXT records there, each in one piece; none where there is no such name."""
        return self._ask(name, "TXT")

    def exchangers(self, name: str) -> list[str]:
        """The hosts that take mail for a domain (MX), the most preferred first."""
        return self._ask(name, "MX")

    def addresses(self, name: str) -> list[str]:
        """IPv4 and IPv6."""
        return [*self._ask(name, "A"), *self._ask(name, "AAAA")]

    def hosts(self, address: str) -> list[str]:
        """What the address is called (PTR)."""
        name = dns.reversename.from_address(str(ip_address(address)))
        return self._ask(name.to_text(omit_final_dot=True), "PTR")

    def _ask(self, name: str, kind: str) -> list[str]:
        key = (name.rstrip(".").lower(), kind)
        if self._silences >= ENOUGH:
            raise Unanswered(f"No name server answered before; {kind} of {name} was not asked for")
        if key not in self._heard:
            self._heard[key] = self._asked(*key)
        return self._heard[key]

    def _asked(self, name: str, kind: str) -> list[str]:
        try:
            answer = self._answer(name, kind)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.EmptyLabel):
            return []
        except (dns.name.LabelTooLong, dns.name.NameTooLong, UnicodeError):
            return []
        except dns.exception.Timeout:
            self._silences += 1
            raise Unanswered(f"No name server answers in time for {kind} of {name}") from None
        except (dns.exception.DNSException, OSError) as problem:
            raise Unanswered(
                f"No name server answers for {kind} of {name} ({type(problem).__name__})"
            ) from None
        if kind == "TXT":
            return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]
        if kind == "MX":
            rows = sorted(answer, key=lambda row: row.preference)
            return [row.exchange.to_text(omit_final_dot=True) for row in rows]
        return [row.to_text().rstrip(".") for row in answer]

    def _answer(self, name: str, kind: str) -> dns.resolver.Answer:
        if own := self._own(name):
            try:
                return own.resolve(name, kind, search=False)
            except dns.resolver.NXDOMAIN:
                raise
            except dns.resolver.NoAnswer as none:
                if not none.kwargs["response"].answer:  # else a CNAME, to others' servers
                    raise
            except (dns.exception.DNSException, OSError):
                pass  # that port is shut, or they are down: others may remember
        return self._resolver.resolve(name, kind, search=False)

    def _own(self, name: str) -> dns.resolver.Resolver | None:
        """A zone's own name servers; None where they can't be told or asked."""
        if not self._world:
            return None
        try:
            zone = dns.resolver.zone_for_name(name, resolver=self._resolver).to_text()
        except (dns.exception.DNSException, OSError):
            return None
        if zone not in self._zones:
            self._zones[zone] = self._servers(zone)
        return self._zones[zone]

    def _servers(self, zone: str) -> dns.resolver.Resolver | None:
        own = dns.resolver.Resolver(configure=False)
        own.lifetime, own.port = LONGEST / 2, self._resolver.port
        try:
            there = [row.target.to_text() for row in self._resolver.resolve(zone, "NS")]
            found = [str(row) for host in there[:MOST] for row in self._resolver.resolve(host, "A")]
            own.nameservers = list(found[:MOST])
            own.resolve(zone, "SOA", search=False)
        except dns.exception.Timeout:  # shut, most likely: nobody waits for each of them
            self._world = False
            return None
        except (dns.exception.DNSException, OSError):
            return None
        self._from_world.update(host.rstrip(".") for host in there[:MOST])
        return own
