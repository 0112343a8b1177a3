"""Whether dead links are told from live ones, and nobody's private network is asked."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from digest.checks import Finding, Level, reachability
from digest.checks.reachability import Private, Resolve
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
def resolve() -> Iterator[Resolve]:
    """Leads every site but those that must not be asked to a server of this test's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def led(host: str, port: int) -> tuple[str, int]:
        if host == "intranet.example.org":
            raise Private
        if host == "gone.example.org":
            raise socket.gaierror
        if host == "silent.example.org":
            raise TimeoutError
        return "127.0.0.1", server.server_port

    yield led
    server.shutdown()
    server.server_close()


def linking(*urls: str) -> EmailView:
    body = markup.render(" ".join(f"[x]({url})" for url in urls), "s1")
    return emails.update(
        emails.lead(1, body=body, sources=(Source(name="A"),)),
        note=None,
    )


def asked(resolve: Resolve, *urls: str) -> list[Finding]:
    return list(reachability.check(linking(*urls), resolve))


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
        ("http://silent.example.org/", Level.WARN, "could not be asked"),
        ("http://a.example.org:8080/", Level.WARN, "could not be asked"),
        ("http://a.example.org/to/file:///etc/hosts", Level.WARN, "could not be asked"),
        ("http://a.example.org/to//to//to//to//to//to//to/", Level.WARN, "could not be asked"),
    ],
)
def test_a_link_that_leads_nowhere_is_told_with_its_reason(
    resolve: Resolve, url: str, level: Level, why: str
) -> None:
    (finding,) = asked(resolve, url)
    assert (finding.level, finding.where) == (level, "story-1")
    assert why in finding.message
    assert url in finding.message


def test_pages_that_answer_are_fine_and_so_are_those_that_answer_browsers_alone(
    resolve: Resolve,
) -> None:
    urls = [f"http://a.example.org/{page}" for page in ("", "403", "429", "get", "to/get")]
    (finding,) = asked(resolve, *urls)
    assert finding.level == Level.OK
    assert "All 5 links" in finding.message


def test_our_own_pages_are_not_asked_for_they_are_made_by_approval(resolve: Resolve) -> None:
    (finding,) = asked(resolve, f"{emails.BASE}/t/x/9/")
    assert "All 0 links" in finding.message


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "::1", "0x7f000001", "10.1.2.3", "169.254.169.254", "::ffff:127.0.0.1", "0"],
)
def test_addresses_that_are_not_public_are_not_spoken_to(host: str) -> None:
    with pytest.raises(Private):
        reachability.public_address(host, 80)
