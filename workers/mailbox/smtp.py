"""The built-in relay: an SMTP server on loopback that keeps what it is given (RFC 5321).

It offers PIPELINING (RFC 2920), 8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531) and SIZE (RFC
1870), and answers 250 only when a mail is kept.  Only CR LF . CR LF ends a mail, so that no
bare line feed smuggles a second one in.
"""

import asyncio
import re
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from workers.mailbox.store import Mailbox

LINGER = signal.SIGUSR1
"""Sent when supervisor and guard were killed: end, but after the workers have had their time."""

_LINGER_SECONDS = 15.0
_SIZE = 25_000_000  # bytes of one mail
_LINE = 2_048  # bytes of a command line; RFC 5321 asks for 512 at least
_RECIPIENTS = 1_000  # of one mail; RFC 5321 asks for 100 at least
_IDLE = 600.0  # seconds of silence before a connection is closed; RFC 5321 asks for 300

_PATH = re.compile(
    rb"\s*<(?:@[^:>]*:)?((?:\"(?:[^\"\\]|\\.)*\"|[^<>\"\x00-\x20\x7f])*)>(?:\s+(.*))?\s*", re.DOTALL
)
_EHLO = (
    b"250-digest.mailbox\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
    b"250-ENHANCEDSTATUSCODES\r\n250 SIZE %d\r\n" % _SIZE
)

log = structlog.get_logger()


class Session(asyncio.Protocol):
    """One connection.  Everything that arrived is worked off at once, replies go out together."""

    def __init__(self, mailbox: Mailbox, sessions: set["Session"]) -> None:
        self._mailbox = mailbox
        self._sessions = sessions
        self._input = bytearray()
        self._seen = 0  # bytes of a mail in which its end was already looked for
        self._in_data = False
        self._too_big = False
        self._greeted = False
        self._sender: bytes | None = None
        self._recipients: list[bytes] = []
        self._replies: list[bytes] = []
        self._last_heard = time.monotonic()

    # ---- the connection --------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._sessions.add(self)
        transport.write(b"220 digest.mailbox ESMTP\r\n")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._sessions.discard(self)

    def pause_writing(self) -> None:  # a client that reads no replies gets no more of them
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._last_heard = time.monotonic()
        self._input += data
        while self._data() if self._in_data else self._command():
            pass
        if self._replies:
            self._transport.write(b"".join(self._replies))
            self._replies.clear()

    def close(self, why: bytes = b"") -> None:
        """Say why, then end the connection once that has gone out."""
        if not self._transport.is_closing():
            self._transport.write(b"".join([*self._replies, why]))
            self._replies.clear()
            self._transport.close()

    def idle(self, now: float) -> bool:
        return now - self._last_heard > _IDLE

    # ---- commands --------------------------------------------------------------------
    def _command(self) -> bool:
        """Work off one line; False when there is none, or nothing may follow."""
        end = self._input.find(b"\r\n", 0, _LINE)
        if end < 0:
            if len(self._input) > _LINE:
                self.close(b"500 5.5.2 Line too long\r\n")
            return False
        line = bytes(self._input[:end])
        del self._input[: end + 2]
        verb, _, rest = line.partition(b" ")
        act = self._VERBS.get(verb.upper())
        if act is None:
            self._reply(b"500 5.5.1 No such command")
        else:
            act(self, rest)
        return not self._transport.is_closing()

    def _ehlo(self, rest: bytes) -> None:
        if not rest.strip():
            return self._reply(b"501 5.5.4 EHLO needs a name")
        self._forget_mail()
        self._greeted = True
        self._replies.append(_EHLO)
        return None

    def _helo(self, rest: bytes) -> None:
        if not rest.strip():
            return self._reply(b"501 5.5.4 HELO needs a name")
        self._forget_mail()
        self._greeted = True
        return self._reply(b"250 digest.mailbox")

    def _mail(self, rest: bytes) -> None:
        path = _path(rest, b"FROM:")
        if not self._greeted:
            self._reply(b"503 5.5.1 EHLO first")
        elif self._sender is not None:
            self._reply(b"503 5.5.1 There is a sender already")
        elif path is None:
            self._reply(b"501 5.1.7 Write MAIL FROM:<address>")
        elif refusal := _parameters(path[1]):
            self._reply(refusal)
        else:
            self._sender = path[0]
            self._reply(b"250 2.1.0 Sender ok")

    def _rcpt(self, rest: bytes) -> None:
        path = _path(rest, b"TO:")
        if self._sender is None:
            self._reply(b"503 5.5.1 MAIL first")
        elif path is None or not path[0]:
            self._reply(b"501 5.1.3 Write RCPT TO:<address>")
        elif path[1]:
            self._reply(b"555 5.5.4 No such parameter")
        elif len(self._recipients) >= _RECIPIENTS:
            self._reply(b"452 4.5.3 Too many recipients")
        else:
            self._recipients.append(path[0])
            self._reply(b"250 2.1.5 Recipient ok")

    def _begin_data(self, rest: bytes) -> None:
        if rest.strip():
            self._reply(b"501 5.5.4 DATA takes nothing")
        elif self._sender is None:
            self._reply(b"503 5.5.1 MAIL first")
        elif not self._recipients:
            self._reply(b"554 5.5.1 No valid recipients")
        else:
            self._in_data, self._seen, self._too_big = True, 0, False
            self._reply(b"354 End with CR LF . CR LF")

    def _rset(self, _: bytes) -> None:
        self._forget_mail()
        self._reply(b"250 2.0.0 Forgotten")

    def _quit(self, _: bytes) -> None:
        self._reply(b"221 2.0.0 Bye")
        self.close()

    def _noop(self, _: bytes) -> None:
        self._reply(b"250 2.0.0 Ok")

    def _vrfy(self, _: bytes) -> None:
        self._reply(b"252 2.5.0 Send it and see")

    def _unknown(self, _: bytes) -> None:
        self._reply(b"502 5.5.1 Not here")

    _VERBS = {
        b"EHLO": _ehlo,
        b"HELO": _helo,
        b"MAIL": _mail,
        b"RCPT": _rcpt,
        b"DATA": _begin_data,
        b"RSET": _rset,
        b"NOOP": _noop,
        b"QUIT": _quit,
        b"VRFY": _vrfy,
        b"EXPN": _unknown,
        b"HELP": _unknown,
        b"AUTH": _unknown,
        b"STARTTLS": _unknown,
        b"BDAT": _unknown,
    }

    # ---- a mail ----------------------------------------------------------------------
    def _data(self) -> bool:
        """Take a mail's end off the input and keep the mail; False while it is not all there."""
        if self._input.startswith(b".\r\n") and not self._too_big:
            end, after = 0, 3
        else:
            at = self._input.find(b"\r\n.\r\n", max(0, self._seen - 4))
            if at < 0:
                self._wait_for_more()
                return False
            end, after = at + 2, at + 5
        content = bytes(memoryview(self._input)[:end])
        del self._input[:after]
        self._in_data = False
        too_big = self._too_big or len(content) > _SIZE
        self._reply(b"552 5.3.4 Too big" if too_big else self._keep(content))
        self._forget_mail()
        return True

    def _wait_for_more(self) -> None:
        """Remember how far we looked; of a mail that is too big keep only what may be its end."""
        if len(self._input) > _SIZE + 5:
            self._too_big = True
        if self._too_big and len(self._input) > 4:
            del self._input[:-4]
        self._seen = len(self._input)

    def _keep(self, content: bytes) -> bytes:
        """Store the mail with its dots unstuffed (RFC 5321 4.5.2); the reply."""
        content = content.replace(b"\r\n.", b"\r\n").removeprefix(b".")
        sender = (self._sender or b"").decode("utf-8", "replace")
        recipients = [one.decode("utf-8", "replace") for one in self._recipients]
        try:
            number = self._mailbox.add(time.time(), sender, recipients, content)
        except OSError as problem:
            log.warning("mail not kept", problem=str(problem))
            return b"452 4.3.1 Can't keep it now"
        return b"250 2.0.0 Kept as %d" % number

    # ---- little things ---------------------------------------------------------------
    def _reply(self, line: bytes) -> None:
        self._replies.append(line + b"\r\n")

    def _forget_mail(self) -> None:
        self._sender = None
        self._recipients = []


