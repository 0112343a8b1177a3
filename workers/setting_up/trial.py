"""A visit that goes as far as a message would: MAIL FROM our sender, RCPT, and back by RSET."""

import ssl
from collections.abc import Generator
from dataclasses import dataclass

from workers.relay import Limits, Relay
from workers.routes.look import Visit
from workers.smtp_dialogue import Reply
from workers.smtp_wire import Wire


@dataclass(frozen=True)
class Refusal:
    """A no to MAIL or to RCPT; many relays say to RCPT what they have against MAIL's sender."""

    verb: str
    reply: Reply


class Trial(Visit):
    """It sends no mail: DATA is never said."""

    def __init__(
        self,
        relay: Relay,
        limits: Limits,
        wire: Wire,
        tls: ssl.SSLContext | None,
        *,
        sender: str,
        recipient: str,
    ) -> None:
        super().__init__(relay, limits, wire, tls)
        self.refusal: Refusal | None = None
        self._dialogue = self._transaction(sender, recipient)

    def _transaction(self, sender: str, recipient: str) -> Generator[bytes, Reply, None]:
        for verb, line in (("MAIL", f"MAIL FROM:<{sender}>"), ("RCPT", f"RCPT TO:<{recipient}>")):
            answer = yield f"{line}\r\n".encode()
            if answer.code >= 400:
                self.refusal = Refusal(verb, answer)
                break
        yield b"RSET\r\n"

    def _at_rest(self) -> None:
        if self.ready and not self._asked:
            self._asked = True
            self._deadline = self._now + self._limits.commands
            self.wire.write(next(self._dialogue))

    def _answer(self, reply: Reply) -> None:
        try:
            self.wire.write(self._dialogue.send(reply))
        except StopIteration:
            self.closed = True
            self.wire.write(b"QUIT\r\n")
            self.wire.close()
