"""A look at a relay: connect, TLS, sign in, NOOP; in words what was seen.  It sends no mail.

At a provider's API it asks something else that sends nothing (``https/probing.py``)."""

import selectors
import ssl
import time
from collections.abc import Callable
from typing import TypeVar

from workers.https.account import Account
from workers.relay import Limits, Relay, Security
from workers.seen import Seen
from workers.smtp_connection import Connection
from workers.smtp_dialogue import RelayTrouble, Reply
from workers.smtp_names import Names
from workers.smtp_wire import Wire
from workers.where import Where

LIMITS = Limits(connecting=5, opening=10, commands=5)
LONGEST = 15.0
"""Seconds that a look may take."""


def look(place: Where) -> Seen:
    """What is seen there."""
    if isinstance(place, Account):
        from workers.https import probing  # as in carriers

        return probing.look(place)
    return _look(place)


def _look(relay: Relay) -> Seen:
    """Try the relay's addresses one after another."""
    until = time.monotonic() + LONGEST
    try:
        return _looked(relay, until)
    except (RelayTrouble, OSError) as cause:
        words = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
        return Seen(f"relay {relay}: {words}", "")


def _looked(relay: Relay, until: float) -> Seen:
    return visited(relay, Visit, until).seen()


_V = TypeVar("_V", bound="Visit")


def visited(
    relay: Relay,
    visit: Callable[[Relay, Limits, Wire, ssl.SSLContext | None], _V],
    until: float,
) -> _V:
    """A visit that is over, at the first of the relay's addresses that takes it, else the last one
    tried. OSError where the name leads to none, or no such authority is there to check it by."""
    tls = None if relay.security is Security.NONE else relay.tls_context()
    names = Names(relay.host, relay.port)
    while True:
        address = names.current(time.monotonic())
        if address is None:
            if time.monotonic() > until:
                raise OSError(0, "its name is not found in time")
            time.sleep(0.01)  # the lookup has a thread of its own
            continue
        made = visit(relay, LIMITS, Wire(*address), tls)
        made.drive(until)
        if made.connected or not names.go_on() or time.monotonic() > until:
            return made


class Visit(Connection):
    """A connection that says NOOP and leaves."""

    _answered: Reply | None = None
    _asked = False
    trouble: RelayTrouble | None = None

    @property
    def _now(self) -> float:
        return time.monotonic()

    def drive(self, until: float) -> None:
        """Go on until there is an answer, trouble, or no time left."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.wire, self.events, self)
            while not self.closed:
                if self._now > min(until, self._deadline):
                    self.hang_up(RelayTrouble("the relay took too long to answer"))
                    return
                for _, mask in selector.select(0.1):
                    if mask & selectors.EVENT_WRITE:
                        self.on_writable()
                    if mask & selectors.EVENT_READ and not self.closed:
                        self.on_readable()
                if not self.closed:
                    selector.modify(self.wire, self.events, self)

    def seen(self) -> Seen:
        """In words."""
        if self.trouble:
            return Seen(f"relay {self._relay}: {self.trouble}", "")
        features = self.features
        offers = [
            name
            for name, offered in (
                ("PIPELINING", features.pipelining),
                (f"SIZE {features.size:,}", features.size),
                ("SMTPUTF8", features.smtputf8),
            )
            if offered
        ]
        told = [
            "Connected",
            "TLS stands and its certificate is good"
            if self._relay.security is not Security.NONE
            else "in the clear, as its URL says",
            "it let us in" if self._relay.user else "it asks for no password",
            f"it offers {', '.join(offers)}" if offers else "it offers nothing beyond the least",
            f"to NOOP it said: {self._answered.text if self._answered else 'nothing'}",
        ]
        return Seen("", "; ".join(told))

    def hang_up(self, trouble: RelayTrouble) -> None:
        if not self.closed:
            self.closed = True
            self.trouble = trouble
            self.wire.close()

    def _answer(self, reply: Reply) -> None:
        if reply.code >= 400:
            raise RelayTrouble(f"to NOOP it said: {reply.text}")
        self._answered = reply
        self.closed = True
        self.wire.write(b"QUIT\r\n")
        self.wire.close()

    def _at_rest(self) -> None:
        if self.ready and not self._asked:
            self._asked = True
            self._deadline = self._now + self._limits.commands
            self.wire.write(b"NOOP\r\n")
