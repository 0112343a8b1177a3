"""Whether dead links are told from live ones, and nobody's private network is asked."""

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from digest.checks import Finding, Level, reachability
from digest.intake.addresses import Resolve
from digest.parts import Source
from digest.rendering import markup
from digest.rendering.view import EmailView
from tests import emails


class Site(BaseHTTPRequestHandler):
    """Answers /404 with 404 and so on; /to/x leads on to x; HEAD is refused at /get."""

    def do_GET(self) -> None:
        if self.path == "/get":
            return self._answer(405 if self.command == "HEAD" else 200)
        if self.path.startswith("/to/"):
            led = self.path.removeprefix("/to/")
            return self._answer(302, led if ":" in led or led.startswith("/") else f"/{led}")
        return self._answer(int(self.path.strip("/") or 200))

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def _answer(self, status: int, further: str = "") -> None:
        self.send_response(status)
        if further:
            self.send_header("Location", further)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server of this test's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def resolve(settings: Any) -> Resolve:
    """Leads every site but those that must not be asked to this machine."""
    settings.FETCH_NETWORKS = (ipaddress.ip_network("127.0.0.1"),)

    def led(host: str, _port: int) -> list[str]:
        if host == "gone.example.org":
            raise socket.gaierror
        if host == "silent.example.org":
            raise TimeoutError
        known = {"intranet.example.org": "10.1.2.3", "public.example.org": "93.184.215.14"}
        return [known.get(host, "127.0.0.1")]

    return led


def linking(*urls: str) -> EmailView:
    body = markup.render(" ".join(f"[x]({url})" for url in urls), "s1")
    return emails.update(
        emails.lead(1, body=body, sources=(Source(name="A"),)),
        note=None,
    )


@pytest.fixture
def asked(resolve: Resolve, port: int) -> Callable[..., list[Finding]]:
    """What the check says of some links, of which a.example.org is this test's server."""

    def ask(*urls: str) -> list[Finding]:
        there = [url.replace("a.example.org", f"a.example.org:{port}") for url in urls]
        return list(reachability.check(linking(*there), resolve))

    return ask


@pytest.mark.parametrize(
    ("url", "level", "why"),
    [
        ("http://a.example.org/404", Level.BLOCK, "is not there (404)"),
        ("http://a.example.org/410", Level.BLOCK, "is not there (410)"),
        ("http://gone.example.org/", Level.BLOCK, "does not exist"),
        ("http://intranet.example.org/", Level.BLOCK, "private network"),
        ("http://a.example.org/to/http://intranet.example.org/", Level.BLOCK, "private network"),
        ("http://a.example.org/to/404", Level.BLOCK, "is not there"),
        ("http://a.example.org/503", Level.WARN, "in trouble (503)"),
        ("http://silent.example.org/", Level.WARN, "could not be looked up"),
        ("http://public.example.org:8080/", Level.WARN, "not the web's"),
        ("http://a.example.org/to/file:///etc/hosts", Level.WARN, "no http(s) address"),
        (
            "http://a.example.org/to//to//to//to//to//to//to/",
            Level.WARN,
            "leads on more than 5 times",
        ),
    ],
)
def test_a_link_that_leads_nowhere_is_told_with_its_reason(
    asked: Callable[..., list[Finding]], url: str, level: Level, why: str
) -> None:
    (finding,) = asked(url)
    assert (finding.level, finding.where) == (level, "story-1")
    assert why in finding.message
    assert url.partition("example.org")[2] in finding.message


def test_pages_that_answer_are_fine_and_so_are_those_that_answer_browsers_alone(
    asked: Callable[..., list[Finding]],
) -> None:
    urls = [f"http://a.example.org/{page}" for page in ("", "403", "429", "get", "to/get")]
    (finding,) = asked(*urls)
    assert finding.level == Level.OK
    assert "All 5 links" in finding.message


def test_our_own_pages_are_not_asked_for_they_are_made_by_approval(
    asked: Callable[..., list[Finding]],
) -> None:
    (finding,) = asked(f"{emails.BASE}/t/x/9/")
    assert "All 0 links" in finding.message
