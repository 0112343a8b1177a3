"""Whom the doctor asks what the world sees: a domain's own name servers, before all others."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.nameserver import Zone, serving
from workers.doctor import names as names_
from workers.doctor.finding import Grade
from workers.doctor.names import Names, Unanswered

SOA = ["ns1.example.net. ops.example.org. 1 3600 600 86400 60"]
STALE, NOW = '"v=spf1 -all"', '"v=spf1 mx -all"'
KNOWN_TO_ALL: Zone = {
    ("example.org", "SOA"): SOA,
    ("example.org", "NS"): ["ns1.example.net."],
    ("ns1.example.net", "A"): ["127.0.0.2"],
    ("example.org", "TXT"): [STALE],
    ("gone.example.org", "TXT"): [STALE],
    ("key.provider.example", "TXT"): ['"v=DKIM1; p=abc"'],
    ("s1._domainkey.example.org", "TXT"): ['"v=DKIM1; p=abc"'],
}
OWN: Zone = {
    ("example.org", "SOA"): SOA,
    ("example.org", "TXT"): [NOW],
    ("new.example.org", "TXT"): [NOW],
    ("s1._domainkey.example.org", "CNAME"): ["key.provider.example."],
}


@contextmanager
def a_world(own: Zone = OWN, *, silent: bool = False) -> Iterator[Names]:
    """A name server that remembers what was, and the domain's own, at the same port."""
    with serving(own, host="127.0.0.2", silent=silent) as theirs:
        port = int(theirs.rpartition(":")[2])
        with serving(KNOWN_TO_ALL, port=port) as server:
            yield Names(server, world=True)


def test_what_a_domains_own_name_servers_say_holds_whatever_others_remember() -> None:
    with a_world() as names:
        assert names.texts("example.org") == [NOW.strip('"')]
        assert names.texts("new.example.org") == [NOW.strip('"')]
        assert names.texts("gone.example.org") == []
        (told,) = names.told()
    assert (told.grade, "ns1.example.net" in told.words) == (Grade.WELL, True)


def test_a_name_that_leads_to_another_zone_is_followed_there() -> None:
    with a_world() as names:
        assert names.texts("s1._domainkey.example.org") == ["v=DKIM1; p=abc"]


@pytest.mark.parametrize("silent", [True, False])
def test_where_they_can_t_be_asked_the_machines_own_are_and_that_is_said(
    silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names_, "LONGEST", 2.0)  # half of it is what a silent one costs
    with a_world({}, silent=silent) as names:
        assert names.texts("example.org") == [STALE.strip('"')]
        (told,) = names.told()
    assert (told.grade, bool(told.mend)) == (Grade.UNKNOWN, True)


def test_a_server_that_was_named_is_asked_alone() -> None:
    with a_world() as _, serving(KNOWN_TO_ALL) as server:
        names = Names(server)
        assert names.texts("example.org") == [STALE.strip('"')]
        assert list(names.told()) == []


def test_a_machine_without_name_servers_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_args: object, **_more: object) -> object:
        raise names_.dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(names_.dns.resolver.Resolver, "read_resolv_conf", none)
    monkeypatch.setattr(names_, "LONGEST", 0.2)
    with pytest.raises(Unanswered):
        Names().texts("example.org")
