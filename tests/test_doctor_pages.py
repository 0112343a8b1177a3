"""What the doctor sees of our pages, through the web server that stands in front of them."""

import errno
import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from config.parsing import networks
from subscribers import specimen
from subscribers.models import Subscriber, Subscription
from tests import certificates
from tests.nameserver import serving
from tests.relays import sink
from workers.doctor import pages
from workers.doctor.finding import Finding, Grade
from workers.doctor.names import Names


@dataclass
class Front:
    """A web server in front of the pages."""

    of: str
    host: str = ""  # that it passes on, in place of the one it was asked for
    no_post: int = 0  # the status with which it stops a POST
    leads_to: str = ""
    passes_client: bool = True

    def handler(self) -> type[BaseHTTPRequestHandler]:
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if front.leads_to:
                    self.answer(301, b"", Location=front.leads_to)
                else:
                    self.pass_on()

            def do_POST(self) -> None:
                if front.no_post:
                    self.answer(front.no_post, b"Prove that you are human.")
                else:
                    self.pass_on()

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                given = {
                    "Host": front.host or self.headers["Host"],
                    "Content-Type": self.headers.get("Content-Type", "text/plain"),
                    **({"X-Forwarded-For": "127.0.0.1"} if front.passes_client else {}),
                }
                asked = http.client.HTTPConnection(front.of)
                asked.request(self.command, self.path, body, given)
                answer = asked.getresponse()
                self.answer(answer.status, answer.read())
                asked.close()

            def answer(self, status: int, body: bytes, **headers: str) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        return Handler

    @contextmanager
    def running(self, certificate: Path | None = None) -> Iterator[int]:
        with ThreadingHTTPServer(("127.0.0.1", 0), self.handler()) as server:
            if certificate:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(certificate)
                server.socket = context.wrap_socket(server.socket, server_side=True)
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            yield server.server_port
            server.shutdown()
            thread.join(5)


@pytest.fixture
def front(live_server: LiveServer, settings: Any) -> Front:
    settings.TRUSTED_PROXIES = networks("127.0.0.0/8")
    return Front(live_server.url.removeprefix("http://"))


def examined(settings: Any, port: int, scheme: str = "http") -> list[Finding]:
    settings.BASE_URL = f"{scheme}://127.0.0.1:{port}"
    return list(pages.examine(Names("127.0.0.1:1")))


def one(settings: Any, port: int, scheme: str = "http") -> Finding:
    (found,) = examined(settings, port, scheme)
    return found


def test_pages_behind_a_web_server_that_does_as_it_should_are_well(
    front: Front, settings: Any
) -> None:
    with front.running() as port:
        found = one(settings, port)
    assert found.grade is Grade.WELL
    assert "by their mail program's button" in found.words


@pytest.mark.parametrize(
    ("wrong", "words", "mend"),
    [
        ({"no_post": 403}, "mail programs' own button is not (RFC 8058): somebody", "Let POST"),
        ({"host": "inner.example.net"}, "the answer is 400", "ALLOWED_HOSTS"),
        ({"leads_to": "https://www.example.org/"}, "leads on to https://www.exa", "Set BASE_URL"),
    ],
)
def test_what_a_web_server_in_front_does_wrong_is_told_with_its_mend(
    front: Front, settings: Any, wrong: dict[str, Any], words: str, mend: str
) -> None:
    for name, value in wrong.items():
        setattr(front, name, value)
    with front.running() as port:
        found = one(settings, port)
    assert found.grade is Grade.BAD
    assert words in found.words
    assert mend in found.mend