def _path(rest: bytes, word: bytes) -> tuple[bytes, bytes] | None:
    """(address, parameters) of ``FROM:<address> parameters``; None where it isn't one."""
    if rest[: len(word)].upper() != word:
        return None
    match = _PATH.fullmatch(rest, len(word))
    return (match[1], (match[2] or b"").strip()) if match else None


def _parameters(text: bytes) -> bytes:
    """Why MAIL's parameters can't be taken; nothing when they can."""
    for one in text.upper().split():
        name, _, value = one.partition(b"=")
        if name == b"SIZE" and value.isdigit():
            if len(value) > 18 or int(value) > _SIZE:
                return b"552 5.3.4 Too big"
        elif one not in {b"BODY=8BITMIME", b"BODY=7BIT", b"SMTPUTF8"}:
            return b"555 5.5.4 No such parameter"
    return b""


def serve(listening: socket.socket, directory: Path, when_up: Callable[[], None]) -> None:
    """Keep what comes to this socket, until SIGTERM."""

    async def until_told() -> None:
        loop = asyncio.get_running_loop()
        over = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, over.set)
        loop.add_signal_handler(LINGER, lambda: loop.call_later(_LINGER_SECONDS, over.set))
        await listen(listening, Mailbox(directory), when_up, over)

    asyncio.run(until_told())


async def listen(
    listening: socket.socket, mailbox: Mailbox, when_up: Callable[[], None], over: asyncio.Event
) -> None:
    """Keep what comes to this socket until ``over``; connections are then told 421."""
    mailbox.open()
    sessions: set[Session] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: Session(mailbox, sessions), sock=listening, backlog=512
    )
    sweeping = asyncio.create_task(_close_idle(sessions))
    when_up()
    await over.wait()
    sweeping.cancel()
    server.close()
    for session in list(sessions):
        session.close(b"421 4.3.2 Closing\r\n")
    await asyncio.sleep(0)  # lets the connections go
    mailbox.close()


async def _close_idle(sessions: set[Session]) -> None:
    while True:
        await asyncio.sleep(60)
        now = time.monotonic()
        for session in [one for one in sessions if one.idle(now)]:
            session.close(b"421 4.4.2 Silent for too long\r\n")
