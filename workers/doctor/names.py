"""DNS as receivers see it: few kinds of question, answered or said why not."""

from ipaddress import ip_address

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
import dns.reversename

LONGEST = 5.0
"""Seconds for a question, over all name servers."""


class Unanswered(Exception):
    """No name server answers; the message says in words which question."""


class Names:
    """Asks the machine's name servers, or the one at ``server`` ("192.0.2.1:5353")."""

    def __init__(self, server: str = "") -> None:
        self._resolver = dns.resolver.Resolver(configure=not server)
        if server:
            host, _, port = server.rpartition(":") if ":" in server else (server, "", "53")
            self._resolver.nameservers, self._resolver.port = [host], int(port)
        self._resolver.lifetime = LONGEST
        self._heard: dict[tuple[str, str], list[str]] = {}

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
        if key not in self._heard:
            self._heard[key] = self._asked(*key)
        return self._heard[key]

    def _asked(self, name: str, kind: str) -> list[str]:
        try:
            answer = self._resolver.resolve(name, kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.EmptyLabel):
            return []
        except (dns.name.LabelTooLong, dns.name.NameTooLong, UnicodeError):
            return []
        except (dns.exception.DNSException, OSError) as problem:
            raise Unanswered(
                f"no name server answers for {kind} of {name} ({type(problem).__name__})"
            ) from None
        if kind == "TXT":
            return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]
        if kind == "MX":
            rows = sorted(answer, key=lambda row: row.preference)
            return [row.exchange.to_text(omit_final_dot=True) for row in rows]
        return [row.to_text().rstrip(".") for row in answer]
