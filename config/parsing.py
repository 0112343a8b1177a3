"""How the text of a setting becomes its value; ValueError says in words why it can't."""

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from digest.international import in_ascii

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def switch(text: str) -> bool:
    words = {
        "1": True,
        "true": True,
        "on": True,
        "yes": True,
        "0": False,
        "false": False,
        "off": False,
        "no": False,
        "": False,
    }
    try:
        return words[text.strip().lower()]
    except KeyError:
        raise ValueError("is neither on nor off") from None


def rate(text: str) -> float | None:
    if text.strip().lower() in {"", "unlimited"}:
        return None
    try:
        rate = float(text)
    except ValueError:
        raise ValueError("is no number") from None
    if not 0 < rate < 1_000_000:
        raise ValueError("is not between 0 and 1,000,000")
    return rate


def url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text and text.partition("://")[0] not in schemes:
            raise ValueError(f"does not begin with {' or '.join(s + '://' for s in schemes)}")
        _parts(text)
        return text

    return read


def _parts(text: str) -> SplitResult:
    """The address in its parts; ValueError in words where its host or port makes no sense."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("has a host or port that can't be read") from None
    return parts


def database_url(text: str) -> str:
    url("postgres", "postgresql", "sqlite")(text)
    if text.startswith("postgres") and not _parts(text).path.strip("/"):
        raise ValueError("names no database after its host")
    return text


def smtp_url(text: str) -> str:
    from workers.where import where

    if text:
        where(text)
    return text


def leads_to_loopback(url: str) -> bool:
    """Whether mail that is handed over there stays on this machine."""
    from workers.where import where

    return is_loopback(where(url).host)


def provider(text: str) -> str:
    from workers.feedback.providers import Provider

    return one_of("", *Provider)(text)


def hooks(text: str) -> dict[str, tuple[str, ...]]:
    from workers.feedback.secrets import secrets

    return secrets(text)


def inbound_url(text: str) -> str:
    from workers.inbound.source import from_url

    if text:
        from_url(text)
    return text


def base_url(text: str) -> str:
    parts = _parts(text)
    if not text:
        return text
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is no http(s) address")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("has something after its host; the pages are served from the root")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must be https unless it is on loopback")
    if parts.username is not None:
        raise ValueError("has a user before its host, whom all readers would see")
    netloc = f"[{parts.hostname}]" if ":" in parts.hostname else in_ascii(parts.hostname)
    if parts.port:
        netloc += f":{parts.port}"
    return f"{parts.scheme}://{netloc}"


def networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip())
    except ValueError:
        raise ValueError("is no list of networks") from None


def limits(text: str) -> dict[str, str]:
    limits = dict(word.partition("=")[::2] for word in text.split())
    if sorted(limits) != ["all", "client", "domain", "network"]:
        raise ValueError("does not name client, network, domain and all, once each")
    if not all(re.fullmatch(r"[1-9]\d{0,8}/[smhd]", rate) for rate in limits.values()):
        raise ValueError("has a rate that is no number per s, m, h or d")
    return limits


def brake(text: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """(share in a million, at least so many) for bounces and for complaints."""
    found = {}
    for word in text.split():
        match = re.fullmatch(r"(bounces|complaints)=(\d{1,3}(?:\.\d{1,4})?)%/([1-9]\d{0,8})", word)
        if not match or match[1] in found:
            raise ValueError("is no share and least number of bounces and of complaints")
        share = round(float(match[2]) * 10_000)
        if not 0 < share <= 1_000_000:
            raise ValueError("has a share that is not above 0 and at most 100 %")
        found[match[1]] = share, int(match[3])
    if len(found) != 2:
        raise ValueError("does not name bounces and complaints, once each")
    return found["bounces"], found["complaints"]


def hosts(text: str) -> list[str]:
    return [host.strip() for host in text.split(",") if host.strip()]


def one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"is none of {', '.join(words)}")
        return text.lower()

    return read


def one_line(text: str) -> str:
    if any(mark in text for mark in "\r\n\0\x85\u2028\u2029"):
        raise ValueError("holds a line break")
    return text.strip()


def sender(text: str) -> str:
    from digest.errors import Refused
    from digest.sender import one_mailbox

    try:
        return one_mailbox(text)
    except Refused:
        raise ValueError("is not one address, with or without a name") from None


def addresses(text: str) -> list[str]:
    return [sender(one) for one in text.split(",") if one.strip()]


def token(text: str) -> str:
    if text and len(text) < 16:
        raise ValueError("has fewer than 16 characters")
    return one_line(text)


def domain(text: str) -> str:
    """As DNS takes it (RFC 1035 2.3.4)."""
    text = in_ascii(text)
    label = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    if text and (len(text) > 253 or not re.fullmatch(rf"(?:{label}\.)*{label}", text)):
        raise ValueError("is no domain")
    return text


def is_loopback(host: str) -> bool:
    """True for localhost and the loopback addresses (RFC 1122, RFC 4291)."""
    return host in {"localhost", "::1"} or host.startswith("127.")


def server(text: str) -> str:
    """A host, or host:port."""
    if text and not re.fullmatch(r"[A-Za-z0-9.-]+(:\d{1,5})?", text):
        raise ValueError("is no host, nor host:port")
    return text