def test_a_web_server_in_front_that_nobody_named_is_told_since_it_hides_who_signs_up(
    front: Front, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = ()
    with front.running() as port:
        well, told = examined(settings, port)
    assert (well.grade, told.grade) == (Grade.WELL, Grade.LOOK)
    assert told.about == "Setting TRUSTED_PROXIES"
    front.passes_client = False
    with front.running() as port:
        assert one(settings, port).grade is Grade.WELL


def test_a_web_server_in_front_that_makes_the_world_look_like_this_machine_is_told(
    front: Front, settings: Any
) -> None:
    front.host, front.passes_client = "127.0.0.1", False
    with front.running() as port, serving({("news.example.org", "A"): ["127.0.0.1"]}) as server:
        settings.BASE_URL = f"http://news.example.org:{port}"
        well, told = pages.examine(Names(server))
    assert (well.grade, told.grade) == (Grade.WELL, Grade.BAD)
    assert "/metrics is open" in told.words
    assert "X-Forwarded-For" in told.mend


def test_pages_of_somebody_else_or_of_nobody_are_told_apart_from_ours(
    settings: Any, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BASE_URL = live_server.url
    assert one(settings, int(live_server.url.rpartition(":")[2])).grade is Grade.WELL
    with sink() as (there, _):
        assert one(settings, there.port).grade is Grade.BAD
    assert "Connection refused" in one(settings, 1).words
    monkeypatch.setattr(specimen, "path", lambda: f"/unsubscribe/{'A' * 40}/")
    found = one(settings, int(live_server.url.rpartition(":")[2]))
    assert "(status 404), or pages with another SECRET_KEY" in found.words


@pytest.mark.parametrize(
    ("days", "grade", "words"),
    [
        (90, Grade.WELL, "It is good until"),
        (13, Grade.LOOK, "should have been renewed"),
        (2, Grade.BAD, "browsers then refuse"),
    ],
)
def test_a_certificate_that_ends_soon_is_told_in_time(
    front: Front,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    grade: Grade,
    words: str,
) -> None:
    certificates.issue(tmp_path / "authority.pem", tmp_path / "site.pem", days=days)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with front.running(tmp_path / "site.pem") as port:
        page, certificate = examined(settings, port, "https")
    assert (page.grade, certificate.grade) == (Grade.WELL, grade)
    assert words in certificate.words


def test_a_certificate_that_browsers_refuse_is_told_in_words(
    front: Front, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates.issue(tmp_path / "authority.pem", tmp_path / "site.pem", days=90)
    certificates.issue(tmp_path / "late.pem", tmp_path / "expired.pem", days=-1)
    with front.running(tmp_path / "site.pem") as port:
        unknown = one(settings, port, "https")
        plain = one(settings, port)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        with serving({("news.example.org", "A"): ["127.0.0.1"]}) as server:
            settings.BASE_URL = f"https://news.example.org:{port}"
            (misnamed,) = pages.examine(Names(server))
    with front.running() as port:
        no_tls = one(settings, port, "https")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "late.pem"))
    with front.running(tmp_path / "expired.pem") as port:
        late = one(settings, port, "https")
    found = [unknown, misnamed, late, no_tls, plain]
    assert {each.grade for each in found} == {Grade.BAD}
    for each, mend in zip(
        found, ("fullchain.pem", "for this very name", "Renew it", "speaks https", "Start"),
        strict=True,
    ):  # fmt: skip
        assert mend in each.mend


def test_a_name_without_an_address_leads_nowhere_and_a_silent_name_server_says_nothing(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BASE_URL = "https://news.example.org"
    with serving({}) as server:
        (nowhere,) = pages.examine(Names(server))
    assert (nowhere.grade, "has no address in DNS" in nowhere.words) == (Grade.BAD, True)
    monkeypatch.setattr("workers.doctor.names.LONGEST", 0.2)
    (unsure,) = pages.examine(Names("127.0.0.1:1"))
    assert unsure.grade is Grade.UNKNOWN


def test_a_machine_without_ipv6_says_nothing_of_pages_that_have_it(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(pages.socket, "create_connection", none)
    settings.BASE_URL = "https://news.example.org"
    known = {
        ("news.example.org", "A"): ["192.0.2.1"],
        ("news.example.org", "AAAA"): ["2001:db8::1"],
    }
    with serving(known) as server:
        four, six = pages.examine(Names(server))
    assert (four.grade, six.grade) == (Grade.BAD, Grade.UNKNOWN)
    assert six.about == "Pages at https://news.example.org, 2001:db8::1"


@pytest.mark.django_db
def test_the_link_that_is_nobodys_changes_nothing_and_only_we_can_make_it(
    ann: Subscriber, client: Client
) -> None:
    path = specimen.path()
    for answer in (
        client.get(path),
        client.post(path, {"List-Unsubscribe": "One-Click"}),
        client.post(path, {"all": "1"}),
    ):
        assert answer.status_code == 200
        assert specimen.SAYS in answer.content.decode()
    assert Subscription.objects.get(subscriber=ann).state == "confirmed"
    forged = path[:-2] + ("A" if path[-2] != "A" else "B") + "/"
    assert client.get(forged).status_code == 404
