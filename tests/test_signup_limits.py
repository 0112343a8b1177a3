"""How many may sign up in a while, from one place, to one domain and in all."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from digest.models import Topic
from subscribers.models import Subscriber
from subscribers.requested import SignupRequest

pytestmark = pytest.mark.both_databases


@pytest.fixture
def few(settings: Any) -> Iterator[None]:
    """Three an hour from one place; counted from nothing."""
    settings.SIGNUP_LIMITS = {"client": "3/h", "network": "5/h", "domain": "7/h", "all": "20/h"}
    cache.clear()
    yield
    cache.clear()


@pytest.mark.parametrize(
    ("places", "most"),
    [
        (["203.0.113.7"] * 9, 3),
        (["2001:db8::1", "2001:db8::2", "2001:db8::ffff:3", "2001:db8::4"], 3),  # one /64
        ([f"203.0.113.{n}" for n in range(9)], 5),
        ([f"2001:db8:0:{n}::1" for n in range(9)], 5),  # one /48
        ([f"203.0.{n}.1" for n in range(9)], 7),  # one mail domain
        (["::ffff:203.0.113.7", "203.0.113.7"] * 3, 3),
    ],
)
def test_too_many_from_one_place_or_to_one_domain_are_told_to_wait(
    client: Client, pivot: Topic, few: None, places: list[str], most: int
) -> None:
    answers = [
        client.post(
            "/subscribe/",
            {"address": f"bea{n}@example.org", "topic": pivot.slug},
            REMOTE_ADDR=place,
        )
        for n, place in enumerate(places)
    ]
    assert [one.status_code for one in answers] == [200] * most + [429] * (len(places) - most)
    assert SignupRequest.objects.count() == most
    last = answers[-1]
    assert 0 < int(last.headers["Retry-After"]) <= 3600
    page = last.content.decode()
    assert re.search(r"Nothing was kept; try again in \d+ minutes?\.", page)
    assert f'value="bea{len(places) - 1}@example.org"' in page


def test_there_is_a_limit_to_all_of_them_together(client: Client, pivot: Topic, few: None) -> None:
    answers = [
        client.post(
            "/subscribe/",
            {"address": f"bea@{n}.example.org", "topic": pivot.slug},
            REMOTE_ADDR=f"203.0.{n}.1",
        ).status_code
        for n in range(22)
    ]
    assert answers == [200] * 20 + [429] * 2


def test_over_the_limit_a_known_address_is_told_what_a_stranger_is(
    client: Client, ann: Subscriber, few: None
) -> None:
    pages = []
    for address in ("ann@example.org", "new@example.org"):
        for _ in range(4):
            place = "203.0.113.7" if "ann" in address else "198.51.100.7"
            answer = client.post("/subscribe/", {"address": address}, REMOTE_ADDR=place)
        page = re.sub(r"in \d+ minutes?", "", answer.content.decode()).replace(address, "")
        pages.append((answer.status_code, page))
    assert pages[0] == pages[1]
    assert pages[0][0] == 429


def test_where_a_proxy_is_trusted_its_word_counts_and_nobody_else_s(
    client: Client, pivot: Topic, few: None, settings: Any
) -> None:
    def answer(place: str, forwarded: str) -> int:
        fields = {"address": f"bea@{forwarded.strip()[-2:]}.example.org", "topic": pivot.slug}
        answered = client.post(
            "/subscribe/", fields, REMOTE_ADDR=place, headers={"X-Forwarded-For": forwarded}
        )
        return answered.status_code

    invented = [f"198.51.100.1{n}" for n in range(5)]
    assert [answer("203.0.113.7", one) for one in invented][3:] == [429, 429]
    settings.TRUSTED_PROXIES = (ipaddress.ip_network("10.0.0.0/8"),)
    through = [f"{one}, 192.0.2.10, 10.0.0.3" for one in invented]
    assert [answer("10.0.0.2", one) for one in through][3:] == [429, 429]
