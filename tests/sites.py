"""Web sites for tests: real servers on this machine's own addresses."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Site:
    """A server, what it answers by path, and what it was asked."""

    port: int
    pages: dict[str, Any] = field(default_factory=dict)
    """Path → status, headers and body; or a function of the socket, to misbehave by."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """The address of a page, by whatever host leads here."""
        return f"http://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        """What it was asked for, in order."""
        return [path for path, _ in self.asked]


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        self.site.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        answer = self.site.pages.get(self.path, (404, {}, b""))
        if callable(answer):
            with contextlib.suppress(OSError):
                answer(self.connection)
            self.close_connection = True
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(b"" if status == 304 else body)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def site(
    address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[Site]:
    """A site that ends with the test."""
    handler = type("Handler", (_Handler,), {})
    server = _Server((address, port), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    made = Site(server.server_port)
    handler.site = made  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Whoever hangs up is no failure of the test."""


def forever(piece: bytes, pause: Callable[[], object]) -> Callable[[socket.socket], None]:
    """An answer that never ends: the piece again and again."""

    def go_on(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
        while True:
            connection.sendall(piece)
            pause()

    return go_on
