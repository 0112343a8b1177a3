"""Relays for tests: a polite one that can be told to misbehave, and an outbox to send from."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress

from workers.outbox import Envelope, Outcome
from workers.relay import Limits, Relay
from workers.sink import Manners, Sink

HANG_UP = "hang up"
BRISK = Limits(pause=0.01, spare=0.05)
"""Waits little between attempts, and long for answers."""

QUICK = Limits(opening=0.5, commands=0.5, body=0.5, final=0.5, stall=5, pause=0.01, spare=0.05)
"""Waits little for answers too."""

Answer = Callable[[str, str, int], str | None]
"""(verb, line, number of the connection) -> a reply instead of the polite one, or HANG_UP."""

Kept = tuple[bytes, list[bytes], bytes]
"""What the sink took: sender, recipients, message."""


class Outbox:
    """Messages to send, what became of each, and everything that was called, in order."""

    def __init__(self, recipients: list[str], body: bytes = b"A line.\r\n") -> None:
        self.waiting = list(enumerate(recipients, 1))
        self.recipients = dict(self.waiting)
        self.body = body
        self.outcomes: dict[int, Outcome] = {}
        self.calls: list[tuple[str, int]] = []
        self.ticks = 0

    def take(self) -> Envelope | float | None:
        if not self.waiting:
            return None
        key, recipient = self.waiting.pop(0)
        return self.envelope(key, recipient)

    def envelope(self, key: int, recipient: str) -> Envelope:
        head = f"Subject: Number {key}\r\n\r\n".encode()
        return Envelope(key, b"bounce@example.org", recipient.encode(), head + self.body)

    def begin(self, key: int) -> None:
        self.calls.append(("begin", key))

    def settle(self, key: int, outcome: Outcome) -> None:
        assert key not in self.outcomes, "settled twice"
        self.calls.append(("settle", key))
        self.outcomes[key] = outcome

    def tick(self) -> None:
        self.ticks += 1

    @property
    def verdicts(self) -> list[str]:
        return [outcome.verdict.value for _, outcome in sorted(self.outcomes.items())]


def readers(number: int) -> list[str]:
    return [f"r{n}@example.org" for n in range(1, number + 1)]


class PoliteRelay:
    """Speaks SMTP as it should, but where ``answer`` says otherwise; keeps what it accepts."""

    def __init__(
        self,
        answer: Answer | None = None,
        *,
        offers: tuple[str, ...] = ("PIPELINING", "SIZE 1000000"),
        tls: ssl.SSLContext | None = None,
        at_once: bool = False,
    ) -> None:
        self._answer = answer or (lambda verb, line, number: None)
        self._offers, self._tls, self._at_once = offers, tls, at_once
        self.accepted: list[tuple[str, bytes]] = []
        self.lines: list[tuple[int, str]] = []  # number of the connection, and what it said
        self.connections = 0
        self.faults: list[str] = []
        self._taken: list[socket.socket] = []

    def hang_up(self) -> None:
        """End every connection."""
        for taken in self._taken:
            with suppress(OSError):
                taken.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def running(self, **options: str) -> Iterator[Relay]:
        """Listen, and give the way to here."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            stop = threading.Event()
            accepting = threading.Thread(target=self._accept, args=(listening, stop))
            accepting.start()
            try:
                query = "&".join(f"{name}={value}" for name, value in options.items())
                yield Relay.from_url(f"smtp://127.0.0.1:{port}?{query}")
            finally:
                stop.set()
                socket.create_connection(("127.0.0.1", port)).close()
                accepting.join(5)
        assert self.faults == []

    def _accept(self, listening: socket.socket, stop: threading.Event) -> None:
        talks = []
        while True:
            taken, _ = listening.accept()
            if stop.is_set():
                taken.close()
                break
            self.connections += 1
            self._taken.append(taken)
            talk = threading.Thread(target=self._serve, args=(taken, self.connections))
            talk.start()
            talks.append(talk)
        self.hang_up()
        for talk in talks:
            talk.join(5)

    def _serve(self, taken: socket.socket, number: int) -> None:
        with taken, suppress(OSError, EOFError, ssl.SSLError):
            _Talk(self, taken, number).run()


