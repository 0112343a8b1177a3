"""Message after message over one connection, each reply checked (RFC 5321, 2920).

Where the relay offers PIPELINING, a message's body and the next one's commands go out in one
write, ``body . MAIL RCPT DATA``, and one round trip does for a message. No body is begun before
the 354 that is its own.
"""

import re
import ssl
from collections import deque
from enum import IntEnum, auto
from typing import Protocol

from workers.outbox import Envelope, Outcome, Verdict
from workers.relay import Limits, Relay
from workers.smtp_connection import Connection
from workers.smtp_dialogue import RelayTrouble, Reply
from workers.smtp_wire import Wire

_PATH = re.compile(rb"[^\x00-\x20\x7f<>@]+@[^\x00-\x20\x7f<>@]+")
_PLAIN = re.compile(rb"(?:[!-;=?A-~]+@[!-;=?A-~]+)? [!-;=?A-~]+@[!-;=?A-~]+")
"""Sender and recipient as nearly all are: paths of ASCII."""
_ALL_WELL = re.compile(
    rb"(2[0-9][0-9](?: [^\r\n]{0,900})?)\r\n(?:2[0-9][0-9] [^\r\n]*\r\n){2}354 [^\r\n]*\r\n"
)
"""The answers to a body, to MAIL, RCPT and DATA as nearly all are, in one piece."""
_SHUT_OUT = frozenset({530, 534, 535, 538})  # to MAIL, these speak of us (RFC 4954 6)
_VERDICTS = {2: Verdict.ACCEPTED, 4: Verdict.DEFERRED, 5: Verdict.FAILED}


class Job:
    """An envelope on its way through the client."""

    __slots__ = ("envelope", "losses")

    def __init__(self, envelope: Envelope) -> None:
        self.envelope = envelope
        self.losses = 0  # connections that ended under it, before its body was begun


class Step(IntEnum):
    """What a reply answers."""

    RSET = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    DOT = auto()  # the end of a body
    NOTHING = auto()  # the end of no body, where DATA was granted without a recipient


_ROUND = (Step.MAIL, Step.RCPT, Step.DATA)
_RESET_AND_ROUND = (Step.RSET, *_ROUND)


class Dispatcher(Protocol):
    """What a session needs of the client it belongs to."""

    @property
    def now(self) -> float: ...
    def next_for(self, session: "Session") -> Job | None: ...
    def begin(self, job: Job) -> bool: ...
    def settle(self, job: Job, outcome: Outcome) -> None: ...
    def give_back(self, job: Job, trouble: RelayTrouble, *, blamed: bool) -> None: ...
    def gone(self, session: "Session", trouble: RelayTrouble) -> None: ...


