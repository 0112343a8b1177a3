"""The one door to the network: real sockets on loopback, and resolvers that lie."""

import gzip
import ipaddress
import itertools
import re
import socket
import ssl
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from digest.intake import addresses, fetch
from digest.intake.addresses import NoSuchSite, NotFetched, Private
from tests import certificates
from tests.sites import Site, forever, site

OWN = ipaddress.ip_network("127.0.0.1")
"""What these tests may fetch from; 127.0.0.2 is somebody else's."""


@pytest.fixture
def web(settings: Any) -> Iterator[Site]:
    """A site that may be fetched from, on 127.0.0.1."""
    settings.FETCH_NETWORKS = (OWN,)
    with site() as made:
        yield made


def leads(*answers: str) -> addresses.Resolve:
    """A resolver that gives one of these answers each time it is asked."""
    rest = iter(answers)
    return lambda _host, _port: [next(rest)]


# ---- what may be spoken to -----------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "localhost",
        "127.0.0.1.", "localhost.", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[2002:7f00:1::]", "[2002:a00:1::1]",
        "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::1]", "[fe80::1]", "[fc00::1]",
        "[fec0::1]", "[ff02::1]", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.0.1", "198.18.0.1", "203.0.113.7", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "[2001:db8::1]", "[2001:0:7f00:1::]", "１２７.0.0.1", "127。0。0。1",
    ],
)  # fmt: skip
def test_no_private_address_is_spoken_to_however_it_is_spelled(host: str) -> None:
    with pytest.raises((Private, NoSuchSite)) as problem:
        fetch.fetch(f"http://{host}/", seconds=2)
    if not re.search(r"[^\d.\[\]a-f:]", host):
        assert problem.type is Private


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"]
)
def test_public_addresses_are_public_those_behind_nat64_too(address: str) -> None:
    assert addresses.is_public(address)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/hosts", "no http(s) address"),
        ("ftp://example.org/", "no http(s) address"),
        ("gopher://127.0.0.1:6379/_x", "no http(s) address"),
        ("http:///x", "no http(s) address"),
        ("http://user:secret@example.org/", "names a user"),
        ("http://example.org@127.0.0.1/", "names a user"),
        ("http://example.org:99999/", "no address that can be read"),
        ("http://[::1/", "no address that can be read"),
        (f"http://{'a' * 300}.example.org/", "host name"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_in_words(url: str, why: str) -> None:
    with pytest.raises(NotFetched, match=re.escape(why)):
        fetch.fetch(url)


def test_a_name_is_refused_if_one_of_its_addresses_is_private() -> None:
    with pytest.raises(Private):
        fetch.fetch(
            "http://both.example.org/", resolve=lambda _h, _p: ["93.184.215.14", "127.0.0.1"]
        )


def test_the_webs_ports_alone_are_spoken_to_on_the_public_internet() -> None:
    with pytest.raises(NotFetched, match="port 6379"):
        fetch.fetch("http://example.org:6379/", resolve=leads("93.184.215.14"))


def test_a_name_that_nobody_has_is_told_from_one_that_is_private() -> None:
    def nobody(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    with pytest.raises(NoSuchSite, match="does not exist"):
        fetch.fetch("http://gone.example.org/", resolve=nobody)


# ---- the address that was looked at is the one that is spoken to ----------------------------


def test_a_resolver_that_changes_its_answer_gets_nobody_to_another_address(web: Site) -> None:
    web.pages["/"] = (200, {}, b"mine")
    with site("127.0.0.2", web.port) as other:
        other.pages["/"] = (200, {}, b"theirs")
        resolve = leads("127.0.0.1", "127.0.0.2")
        answer = fetch.fetch(web.url(host="turning.example.org"), resolve=resolve)
        assert answer.body == b"mine"
        assert not other.asked
        with pytest.raises(Private):
            fetch.fetch(web.url(host="turning.example.org"), resolve=resolve)
        assert not other.asked


def test_a_redirect_is_looked_at_anew(web: Site) -> None:
    with site("127.0.0.2") as other:
        web.pages["/on"] = (302, {"Location": other.url(host="127.0.0.2")}, b"")
        with pytest.raises(Private):
            fetch.fetch(web.url("/on"))
        assert not other.asked


def test_a_redirect_to_a_file_is_refused(web: Site) -> None:
    web.pages["/on"] = (302, {"Location": "file:///etc/hosts"}, b"")
    with pytest.raises(NotFetched, match="no http"):
        fetch.fetch(web.url("/on"))


def test_what_begins_outside_is_not_led_into_a_network_of_ones_own(
    settings: Any,
) -> None:
    """Only who names an address within it may fetch from there."""
    trip = fetch._Trip(leads("93.184.215.14", "127.0.0.1"), (OWN,), time.monotonic() + 5, True)
    trip._asked = lambda *_: (fetch.Fetched("", 302), "")  # type: ignore[method-assign]
    trip.ask("http://outside.example.org/", "GET", {})
    with pytest.raises(Private):
        trip.ask("http://inside.example.org/", "GET", {})


def test_five_redirects_are_followed_and_a_sixth_is_not(web: Site) -> None:
    for hop in range(6):
        web.pages[f"/{hop}"] = (302, {"Location": f"/{hop + 1}"}, b"")
    web.pages["/6"] = (200, {}, b"there")
    assert fetch.fetch(web.url("/1")).body == b"there"
    with pytest.raises(NotFetched, match="more than 5 times"):
        fetch.fetch(web.url("/0"))


def test_only_a_way_that_moved_for_good_all_along_may_be_cut_short(web: Site) -> None:
    web.pages |= {
        "/good": (301, {"Location": "/there"}, b""),
        "/mixed": (301, {"Location": "/now"}, b""),
        "/now": (302, {"Location": "/there"}, b""),
        "/there": (200, {}, b""),
    }
    assert fetch.fetch(web.url("/good")).moved
    assert not fetch.fetch(web.url("/mixed")).moved
    assert not fetch.fetch(web.url("/there")).moved


def test_a_certificate_is_held_against_the_name_not_against_the_address(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FETCH_NETWORKS = (OWN,)
    authority, server = tmp_path / "ca.pem", tmp_path / "server.pem"
    certificates.issue(authority, server)
    trusted = ssl.create_default_context(cafile=authority)
    monkeypatch.setattr(fetch, "_authorities", lambda: trusted)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(server)
    asked_for: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    with site(tls=tls) as secure:
        secure.pages["/"] = (200, {}, b"secret")
        assert fetch.fetch(f"https://127.0.0.1:{secure.port}/").body == b"secret"
        with pytest.raises(NotFetched, match="certificate is not good"):
            fetch.fetch(f"https://bank.example.org:{secure.port}/", resolve=leads("127.0.0.1"))
    assert asked_for[-1] == "bank.example.org"


# ---- how long, how much ---------------------------------------------------------------------


def test_a_byte_a_moment_ends_with_the_time_for_all(web: Site) -> None:
    web.pages["/"] = forever(b"<", lambda: time.sleep(0.05))
    begun = time.perf_counter()
    with pytest.raises(NotFetched, match="did not answer in full"):
        fetch.fetch(web.url(), seconds=0.5)
    assert time.perf_counter() - begun < 1


def test_headers_that_trickle_end_with_the_time_for_all(web: Site) -> None:
    def trickle(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in itertools.count():
            connection.sendall(f"X-{number}: y\r\n".encode())
            time.sleep(0.05)

    web.pages["/"] = trickle
    begun = time.perf_counter()
    with pytest.raises(NotFetched, match="did not answer in full"):
        fetch.fetch(web.url(), seconds=0.5)
    assert time.perf_counter() - begun < 1


def test_a_server_that_says_nothing_and_a_resolver_that_hangs_end_in_time(web: Site) -> None:
    web.pages["/"] = lambda _connection: time.sleep(1)
    with pytest.raises(NotFetched, match="did not answer in full"):
        fetch.fetch(web.url(), seconds=0.3)

    def hangs(_host: str, _port: int) -> list[str]:
        time.sleep(1)
        return []

    with pytest.raises(NotFetched, match="looked up"):
        fetch.fetch("http://slow.example.org/", resolve=hangs, seconds=0.3)


def test_a_body_that_never_ends_is_given_up_past_its_limit(web: Site) -> None:
    web.pages["/"] = forever(b"<item>" * 50_000, lambda: None)
    with pytest.raises(NotFetched, match="more than 5 MB"):
        fetch.fetch(web.url())


@pytest.mark.parametrize("folding", ["gzip", "deflate"])
def test_a_bomb_is_stopped_while_it_unfolds(web: Site, folding: str) -> None:
    wbits = 31 if folding == "gzip" else 15
    fold = zlib.compressobj(9, zlib.DEFLATED, wbits)
    bomb = b"".join(fold.compress(bytes(10_000_000)) for _ in range(6)) + fold.flush()
    web.pages["/"] = (200, {"Content-Encoding": folding}, bomb)
    tracemalloc.start()
    begun = time.perf_counter()
    with pytest.raises(NotFetched, match="unpacks to more than 5 MB"):
        fetch.fetch(web.url())
    took, (_, peak) = time.perf_counter() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 1
    assert peak < 50_000_000


@pytest.mark.parametrize(
    ("folding", "body"),
    [
        ("gzip", gzip.compress(b"plain" * 100)),
        ("gzip", gzip.compress(b"plain" * 60) + gzip.compress(b"plain" * 40)),
        ("deflate", zlib.compress(b"plain" * 100)),
        ("deflate", zlib.compress(b"plain" * 100)[2:-4]),
        ("", b"plain" * 100),
    ],
    ids=["gzip", "two members", "deflate", "bare deflate", "plain"],
)
def test_what_comes_folded_is_unfolded(web: Site, folding: str, body: bytes) -> None:
    web.pages["/"] = (200, {"Content-Encoding": folding} if folding else {}, body)
    assert fetch.fetch(web.url()).body == b"plain" * 100


def test_a_folding_nobody_asked_for_and_a_broken_one_are_told(web: Site) -> None:
    web.pages["/br"] = (200, {"Content-Encoding": "br"}, b"x")
    web.pages["/broken"] = (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b\x08\0nothing of it")
    for path, why in (("/br", "not asked for"), ("/broken", "broken")):
        with pytest.raises(NotFetched, match=why):
            fetch.fetch(web.url(path))


# ---- manners ----------------------------------------------------------------------------------


def test_it_says_who_asks_and_takes_no_proxy_and_no_password_from_the_environment(
    web: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any
) -> None:
    settings.BASE_URL = "https://news.example.org"
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login x password y")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    web.pages["/a%20b?q=1"] = (200, {}, b"here")
    assert fetch.fetch(web.url("/a b?q=1#part")).body == b"here"
    ((_, headers),) = web.asked
    assert re.fullmatch(r"Digest/[\d.]+ \(\+https://news\.example\.org\)", headers["user-agent"])
    assert headers["host"] == f"127.0.0.1:{web.port}"
    assert "authorization" not in headers


def test_a_server_that_is_not_there_or_speaks_no_http_is_told_in_words(web: Site) -> None:
    web.pages["/"] = lambda connection: connection.sendall(b"220 smtp.example.org ESMTP\r\n")
    with pytest.raises(NotFetched, match="could not be asked"):
        fetch.fetch(web.url())
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(NotFetched, match="could not be asked"):
            fetch.fetch(f"http://127.0.0.1:{unused.getsockname()[1]}/")