class _Talk:
    def __init__(self, relay: PoliteRelay, taken: socket.socket, number: int) -> None:
        self.relay, self.socket, self.number = relay, taken, number
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.come = b""
        self.recipient = ""
        self.holding = False  # a transaction

    def run(self) -> None:
        if self.relay._at_once:
            self._secure()
        try:
            self._say("greeting", "", "220 relay.example.org")
            while True:
                said = self._until(b"\r\n")
                if said.startswith(b"\x16"):
                    return  # TLS out of turn, in which there was a line's end
                line = said.decode()
                self.relay.lines.append((self.number, line))
                verb = line[:4].upper()
                if self.come and "PIPELINING" not in self.relay._offers and verb != "STAR":
                    self.relay.faults.append(f"{self.come[:40]!r} came with {line}")
                self._obey(verb, line)
        finally:
            if isinstance(self.socket, ssl.SSLSocket):
                self.socket.close()

    def _obey(self, verb: str, line: str) -> None:
        if verb == "MAIL":
            if self.holding:
                self.relay.faults.append("MAIL within a transaction")
            self.holding = self._say(verb, line, "250 OK")
            self.recipient = ""
        elif verb == "RCPT":
            if not self.holding:
                self._send("503 MAIL first")
            elif self._say(verb, line, "250 OK"):
                self.recipient = line[9:-1]
        elif verb == "DATA":
            refused = "503 RCPT first" if not self.recipient else "354 go on"
            if self._say(verb, line, refused):
                self._take_body()
        elif verb == "EHLO":
            *first, last = ("relay.example.org", *self.relay._offers)
            self._say(verb, line, "".join(f"250-{offer}\r\n" for offer in first) + f"250 {last}")
        elif verb == "STAR":
            if self._say(verb, line, "220 go on") and self.relay._tls:
                self._secure()
        elif verb == "RSET":
            self.holding = False
            self._say(verb, line, "250 OK")
        elif verb == "QUIT":
            raise EOFError
        else:
            self._say(verb, line, "250 OK")

    def _take_body(self) -> None:
        self.holding = False
        early = self.relay._answer("BODY", self.recipient, self.number)
        if early == HANG_UP:
            raise EOFError
        if early:
            # Whoever is quick has sent the whole body by now, and must not wait for us in vain.
            self._send(early)
            self._until(b"\r\n.\r\n")
            raise EOFError
        self.come = b"\r\n" + self.come
        body = self._until(b"\r\n.\r\n")[2:] + b"\r\n"
        if self._say("DOT", self.recipient, "250 2.0.0 OK queued"):
            self.relay.accepted.append((self.recipient, body))

    def _say(self, verb: str, line: str, polite: str) -> bool:
        reply = self.relay._answer(verb, line, self.number) or polite
        if reply == HANG_UP:
            raise EOFError
        self._send(reply)
        if reply.startswith("421"):
            raise EOFError
        return reply[:1] in "23"

    def _send(self, reply: str) -> None:
        self.socket.sendall(reply.encode() + b"\r\n")

    def _until(self, end: bytes) -> bytes:
        while end not in self.come:
            octets = self.socket.recv(65536)
            if not octets:
                raise EOFError
            self.come += octets
        found, _, self.come = self.come.partition(end)
        return found

    def _secure(self) -> None:
        assert self.relay._tls
        self.socket = self.relay._tls.wrap_socket(self.socket, server_side=True)


@contextmanager
def in_a_thread(serve: Callable[[], Coroutine[None, None, asyncio.Server]]) -> Iterator[int]:
    """Run an asyncio server beside the test, and give its port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(serve())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.call_later, 0.01, loop.stop)
        thread.join(5)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


@contextmanager
def sink(manners: Manners | None = None, **options: str) -> Iterator[tuple[Relay, list[Kept]]]:
    """The sink of the drills, in a thread, keeping what it takes."""
    kept: list[Kept] = []
    box = Sink(manners, keep=lambda sender, to, message: kept.append((sender, to, message)))
    with in_a_thread(box.serve) as port:
        query = "&".join(f"{name}={value}" for name, value in options.items())
        try:
            yield Relay.from_url(f"smtp://127.0.0.1:{port}?{query}"), kept
        finally:
            box.hang_up()
