"""The door: a mail server hands over what came for us, by LMTP (RFC 2033).

``250`` is said once the database has what followed of a mail; until then it is the other server's,
which comes again. What is for a person is kept beside (``left.py``).
"""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session
from django.conf import settings
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connections,
)
from django.db.models import F
from django.utils import timezone

from workers.inbound import left
from workers.inbound.handling import handle
from workers.inbound.models import FOR_A_PERSON, Inbox, Sort
from workers.inbound.source import source

log = structlog.get_logger()
logging.getLogger("mail.log").setLevel(logging.ERROR)  # else it tells each line, addresses and all

SIZE = 10_000_000
"""Octets of a mail: none of ours comes back as more."""

LINE = 100_000
"""Octets of a line: more than any server writes, and no more than we can keep."""

CONNECTIONS = 20
"""At once; a mail server opens a few, and waits for its turn when it is told to."""

SIGN = 60.0
"""Seconds between two signs that somebody listens."""


def taken(mail: bytes, to: Sequence[str]) -> str:
    """Act on one mail, and what its server is to be told."""
    try:
        sort = _sort(mail, to)
        if sort in FOR_A_PERSON:
            left.keep(mail)
        note({sort: 1})
    except (InterfaceError, OperationalError) as problem:
        log.warning("a mail was not taken", why=type(problem).__name__)
        return "451 4.3.0 The database can't be asked; come again"
    except OSError as problem:
        log.warning("a mail was not taken", why=problem.strerror)
        return "452 4.3.1 It can't be kept now; come again"
    log.info("mail taken", sort=sort.value)
    return "250 2.0.0 Taken"


def _sort(mail: bytes, to: Sequence[str]) -> Sort:
    try:
        return handle(mail, to)
    except (InterfaceError, OperationalError):  # it is away
        raise
    except Exception:  # a mail that nobody foresaw must not come for ever
        log.exception("a mail can't be read; it is kept for a person")
        return Sort.UNCLEAR


def note(sorts: dict[Sort, int]) -> None:
    """Count these, and that somebody listens."""
    inbox, _ = Inbox.objects.get_or_create(name=str(source(settings.INBOUND_URL)))
    steps = {sort.value: F(sort.value) + n for sort, n in sorts.items()}
    Inbox.objects.filter(pk=inbox.pk).update(
        unread=left.waiting(), read_at=timezone.now(), trouble="", **steps
    )


# ---- the server ---------------------------------------------------------------------------


class _Talk(LMTP):
    """One connection, within bounds."""

    line_length_limit = LINE

    def __init__(self, door: "Door") -> None:
        super().__init__(
            door, data_size_limit=SIZE, enable_SMTPUTF8=True, hostname="digest", ident="LMTP",
            loop=asyncio.get_running_loop(),
        )  # fmt: skip
        self._talks = door.talks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if len(self._talks) >= CONNECTIONS:
            transport.write(b"421 4.3.2 Too many at once; come again\r\n")
            transport.close()
            return
        self._talks.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._talks:
            self._talks.remove(self)
            super().connection_lost(error)


class Door:
    """What is done with each mail: one after the other, in a thread of their own."""

    def __init__(self, take: Callable[[bytes, Sequence[str]], str] = taken) -> None:
        self.talks: set[_Talk] = set()
        self._take = take
        self._thread = ThreadPoolExecutor(max_workers=1)

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, _talk: _Talk, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """One recipient a mail: LMTP answers for each, and a bounce has one."""
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802
        self, _talk: _Talk, _session: Session, envelope: Envelope
    ) -> str:
        """A whole mail."""
        loop = asyncio.get_running_loop()
        mail, to = bytes(envelope.original_content or b""), list(envelope.rcpt_tos)
        return await loop.run_in_executor(self._thread, self._in_thread, mail, to)

    def _in_thread(self, mail: bytes, to: Sequence[str]) -> str:
        close_old_connections()  # one that broke meanwhile
        return self._take(mail, to)

    async def handle_exception(self, error: Exception) -> str:
        """Whatever nobody foresaw."""
        log.error("a mail was not taken", why=type(error).__name__)
        return "451 4.3.0 Something went wrong; come again"

    async def listen(self, listening: socket.socket) -> asyncio.Server:
        """Begin to take mails at this socket."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: _Talk(self), sock=listening, backlog=100)

    def close(self) -> None:
        """Finish the mail that is being taken, and let the database go."""
        self._thread.submit(connections.close_all)
        self._thread.shutdown()

    async def give_signs(self) -> None:
        """Tell, again and again, that somebody listens."""
        loop = asyncio.get_running_loop()
        while True:
            await loop.run_in_executor(self._thread, _sign)
            await asyncio.sleep(SIGN)


def _sign() -> None:
    try:
        close_old_connections()
        left.forget()
        note({})
    except (DatabaseError, OSError) as problem:
        log.warning("no sign was given", why=type(problem).__name__)


def serve(listening: socket.socket, when_up: Callable[[], None]) -> None:
    """Take what comes to this socket, until SIGTERM."""

    async def until_told() -> None:
        over = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
        door = Door()
        server = await door.listen(listening)
        signs = asyncio.create_task(door.give_signs())
        when_up()
        await over.wait()
        signs.cancel()
        server.close()
        door.close()

    asyncio.run(until_told())
