"""Who stands behind a source: several addresses and names of one house are one publisher."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from digest.parts import Source

_SECOND_LEVEL = {"ac", "co", "com", "edu", "gov", "ltd", "net", "nom", "or", "org", "sch"}
"""Before a country's two letters these are not a house's own name: bbc.co.uk, abc.net.au."""

_SHARED = {
    *("example.com", "example.net", "example.org", "blogspot.com", "github.io", "medium.com"),
    *("substack.com", "tumblr.com", "wordpress.com"),
}
"""Hosts of many houses, each under a name of its own."""


def site(url: str) -> str:
    """The registrable domain: ``news.bbc.co.uk`` is ``bbc.co.uk``."""
    labels = (urlsplit(url).hostname or "").split(".")
    deep = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    if deep or ".".join(labels[-2:]) in _SHARED:
        return ".".join(labels[-3:])
    return ".".join(labels[-2:])


def page(url: str) -> str:
    """The address without what doesn't change the page: scheme, www, query, slash at the end."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return f"{(parts.hostname or '').removeprefix('www.')}{path}" if path else ""


def told_by(sources: Iterable[Source]) -> list[str]:
    """Each source as ``name|site``, without doubles."""
    return list(dict.fromkeys(f"{_plain(one.name)}|{site(one.url)}" for one in sources))


def independent(told: Iterable[str]) -> int:
    """How many of these are independent: neither of one name nor of one site."""
    houses: list[set[str]] = []
    for one in told:
        name, _, where = one.rpartition("|")
        same = {f"name {name}", f"site {where}"} if where else {f"name {name}"}
        joined = [house for house in houses if house & same]
        houses = [house for house in houses if not house & same]
        houses.append(same.union(*joined))
    return len(houses)


def _plain(name: str) -> str:
    words = name.casefold().replace("|", " ").split()
    return " ".join(words[1:] if words[:1] == ["the"] and len(words) > 1 else words)
