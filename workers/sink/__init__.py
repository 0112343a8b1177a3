"""A server that takes mail fast, keeps none, and misbehaves on request; for drills and benches.

It writes down each accepted recipient *before* it answers 250, so that its record is the truth
that a ledger is held against.
"""

import asyncio
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_END = b"\r\n.\r\n"
_ROOM = 256 * 1024
_NEVER = re.compile(b"(?!)")
_ADDRESS = re.compile(rb"<([^<>]*)>")


@dataclass(frozen=True)
class Manners:
    """How the sink behaves. Patterns are searched for in the recipient's address."""

    pipelining: bool = True
    defer: re.Pattern[bytes] = _NEVER  # RCPT gets 450
    refuse: re.Pattern[bytes] = _NEVER  # RCPT gets 550
    drop_before: re.Pattern[bytes] = _NEVER  # hangs up at DATA, once for each recipient
    drop_after: re.Pattern[bytes] = _NEVER  # takes the message, hangs up without 250, once each
    per_connection: int = 0  # messages, then 421; 0: no end
    latency: float = 0.0  # seconds by which every reply comes late
    drip: float = 0.0  # seconds between the octets of a reply; 0: all at once


class Sink:
    """What the connections share: manners, the record, and what was dropped already."""

    def __init__(
        self,
        manners: Manners | None = None,
        record: Path | None = None,
        keep: Callable[[bytes, list[bytes], bytes], None] | None = None,
    ) -> None:
        self.manners = manners or Manners()
        self.accepted = 0
        self._keep = keep
        self._dropped: set[tuple[str, bytes]] = set()
        self.open: set[asyncio.Transport] = set()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._record = None if record is None else os.open(record, flags, 0o600)

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
        """Listen; the port is in the server's sockets."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: _Conversation(self), host, port, backlog=512)

    def hang_up(self) -> None:
        """End every conversation."""
        for transport in list(self.open):
            transport.close()

    def accept(self, sender: bytes, recipients: list[bytes], message: bytes) -> None:
        """Write the recipients down for good."""
        if self._record is not None:
            os.write(self._record, b"".join([recipient + b"\n" for recipient in recipients]))
        self.accepted += 1
        if self._keep:
            self._keep(sender, recipients, message)

    def drops(self, when: str, pattern: re.Pattern[bytes], recipients: list[bytes]) -> bool:
        """Whether to hang up now; never twice for the same recipient."""
        for recipient in recipients:
            if pattern.search(recipient) and (when, recipient) not in self._dropped:
                self._dropped.add((when, recipient))
                return True
        return False


class _Conversation(asyncio.BufferedProtocol):
    def __init__(self, sink: Sink) -> None:
        self._sink, self._manners = sink, sink.manners
        self._room = memoryview(bytearray(_ROOM))
        self._come = bytearray()
        self._in_body = False
        self._searched = 0
        self._sender = b""
        self._recipients: list[bytes] = []
        self._taken = 0
        self._out: list[bytes] = []
        self._free_at = 0.0  # when the last octet so far will have dripped out

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._sink.open.add(transport)
        self._say(b"220 sink.example.org ESMTP")
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        self._sink.open.discard(self._transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  asyncio's signature
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        self._come += self._room[:nbytes]
        while not self._transport.is_closing() and self._step():
            pass
        self._flush()

    def _step(self) -> bool:
        """Act on one command or one whole body; False when there is none."""
        if self._in_body:
            return self._body()
        end = self._come.find(b"\n")
        if end < 0:
            return False
        line = bytes(self._come[:end]).rstrip(b"\r")
        del self._come[: end + 1]
        verb = line[:4].upper()
        self._commands.get(verb, _Conversation._unknown)(self, line)
        return True

    def _body(self) -> bool:
        end = self._come.find(_END, self._searched)
        if end < 0:
            self._searched = max(0, len(self._come) - len(_END))
            return False
        message = bytes(self._come[2 : end + 2])  # without the CRLF put before it
        del self._come[: end + len(_END)]
        self._in_body = False
        self._taken += 1
        self._sink.accept(self._sender, self._recipients, message)
        if self._sink.drops("after", self._manners.drop_after, self._recipients):
            self._hang_up()
        else:
            self._say(b"250 2.0.0 taken as %d" % self._sink.accepted)
        self._recipients = []
        return True

    def _hello(self, line: bytes) -> None:
        offers = [b"sink.example.org", b"SIZE 52428800", b"8BITMIME", b"SMTPUTF8"]
        offers += [b"PIPELINING"] * self._manners.pipelining
        if line[:4].upper() == b"HELO":
            offers = offers[:1]
        for offer in offers[:-1]:
            self._say(b"250-" + offer)
        self._say(b"250 " + offers[-1])

    def _mail(self, line: bytes) -> None:
        if 0 < self._manners.per_connection <= self._taken:
            self._say(b"421 4.7.0 enough over one connection")
            self._hang_up()
            return
        address = _ADDRESS.search(line)
        self._sender = address[1] if address else b""
        self._recipients = []
        self._say(b"250 2.1.0 OK" if address else b"501 5.5.4 no address")

    def _recipient(self, line: bytes) -> None:
        address = _ADDRESS.search(line)
        if address is None:
            self._say(b"501 5.5.4 no address")
        elif self._manners.defer.search(address[1]):
            self._say(b"450 4.2.0 not now")
        elif self._manners.refuse.search(address[1]):
            self._say(b"550 5.1.1 nobody here")
        else:
            self._recipients.append(address[1])
            self._say(b"250 2.1.5 OK")

    def _data(self, _line: bytes) -> None:
        if not self._recipients:
            self._say(b"554 5.5.1 no recipients")
        elif self._sink.drops("before", self._manners.drop_before, self._recipients):
            self._hang_up()
        else:
            self._in_body = True
            self._searched = 0
            self._come[:0] = b"\r\n"  # so that a dot in the first line ends an empty body
            self._say(b"354 go on")

    def _reset(self, _line: bytes) -> None:
        self._recipients = []
        self._say(b"250 2.0.0 OK")

    def _quit(self, _line: bytes) -> None:
        self._say(b"221 2.0.0 bye")
        self._hang_up()

    def _unknown(self, _line: bytes) -> None:
        self._say(b"502 5.5.1 unknown")

    _commands = {
        b"EHLO": _hello,
        b"HELO": _hello,
        b"MAIL": _mail,
        b"RCPT": _recipient,
        b"DATA": _data,
        b"RSET": _reset,
        b"NOOP": _reset,
        b"QUIT": _quit,
    }

    def _say(self, reply: bytes) -> None:
        self._out.append(reply + b"\r\n")

    def _flush(self) -> None:
        if not self._out:
            return
        replies, self._out = b"".join(self._out), []
        loop = asyncio.get_running_loop()
        if self._manners.drip:
            self._free_at = max(self._free_at, loop.time())
            for at in range(len(replies)):
                self._free_at += self._manners.drip
                loop.call_at(self._free_at, self._write, replies[at : at + 1])
        elif self._manners.latency:
            loop.call_later(self._manners.latency, self._write, replies)
        else:
            self._transport.write(replies)

    def _write(self, replies: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(replies)

    def _hang_up(self) -> None:
        self._flush()
        loop = asyncio.get_running_loop()
        if self._manners.drip or self._manners.latency:
            loop.call_at(max(self._free_at, loop.time() + self._manners.latency) + 0.01,
                         self._transport.close)  # fmt: skip
            self._come.clear()
        else:
            self._transport.close()
