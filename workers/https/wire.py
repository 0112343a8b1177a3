"""One kept connection to a provider's API, in a thread of its own; calls go over it one by one."""

import http.client
import select
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from queue import SimpleQueue
from urllib.parse import urlsplit

from workers.https.account import Account
from workers.https.call import Answer, Broken, Call

MOST = 1_000_000
"""Octets of an answer that are read."""


_TROUBLE = (OSError, http.client.HTTPException, ValueError)
"""The last of a name that can't be a host's, or that no header may hold."""


@dataclass(frozen=True)
class Limits:
    """How long the provider may take, in seconds."""

    connecting: float = 10  # in all, TLS included
    answer: float = 60  # from handing a call over to its answer; less makes uncertainty
    idle: float = 15  # before a connection is not used again: servers close theirs unasked


class Connection:
    """Keeps a connection open from call to call; used by one thread, broken off by another."""

    def __init__(self, account: Account, limits: Limits) -> None:
        self._limits = limits
        parts = urlsplit(account.base)
        self._path = parts.path
        if parts.scheme == "https":
            self._http: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.netloc, timeout=limits.connecting, context=_tls()
            )
        else:
            self._http = http.client.HTTPConnection(parts.netloc, timeout=limits.connecting)
        self._used_at = 0.0

    def ask(self, call: Call) -> Answer | Broken:
        """Write the call whole, then read its answer.  Nothing is ever asked twice."""
        try:
            self.open()
        except _TROUBLE as problem:
            self.close()
            return Broken(_words(problem), whole=False)
        whole = False
        try:
            path = call.path if call.path.startswith("/") else self._path + call.path
            headers = {"User-Agent": _who_asks(), **call.headers}
            self._http.request(call.method, path, call.body, headers)
            whole = True
            return self._answer()
        except _TROUBLE as problem:
            self.close()
            return Broken(_words(problem), whole)

    def open(self) -> None:
        """Connect, unless a connection stands that is surely good still."""
        if self._http.sock is not None and (self._is_old() or self._was_closed()):
            self._http.close()
        if self._http.sock is None:
            self._http.timeout = self._limits.connecting
            self._http.connect()
            assert self._http.sock is not None, "it is connected"
            self._http.sock.settimeout(self._limits.answer)
        self._used_at = time.monotonic()

    def close(self) -> None:
        with suppress(OSError):
            self._http.close()

    def break_off(self) -> None:
        """End whatever waits on it; from another thread."""
        if (sock := self._http.sock) is not None:
            with suppress(OSError):
                # Not the TLS layer's own, which would forget its keys under the one that reads.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _answer(self) -> Answer:
        response = self._http.getresponse()
        try:
            body = response.read(MOST)
        except _TROUBLE:
            body = b""  # the status is said: that decides
            self.close()
        if not response.isclosed():
            self.close()  # more than anybody should say
        self._used_at = time.monotonic()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, response.reason, headers, body)

    def _is_old(self) -> bool:
        return time.monotonic() - self._used_at > self._limits.idle

    def _was_closed(self) -> bool:
        """Whether there is something to read: nothing was asked, so it is a farewell."""
        asked = select.poll()
        asked.register(self._http.sock, select.POLLIN)
        return bool(asked.poll(0))


class Caller:
    """A thread that asks what it is given, one at a time, and puts each answer into ``heard``."""

    def __init__(
        self,
        account: Account,
        limits: Limits,
        heard: "SimpleQueue[tuple[Caller, Answer | Broken | None]]",
    ) -> None:
        self._connection = Connection(account, limits)
        self._given: SimpleQueue[Call | None] = SimpleQueue()
        self._heard = heard
        self.busy_until = 0.0  # by its owner's clock; 0: idle
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def give(self, call: Call | None, until: float) -> None:
        """Ask this; None: just connect."""
        self.busy_until = until
        self._given.put(call)

    def end(self) -> None:
        """No more is asked, and whatever is under way ends without an answer."""
        self._given.put(_END)
        self._connection.break_off()

    def _run(self) -> None:
        while (call := self._given.get()) is not _END:
            self._heard.put((self, self._connection.ask(call) if call else self._opened()))
        self._connection.close()

    def _opened(self) -> Broken | None:
        try:
            self._connection.open()
        except _TROUBLE as problem:
            self._connection.close()
            return Broken(_words(problem), whole=False)
        return None


@cache
def _who_asks() -> str:
    """Resend refuses whoever doesn't say."""
    return f"Digest/{version('digest')}"


@cache
def _tls() -> ssl.SSLContext:
    """Verifies names and chains; read once, which takes longer than a call."""
    return ssl.create_default_context()


_END = Call("", "", {})


def _words(problem: Exception) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {problem.verify_message}"
    if isinstance(problem, TimeoutError):
        return "it took too long"
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    return str(problem) or type(problem).__name__
