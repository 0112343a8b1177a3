"""Whose request it is, where web servers stand in front of the program."""

import ipaddress
from typing import Any

import pytest
from django.test import RequestFactory

from digest import visitors


def told(connection: str, forwarded: str = "") -> str:
    request = RequestFactory().get("/", REMOTE_ADDR=connection)
    if forwarded:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    return str(visitors.address(request) or "")


@pytest.fixture
def trusted(settings: Any) -> None:
    settings.TRUSTED_PROXIES = (
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_network("2001:db8:1::/48"),
    )


def test_without_a_trusted_proxy_the_connection_alone_counts() -> None:
    assert told("203.0.113.7", "198.51.100.1") == "203.0.113.7"
    assert told("::ffff:203.0.113.7") == "203.0.113.7"
    assert told("") == "", "a socket file has no address"


def test_a_web_server_on_this_machine_is_believed_without_being_named() -> None:
    for here in ("127.0.0.1", "::1"):
        assert told(here, "198.51.100.1, 203.0.113.7") == "203.0.113.7"


@pytest.mark.parametrize(
    ("connection", "forwarded", "client"),
    [
        ("10.0.0.2", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.2", "198.51.100.1, 203.0.113.7", "203.0.113.7"),  # the first is the client's word
        ("10.0.0.2", "198.51.100.1, 203.0.113.7, 10.0.0.3", "203.0.113.7"),
        ("2001:db8:1::5", "2001:db8:9::7", "2001:db8:9::7"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # nobody trusts this one
        ("10.0.0.2", "", "10.0.0.2"),
        ("10.0.0.2", "nonsense", ""),
        ("10.0.0.2", "203.0.113.7, '; drop", ""),
    ],
)
def test_a_trusted_proxy_is_believed_and_nobody_before_it(
    trusted: None, connection: str, forwarded: str, client: str
) -> None:
    assert told(connection, forwarded) == client


def test_what_is_in_one_s_own_network_is_near() -> None:
    near = [visitors.is_near(ipaddress.ip_address(one)) for one in ("127.0.0.1", "10.1.1.1", "::1")]
    far = [visitors.is_near(ipaddress.ip_address(one)) for one in ("203.0.113.7", "2001:db8::1")]
    assert all(near)
    assert not any(far)
