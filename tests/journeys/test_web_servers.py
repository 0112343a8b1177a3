"""nginx and Caddy as deploy/ sets them up, in front of the pages: real ones, real requests."""

from __future__ import annotations

import http.client
import os
import re
import shlex
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests import certificates
from tests.journeys.system import ROOT, System, until
from tests.test_deploy import MANY, lacks, unit

NAME = "news.example.org"
READER = "127.0.0.9"
"""Whence the test asks, so that it is no program of this machine's 127.0.0.1."""


@dataclass(frozen=True)
class Front:
    """A web server before the pages: its ports."""

    http: int
    https: int

    def asked(self, method: str, path: str, body: str = "", **headers: str) -> Answer:
        """One request, over TLS, from READER."""
        ours = {"Host": NAME, "Accept-Encoding": "gzip"}
        with _connection(self.https) as connection:
            connection.request(method, path, body, ours | _as_headers(headers))
            return _read(connection)

    def asked_plainly(self, path: str) -> Answer:
        with _closing(http.client.HTTPConnection("127.0.0.1", self.http, timeout=20)) as plain:
            plain.request("GET", path, headers={"Host": NAME})
            return _read(plain)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def _read(connection: http.client.HTTPConnection) -> Answer:
    answer = connection.getresponse()
    return Answer(answer.status, answer.headers, answer.read())


def _as_headers(named: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in named.items()}


@contextmanager
def _closing(one: http.client.HTTPConnection) -> Iterator[http.client.HTTPConnection]:
    try:
        yield one
    finally:
        one.close()


@contextmanager
def _connection(port: int) -> Iterator[http.client.HTTPConnection]:
    """By the name that is asked for; whose certificate it is does not matter here."""
    context = ssl._create_unverified_context()
    connection = http.client.HTTPConnection(NAME, port, timeout=20)
    plain = socket.create_connection(("127.0.0.1", port), 20, source_address=(READER, 0))
    connection.sock = context.wrap_socket(plain, server_hostname=NAME)
    with _closing(connection) as found:
        yield found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


# ---- the two of them ---------------------------------------------------------------------------


def nginx(place: Path, front: Front, pages: int) -> list[str]:
    lacks("nginx", "nginx")
    certificates.issue(place / "authority.pem", place / "server.pem")
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    text = re.sub(r"(ssl_certificate(?:_key)?) .*;", rf"\1 {place}/server.pem;", text)
    text = re.sub(r" *listen \[::\].*\n", "", text)
    text = text.replace("listen 80;", f"listen 127.0.0.1:{front.http};")
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{front.https} ")
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{pages}")
    folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    temporary = "".join(f"{name}_temp_path {place}/{name};" for name in folders)
    (place / "nginx.conf").write_text(
        f"daemon off; pid {place}/pid; error_log stderr; worker_processes 1;\n"
        f"{'user root;' if os.geteuid() == 0 else ''} events {{}}\n"
        f"http {{ access_log off; {temporary}\n{text}\n}}\n"
    )
    command = ["nginx", "-p", str(place), "-e", "stderr", "-c", str(place / "nginx.conf")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr
    return command


def caddy(place: Path, front: Front, pages: int) -> list[str]:
    lacks("caddy", "caddy")
    text = (ROOT / "deploy" / "Caddyfile").read_text()
    formatted = subprocess.run(
        ["caddy", "fmt", "-"], input=text, capture_output=True, text=True, check=True
    ).stdout
    assert text == formatted, "as `caddy fmt` writes it, so that Caddy has nothing to say of it"
    assert text.count("127.0.0.1:8000") == 1
    options = (
        f"{{\n admin off\n local_certs\n skip_install_trust\n http_port {front.http}\n"
        f" https_port {front.https}\n storage file_system {place}/kept\n}}\n"
    )
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{pages}")
    (place / "Caddyfile").write_text(options + text)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(place / "Caddyfile")]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, int]]:
    """The pages, for both: their port."""
    place, port = tmp_path_factory.mktemp("pages"), free_port()
    system = System(
        place / "var", BASE_URL=f"https://{NAME}", PATH=os.environ["PATH"],
        REDIS_URL=f"redis+socket://{place}/none",
    )  # fmt: skip
    command = unit(MANY / "digest-web.service")["Service"]["ExecStart"]
    command = command.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    with system.process(*shlex.split(command.replace("/opt/digest/.venv", sys.prefix))):
        yield system, port


