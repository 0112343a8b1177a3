"""SPF (RFC 7208): the record of an envelope sender's domain, and whether it names a relay."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from workers.doctor.names import Names

MOST = 10
"""Questions that a record may cost those who read it (4.6.4)."""

_ASKS = {"include", "a", "mx", "ptr", "exists"}


class Broken(Exception):
    """Receivers can't use the record; the message says in words why."""


@dataclass
class Read:
    """A record and those that it includes, as far as addresses go."""

    record: str
    ending: str = ""  # "-all", "~all" …
    asks: int = 0
    networks: list[str] = field(default_factory=list)

    def names(self, address: str) -> bool:
        """Whether mail from this address passes."""
        found = ip_address(address)
        return any(found in ip_network(one, strict=False) for one in self.networks)


def record_of(names: Names, domain: str) -> str:
    """The domain's record; "" where it has none. Broken where it has several (4.5)."""
    found = [text for text in names.texts(domain) if text.lower().split(" ")[0] == "v=spf1"]
    if len(found) > 1:
        raise Broken(f"{domain} has {len(found)} SPF records; receivers then use none")
    return found[0] if found else ""


def read(names: Names, domain: str) -> Read | None:
    """The record with all that it includes; None where there is none."""
    record = record_of(names, domain)
    return read_text(names, domain, record) if record else None


def read_text(names: Names, domain: str, record: str) -> Read:
    """The same of a record that stands there, or is to."""
    made = Read(record)
    _follow(names, domain, record, made, is_own=True)
    return made


def _follow(names: Names, domain: str, record: str, made: Read, *, is_own: bool) -> None:
    terms = [(term, *_term(term)) for term in record.split()[1:]]
    ends = any(name == "all" for _, name, _ in terms)
    for term, name, value in terms:
        sign = term[0] if term[0] in "+-~?" else "+"
        if name in _ASKS or name == "redirect":
            made.asks += 1
            if made.asks > MOST:
                raise Broken(f"it asks for more than {MOST} look-ups, at which receivers give up")
        if name == "all":  # what stands behind it is passed over (5.1)
            made.ending = f"{sign}all" if is_own else made.ending
            break
        if name == "include":
            _include(names, value, made)
        elif name == "redirect" and not ends:  # else it is not heeded (6.1)
            _include(names, value, made, is_own=is_own)
        elif sign == "+":
            made.networks += _networks(names, name, value, domain, term)


def _include(names: Names, domain: str, made: Read, *, is_own: bool = False) -> None:
    record = record_of(names, domain)
    if not record:
        raise Broken(f"it includes {domain}, which has no SPF record")
    _follow(names, domain, record, made, is_own=is_own)


def _term(term: str) -> tuple[str, str]:
    """``-include:example.net`` as (include, example.net), ``a/24`` as (a, /24)."""
    bare = term.lstrip("+-~?")
    for mark in "=:":
        name, found, value = bare.partition(mark)
        if found:
            return name.lower(), value
    name, slash, lengths = bare.partition("/")
    return name.lower(), slash + lengths


_HOST = re.compile(r"(?P<host>[^/]*)(?P<four>/\d+)?(?P<six>//\d+)?")


def _networks(names: Names, name: str, value: str, domain: str, term: str) -> list[str]:
    """What it names; around each address of a host, where it says how far (5.3: ``a/24//64``)."""
    found = _HOST.fullmatch(value)
    if name in {"ip4", "ip6"}:
        networks = [value]
    elif found is None:
        raise Broken(f"{term} can't be read")
    else:
        four, six = found["four"] or "", (found["six"] or "")[1:]
        hosts = _addresses(names, name, found["host"] or domain)
        networks = [one + (six if ":" in one else four) for one in hosts]
    try:
        for one in networks:
            ip_network(one, strict=False)
    except ValueError:
        raise Broken(f"{term} is no network") from None
    return networks


def _addresses(names: Names, name: str, host: str) -> Iterable[str]:
    if name == "a":
        return names.addresses(host)
    if name == "mx":
        return (one for exchanger in names.exchangers(host) for one in names.addresses(exchanger))
    return []
