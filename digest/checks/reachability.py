"""Whether the pages that a mail links to are there: asks each, so only when somebody wants it.

Links come from briefings, which anybody may have written.  So only ports 80 and 443 of public
addresses are spoken to, each connection goes to the very address that was looked at, and a
redirect is looked at anew.
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import SplitResult, urljoin, urlsplit

from digest.checks import links
from digest.checks.findings import Finding, Level
from digest.rendering.view import EmailView

NAME = "reachability"
SECONDS = 10.0
REDIRECTS = 5
AT_ONCE = 8

_GONE = {404, 410}
_PORTS = {"http": 80, "https": 443}
_HEADERS = {"User-Agent": "Digest (link check before a mailing)", "Accept": "*/*"}

Resolve = Callable[[str, int], tuple[str, int]]
"""Host and port of a link to the address and port to speak to; OSError where there is none."""


class Private(Exception):
    """A link leads to an address that is not on the public internet."""


def public_address(host: str, port: int) -> tuple[str, int]:
    """The host's first address, if all that it has are public; Private otherwise."""
    found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not all(ipaddress.ip_address(one.partition("%")[0]).is_global for one in found):
        raise Private
    return found[0], port


def check(view: EmailView, resolve: Resolve = public_address) -> Iterator[Finding]:
    """Blocks on a page that is not there, warns of one that could not be asked.

    A page that is shown to browsers alone (401, 403, 429, …) counts as there.
    """
    wanted = links.outward(view)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(lambda url: _asked(url, resolve), wanted)
        found = [
            Finding(NAME, level, f"“{url}” {why}.", "Correct the link, or remove it.", slug)
            for (url, slug), (level, why) in zip(wanted.items(), answers, strict=True)
            if level != Level.OK
        ]
    yield from found or [Finding(NAME, Level.OK, f"All {len(wanted)} links to other sites answer.")]


def _asked(url: str, resolve: Resolve) -> tuple[Level, str]:
    try:
        status = status_of(url, resolve)
    except Private:
        return Level.BLOCK, "leads into a private network, which readers can't reach"
    except socket.gaierror:
        return Level.BLOCK, "names a site that does not exist"
    except (OSError, http.client.HTTPException, ValueError) as problem:
        return Level.WARN, f"could not be asked ({type(problem).__name__})"
    if status in _GONE:
        return Level.BLOCK, f"is not there ({status})"
    if status >= 500:
        return Level.WARN, f"has a site in trouble ({status})"
    return Level.OK, ""


def status_of(url: str, resolve: Resolve) -> int:
    """The status that a page ends with, after redirects; OSError where nobody answers."""
    for _ in range(REDIRECTS + 1):
        parts = urlsplit(url)
        status, further = _answer(parts, "HEAD", resolve)
        if status in {405, 501} or status in _GONE:  # some sites don't know HEAD
            status, further = _answer(parts, "GET", resolve)
        if not (300 <= status < 400 and further):
            return status
        url = urljoin(url, further)
    raise OSError("too many redirects")


def _answer(parts: SplitResult, method: str, resolve: Resolve) -> tuple[int, str]:
    if parts.scheme not in _PORTS or (parts.port or _PORTS[parts.scheme]) != _PORTS[parts.scheme]:
        raise ValueError("another port or scheme than the web's")
    host = (parts.hostname or "").encode("idna").decode("ascii")
    address = resolve(host, _PORTS[parts.scheme])
    connection = _Pinned(host, address, secure=parts.scheme == "https")
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, headers=_HEADERS)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location") or ""
    finally:
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever its name leads to by now."""

    def __init__(self, host: str, address: tuple[str, int], *, secure: bool) -> None:
        super().__init__(host, _PORTS["https" if secure else "http"], timeout=SECONDS)
        self._address, self._secure = address, secure

    def connect(self) -> None:
        self.sock = socket.create_connection(self._address, SECONDS)
        if self._secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)