@pytest.mark.parametrize("made", [nginx, caddy])
def test_what_stands_in_front_tells_who_asks_and_opens_nothing(
    made: Callable[[Path, Front, int], list[str]], pages: tuple[System, int], tmp_path: Path
) -> None:
    system, port = pages
    front = Front(free_port(), free_port())
    with system.process(*made(tmp_path, front, port)):
        until(lambda: serves(front), 60, what=system.log)
        it_is_https_alone(front)
        it_opens_nothing(front, port)
        it_tells_who_asks(front, system)


def test_an_nginx_that_adds_nothing_opens_nothing_either(
    pages: tuple[System, int], tmp_path: Path
) -> None:
    """As people set it up in a hurry; the doctor tells them."""
    system, port = pages
    front = Front(free_port(), free_port())
    command = nginx(tmp_path, front, port)
    text = (tmp_path / "nginx.conf").read_text()
    (tmp_path / "nginx.conf").write_text(re.sub(r" *proxy_set_header .*\n", "", text))
    with system.process(*command):
        until(lambda: serves(front), 60, what=system.log)
        assert front.asked("GET", "/metrics").status == 401


def serves(front: Front) -> bool:
    """Caddy listens a moment before it has made its certificate."""
    try:
        return front.asked("GET", "/healthz").status == 200
    except OSError:
        return False


def it_is_https_alone(front: Front) -> None:
    plain = front.asked_plainly("/t/harbour/")
    assert plain.status in {301, 308}
    assert re.fullmatch(rf"https://{NAME}(:\d+)?/t/harbour/", plain.headers["Location"])
    healthy = front.asked("GET", "/healthz")
    assert (healthy.status, healthy.body) == (200, b"ok\n")
    assert healthy.headers["Strict-Transport-Security"] == "max-age=31536000"
    style = front.asked("GET", "/static/digest/house.css")
    assert (style.status, style.headers["Content-Encoding"]) == (200, "gzip")


def it_opens_nothing(front: Front, port: int) -> None:
    """What is for programs on this machine is not for all the world, whatever they say."""
    for forged in ({}, {"X_Forwarded_For": "127.0.0.1"}, {"Host": "localhost"}):
        assert b"digest" not in front.asked("GET", "/metrics", Accept_Encoding="", **forged).body, (
            forged
        )
    assert front.asked("GET", "/metrics").status == 401
    assert front.asked("GET", "/mailbox/").status == 403
    with _closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as straight:
        straight.request("GET", "/metrics", headers={"Host": "localhost"})
        assert b"digest_build" in _read(straight).body


def it_tells_who_asks(front: Front, system: System) -> None:
    """A bad sign-in counts against who tried, not against the web server, nor whom they name."""
    form = front.asked("GET", "/login/", Accept_Encoding="identity")
    cookie = SimpleCookie(form.headers["Set-Cookie"])["csrftoken"]
    assert cookie["secure"]
    answered = front.asked(
        "POST", "/login/",
        urlencode({"csrfmiddlewaretoken": cookie.value, "address": "a@example.org",
                   "password": "guessed"}),
        Content_Type="application/x-www-form-urlencoded", Cookie=f"csrftoken={cookie.value}",
        Referer=f"https://{NAME}/login/", Origin=f"https://{NAME}", X_Forwarded_For="203.0.113.7",
    )  # fmt: skip
    assert answered.status == 422
    assert system.asked("SELECT DISTINCT who FROM digest_auditentry") == [(READER,)]
