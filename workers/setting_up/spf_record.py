"""The SPF record that a domain is to have: what stands there today, with our relay in it."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from workers.doctor import spf
from workers.doctor.finding import Finding, look, unknown
from workers.doctor.names import Names, Unanswered
from workers.setting_up.record import Record, Standing
from workers.setting_up.sending import Sending, is_address


def wanted(names: Names, sending: Sending) -> Iterator[Record | Finding]:
    domain = sending.bounces
    if sending.place is None or sending.leads_away:
        return
    if not (mechanisms := _mechanisms(sending)):
        yield unknown(
            f"SPF of {domain}",
            "From which addresses this relay sends, only its operator knows.",
            f"Add what they name to the TXT record at {domain} that begins with v=spf1.",
        )
        return
    why = f"SPF: lets receivers see that your relay may send for {domain}."
    if sending.is_here:
        why += f" It is this machine, so {sending.pages} must lead here and to nothing in between."
    elif sending.is_anothers:
        why += (
            f" What {sending.own_host} takes may leave by other servers: where its operator names "
            "something else for SPF, write that in its place."
        )
    try:
        there = published(names, domain)
    except Unanswered:
        why += " If one stands there already, add what is new in this to it: two make both void."
        yield Record(domain, "TXT", merged([], mechanisms), why, Standing.UNKNOWN)
        return
    yield from _beside(names, domain, there, mechanisms, why)


def _beside(
    names: Names, domain: str, there: list[str], mechanisms: list[str], why: str
) -> Iterator[Record | Finding]:
    """In place of what is there: a second record would make both void."""
    old = " and ".join(there)
    try:
        if len(there) == 1 and names_them(names, domain, old, mechanisms):
            yield Record(domain, "TXT", old, why, Standing.THERE)
            return
    except (spf.Broken, Unanswered):
        pass  # told of what is to stand there, below
    record = merged(there, mechanisms)
    if trouble := _trouble(names, domain, record):
        shorter = merged(there, by_address(names, mechanisms))
        if not _trouble(names, domain, shorter):
            record, trouble = shorter, ""
    state = Standing.OTHER if there else Standing.MISSING
    yield Record(domain, "TXT", record, why, state, old)
    if trouble:
        yield look(
            f"SPF of {domain}", f"As it would stand there {trouble}.", _mend(domain, trouble)
        )


def _mend(domain: str, trouble: str) -> str:
    if "more than" not in trouble:
        return "Mend what the words name: receivers can't use the record before."
    return (
        "Take out what you no longer use, or give bounces a domain of their own: digest init "
        f"--bounce-domain bounces.{domain}"
    )


def _trouble(names: Names, domain: str, record: str) -> str:
    try:
        spf.read_text(names, domain, record)
    except (spf.Broken, Unanswered) as problem:
        return str(problem)
    return ""


def _mechanisms(sending: Sending) -> list[str]:
    """By which an SPF record names the relay; none where it can't be known."""
    if include := sending.ways.include:
        return [f"include:{include}"]
    if host := sending.own_host:
        return [of_address(host) if is_address(host) else f"a:{host}"]
    return []


def merged(records: Sequence[str], mechanisms: Sequence[str]) -> str:
    """One record of all these, which says what they say and lets our relay send as well. Where they
    disagree on all others, the mild ``~all`` speaks of these."""
    terms = dict.fromkeys(term for record in records for term in _heeded(record))
    ends = [term for term in terms if _ends(term)]
    others = [term for term in terms if not _ends(term)]
    if len(ends) != 1:
        others += [one.replace("redirect=", "include:") for one in ends if "redirect=" in one]
        ends = ["~all"]
    new = [one for one in mechanisms if not _stands(one, others)]
    return " ".join(["v=spf1", *others, *new, *ends])


def published(names: Names, domain: str) -> list[str]:
    """The SPF records there; more than one is as good as none (RFC 7208 4.5)."""
    found = [text for text in names.texts(domain) if text.lower().split(" ")[0] == "v=spf1"]
    return sorted(found)


def names_them(names: Names, domain: str, record: str, mechanisms: Sequence[str]) -> bool:
    """Whether mail by these mechanisms passes already: word by word, or by the addresses that the
    record leads to."""
    terms = _heeded(record)
    left = [one for one in mechanisms if not _stands(one, terms)]
    if not left:
        return True
    wanted = [_addresses(names, one) for one in left]
    if not all(wanted):
        return False
    read = spf.read_text(names, domain, record)
    return all(read.names(address) for some in wanted for address in some)


def by_address(names: Names, mechanisms: Sequence[str]) -> list[str]:
    """The same without a look-up: addresses in place of names, where these lead to any."""
    made: list[str] = []
    for one in mechanisms:
        found = _addresses(names, one)
        made += [of_address(address) for address in found] or [one]
    return made


def of_address(address: str) -> str:
    return f"ip6:{address}" if ip_address(address).version == 6 else f"ip4:{address}"


def _addresses(names: Names, mechanism: str) -> list[str]:
    kind, _, value = mechanism.partition(":")
    if kind in {"ip4", "ip6"}:
        return [value]
    return names.addresses(value) if kind == "a" else []


def _stands(mechanism: str, terms: Sequence[str]) -> bool:
    return mechanism.lower() in {term.lower().lstrip("+") for term in terms}


def _heeded(record: str) -> list[str]:
    """Its terms but for those that receivers pass over: a redirect beside an all (RFC 7208 6.1),
    and what stands behind the all (5.1)."""
    terms = record.split()[1:]
    for at, term in enumerate(terms):
        if term.lower().lstrip("+-~?") == "all":
            last = [one for one in terms[at + 1 :] if one.lower().startswith("exp=")]
            return [*(one for one in terms[: at + 1] if "redirect=" not in one.lower()), *last]
    return terms


def _ends(term: str) -> bool:
    return term.lower().lstrip("+-~?").startswith(("all", "redirect="))