class Session(Connection):
    """A connection that sends what its client gives it."""

    def __init__(
        self,
        client: Dispatcher,
        relay: Relay,
        limits: Limits,
        wire: Wire,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._client = client
        super().__init__(relay, limits, wire, tls)
        self.of_use = 0  # messages that the relay decided on over this connection
        self.idle_since = client.now
        self._expected: deque[Step] = deque()
        self._later: deque[tuple[Step, bytes]] = deque()  # commands that go one by one
        self._ahead: Job | None = None  # its commands are out, its body isn't begun
        self._granted = False  # its MAIL was
        self._refusal: Reply | None = None  # the first no to a command of ``_ahead``
        self._body: Job | None = None  # its body is begun, and not answered
        self._end_of_body = 0  # what ``wire.sent`` is once the final dot is out
        self._unreset = False  # the relay holds a transaction that came to nothing
        self._in_round = False  # a body, MAIL, RCPT and DATA are to be answered, and no more
        self._on = {
            Step.RSET: self._on_reset,
            Step.MAIL: self._on_mail,
            Step.RCPT: self._on_recipient,
            Step.DATA: self._on_data,
            Step.DOT: self._on_dot,
            Step.NOTHING: self._on_nothing,
        }

    @property
    def busy(self) -> bool:
        """Whether a message is under way."""
        return self._ahead is not None or self._body is not None

    @property
    def idle(self) -> bool:
        """Whether it can take a message now."""
        return self.ready and not self._expected and not self.closed

    def refusal_of(self, envelope: Envelope) -> Outcome | None:
        """Why this envelope can't go to this relay at all, or None."""
        sender, recipient = envelope.sender, envelope.recipient
        fits = not 0 < self.features.size < len(envelope.message)
        if fits and _PLAIN.fullmatch(b"%b %b" % (sender, recipient)):
            return None
        if not _PATH.fullmatch(recipient) or (sender and not _PATH.fullmatch(sender)):
            why = "553 5.1.3 the address can't be written in SMTP"
        elif not self.features.smtputf8 and not (sender.isascii() and recipient.isascii()):
            why = "553 5.6.7 the relay takes only addresses in ASCII"
        elif not fits:
            size = f"{len(envelope.message)} octets, the relay takes {self.features.size}"
            why = f"552 5.3.4 the message has {size}"
        else:
            return None
        return Outcome(Verdict.FAILED, int(why[:3]), why)

    def look_at_the_clock(self) -> None:
        """Hang up when the relay has taken too long."""
        if self._now > self._deadline and not self.idle:
            self.hang_up(RelayTrouble("the relay took too long to answer"))

    def give_away(self) -> Job | None:
        """The message that has waited too long behind another one's answer, if there is one."""
        begun = self._deadline - self._limits.final
        if not (self._ahead and self._body and self.wire.sent >= self._end_of_body):
            return None
        if self._now <= begun + self._limits.stall:
            return None
        job, self._ahead = self._ahead, None  # should it be granted here, we hang up
        return job

    def on_writable(self) -> None:
        super().on_writable()
        if self._body and not self.closed and self.wire.sent >= self._end_of_body:
            self._deadline = self._now + self._limits.final

    @property
    def _now(self) -> float:
        return self._client.now

    def hang_up(self, trouble: RelayTrouble) -> None:
        if self.closed:
            return
        self.closed = True
        self._client.gone(self, trouble)
        self.wire.close()
        body, ahead = self._body, self._ahead
        self._body = self._ahead = None
        if body and self.wire.sent >= self._end_of_body:
            self._client.settle(body, Outcome(Verdict.UNCERTAIN, 0, f"no answer: {trouble}"))
        elif body:
            self._client.settle(body, Outcome(Verdict.UNTRIED, 0, f"not sent whole: {trouble}"))
        if ahead:
            # A relay that has had enough of this connection says nothing about the message.
            blamed = self._granted or not (self.of_use or body)
            self._client.give_back(ahead, trouble, blamed=blamed)

    def _hear(self, octets: bytes) -> None:
        """As in general; but the answers of a round are read in one look where all is well.

        Four in five replies are such. Whatever differs, however little, goes the long way.
        """
        found = _ALL_WELL.fullmatch(octets) if self._in_round else None
        self._in_round = False
        if found is None or self.wire.sent < self._end_of_body:
            super()._hear(octets)
            return
        self._expected.clear()
        self._granted = True
        self._settle_body(Reply(int(found[1][:3]), [found[1]]))
        self._send_body()

    def take_up(self) -> None:
        """Begin the next message, if there is one, on an idle connection."""
        self.idle_since = self._now
        job = self._client.next_for(self)
        if job:
            self.wire.write(self._commands(job))
            if self._later:
                self._say_next()

    def _at_rest(self) -> None:
        if self.idle:
            self.take_up()

    def _commands(self, job: Job) -> bytes:
        """What is to be written for this message before its body, all or the first of it."""
        self._ahead, self._granted = job, False
        self._deadline = self._client.now + self._limits.commands
        _, sender, recipient, message, _ = job.envelope
        features = self.features
        size = b" SIZE=%d" % len(message) if features.states_size else b""
        if not (sender.isascii() and recipient.isascii()):
            size += b" SMTPUTF8"
        mail = b"MAIL FROM:<%b>%b\r\n" % (sender, size)
        rcpt = b"RCPT TO:<%b>\r\n" % recipient
        reset, self._unreset = self._unreset, False
        if features.pipelining:
            self._expected.extend(_RESET_AND_ROUND if reset else _ROUND)
            return b"%b%b%bDATA\r\n" % (b"RSET\r\n" if reset else b"", mail, rcpt)
        commands = [b"RSET\r\n", mail, rcpt, b"DATA\r\n"]
        steps = list(zip(_RESET_AND_ROUND, commands, strict=True))
        self._later.extend(steps if reset else steps[1:])
        return b""

    def _say_next(self) -> None:
        step, command = self._later.popleft()
        self._expected.append(step)
        self.wire.write(command)

    def _answer(self, reply: Reply) -> None:
        if not self._expected:
            raise RelayTrouble(f"the relay spoke unasked: {reply.text}")
        step = self._expected.popleft()
        if reply.code == 421:
            if step is Step.DOT:
                self._settle_body(reply)
            raise RelayTrouble(f"the relay closes: {reply.text}", code=421)
        granted = reply.code == 354 if step is Step.DATA else reply.code < 300
        if reply.code < 400 and not granted:
            raise RelayTrouble(f"the relay answered {step.name} with {reply.text}")
        self._on[step](reply)
        if self._later and not self._expected:
            self._say_next()

    def _on_reset(self, reply: Reply) -> None:
        if reply.code >= 400:
            raise RelayTrouble(f"the relay can't begin anew: {reply.text}")

    def _on_mail(self, reply: Reply) -> None:
        if reply.code in _SHUT_OUT:
            raise RelayTrouble(f"the relay does not let us in: {reply.text}", lasting=True)
        if reply.code == 503:
            raise RelayTrouble(f"the relay and we are out of step: {reply.text}")
        self._granted = reply.code < 300
        self._on_recipient(reply)

    def _on_recipient(self, reply: Reply) -> None:
        if reply.code >= 400 and self._refusal is None:
            self._refusal = reply
        if self._refusal and self._later:
            self._later.clear()
            self._refused(self._refusal)

    def _on_data(self, reply: Reply) -> None:
        refusal = self._refusal or (reply if reply.code >= 400 else None)
        if refusal is None:
            self._send_body()
        elif reply.code == 354:
            self._expected.append(Step.NOTHING)
            self.wire.write(b".\r\n")
        else:
            self._refused(refusal)

    def _on_nothing(self, _reply: Reply) -> None:
        if self._refusal:
            self._refused(self._refusal)

    def _refused(self, refusal: Reply) -> None:
        job, self._ahead, self._refusal = self._ahead, None, None
        self._unreset = True
        if job:
            self.of_use += 1
            self._client.settle(job, _outcome(refusal))

    def _send_body(self) -> None:
        job, self._ahead = self._ahead, None
        if job is None:
            raise RelayTrouble("the message went another way")
        following = self._client.next_for(self) if self.features.pipelining else None
        if not self._client.begin(job):
            self._ahead = following
            self.hang_up(RelayTrouble("a message was held back at the last moment"))
            return
        self._body = job
        self._expected.append(Step.DOT)
        message = job.envelope.message
        self._end_of_body = self.wire.queued + len(message) + 3
        commands = self._commands(following) if following else b""
        self.wire.write(message, b".\r\n" + commands)
        self._in_round = len(self._expected) == 4 and not self._reader.halfway
        out = self.wire.sent >= self._end_of_body
        now, limits = self._client.now, self._limits
        self._deadline = now + (limits.final if out else limits.body)

    def _on_dot(self, reply: Reply) -> None:
        out = self.wire.sent >= self._end_of_body
        if not out and reply.code < 400:
            raise RelayTrouble(f"the relay answered before the end: {reply.text}")
        self._settle_body(reply)
        if not out:
            raise RelayTrouble(f"the relay stopped a message halfway: {reply.text}")
        self._deadline = self._now + self._limits.commands

    def _settle_body(self, reply: Reply) -> None:
        job, self._body = self._body, None
        if job:
            self.of_use += 1
            self._client.settle(job, _outcome(reply))


def _outcome(reply: Reply) -> Outcome:
    return Outcome(_VERDICTS[reply.code // 100], reply.code, reply.text)
