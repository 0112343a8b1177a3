"""One connection to the relay until it is ready for messages: reach it, secure it, sign in."""

import selectors
import socket
import ssl
from abc import ABC, abstractmethod

from workers.relay import Limits, Relay, Security
from workers.smtp_dialogue import (
    Features,
    Insecure,
    Opening,
    Pause,
    RelayTrouble,
    Reply,
    ReplyReader,
    opening,
)
from workers.smtp_wire import Wire


class Connection(ABC):
    """Driven by its owner's selector and clock; what comes after the set-up is the subclass's."""

    def __init__(
        self, relay: Relay, limits: Limits, wire: Wire, tls: ssl.SSLContext | None
    ) -> None:
        self.wire = wire
        self.features = Features()
        self.connected = False
        self.ready = False  # for MAIL
        self.closed = False
        self._relay, self._limits, self._tls = relay, limits, tls
        self._deadline = self._now + limits.connecting
        self._shaking_hands = False
        self._opening: Opening | None = None
        self._reader = ReplyReader()

    @property
    @abstractmethod
    def _now(self) -> float:
        """The owner's clock."""

    @abstractmethod
    def _answer(self, reply: Reply) -> None:
        """A reply that came after the set-up; raises RelayTrouble to end the connection."""

    @abstractmethod
    def _at_rest(self) -> None:
        """Called when everything that came in was heard."""

    @abstractmethod
    def hang_up(self, trouble: RelayTrouble) -> None:
        """Close, and say what this means for the messages that were under way."""

    @property
    def events(self) -> int:
        """What its owner's selector is to watch for."""
        if not self.connected:
            return selectors.EVENT_WRITE
        if self.wire.wants_to_write:
            return selectors.EVENT_READ | selectors.EVENT_WRITE
        return selectors.EVENT_READ

    def on_readable(self) -> None:
        """Read what came in and act on it."""
        try:
            if not self.connected or self._shaking_hands:
                self._proceed()
            while not self.closed and not self._shaking_hands:
                octets = self.wire.read()
                if octets is None:
                    break
                self._hear(octets)
                if not self.wire.more_to_read:
                    break
        except (RelayTrouble, OSError) as cause:
            self.hang_up(_trouble(cause))

    def on_writable(self) -> None:
        """Go on with connecting, with TLS, or with what waits to be written."""
        try:
            if not self.connected or self._shaking_hands:
                self._proceed()
            else:
                self.wire.flush()
        except (RelayTrouble, OSError) as cause:
            self.hang_up(_trouble(cause))

    def _hear(self, octets: bytes) -> None:
        if not octets:
            raise RelayTrouble("the relay hung up without a word")
        replies = self._reader.feed(octets)
        if not self.ready and (len(replies) > 1 or (replies and self._reader.halfway)):
            # Before TLS, that could be somebody else who slips in answers to what comes after.
            raise RelayTrouble("the relay answered more than it was asked")
        for reply in replies:
            if self.closed:
                return
            if self.ready:
                self._answer(reply)
            else:
                self._set_up(reply)
        if not self.closed:
            self._at_rest()

    def _proceed(self) -> None:
        if not self.connected:
            self.wire.finish_connecting()
            self.connected = True
            self._deadline = self._now + self._limits.opening
            self._opening = opening(self._relay, self._own_name())
            if self._relay.security is Security.IMPLICIT:
                self._start_tls()
            else:
                self._set_up(None)
        elif self.wire.shake_hands():
            self._shaking_hands = False
            self._set_up(None if self._relay.security is Security.IMPLICIT else Reply(220, []))

    def _own_name(self) -> str:
        name = self._relay.helo or socket.gethostname()
        return name if self._relay.helo or "." in name.strip(".") else self.wire.own_address

    def _start_tls(self) -> None:
        if self._tls is None:
            raise RelayTrouble("there are no certificates to check the relay by", lasting=True)
        self.wire.start_tls(self._tls, self._relay.host)
        self._shaking_hands = True
        self._proceed()

    def _set_up(self, reply: Reply | None) -> None:
        """Pass the reply on to the opening (None starts it), and do what it says next."""
        if self._opening is None:
            raise RelayTrouble("the relay spoke before the connection stood")
        try:
            said = next(self._opening) if reply is None else self._opening.send(reply)
        except StopIteration as done:
            self.features, self.ready = done.value, True
            return
        if said is Pause.TLS:
            self._start_tls()
        elif said:
            self.wire.write(said)


def _trouble(cause: Exception) -> RelayTrouble:
    """What went wrong, in words."""
    if isinstance(cause, RelayTrouble):
        return cause
    if isinstance(cause, ssl.SSLCertVerificationError):
        words = f"the relay's certificate is not valid: {cause.verify_message}"
        return Insecure(words, lasting=True)
    if isinstance(cause, ssl.SSLError):
        return Insecure(f"TLS with the relay failed: {cause.reason or cause}")
    words = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return RelayTrouble(f"the connection failed: {words}")
