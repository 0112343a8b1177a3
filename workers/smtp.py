"""The SMTP client: one event loop over several connections to one relay.

A worker keeps one ``Client``; its connections stay open between runs. Nothing is taken from the
outbox before a connection is ready for it, so that a relay that can't be reached costs no
message an attempt: the run ends and its ``Report`` says why.
"""

import re
import selectors
import time
from collections import deque
from collections.abc import Callable

from workers.outbox import TICK, Envelope, Outbox, Outcome, Report, Verdict, Withdrawn
from workers.relay import Limits, Relay, Security
from workers.smtp_dialogue import RelayTrouble
from workers.smtp_names import Names
from workers.smtp_session import Job, Session
from workers.smtp_wire import Wire

__all__ = [
    "Client",
    "Envelope",
    "Limits",
    "Outbox",
    "Outcome",
    "Relay",
    "Report",
    "Verdict",
    "Withdrawn",
    "send_all",
]

LONGEST_REST = 60.0  # seconds for which a relay that can't be reached is left alone


class Run:
    """What belongs to one call of ``send_all``."""

    def __init__(self, outbox: Outbox, now: float) -> None:
        self.outbox = outbox
        self.again: deque[Job] = deque()  # taken, and handed back by a connection that ended
        self.ended = False  # nothing more is to be taken
        self.stopped = False  # no new body may begin
        self.over = False
        self.trouble = ""
        self.error: Exception | None = None  # from the outbox, to be raised in the end
        self.taken = 0
        self.failures = 0  # to get a connection of use, in a row
        self.wake = now  # when to ask the outbox again, if idle connections are to be asked
        self.next_tick = now
        self.next_attempt = now  # at a connection while there is none
        self.next_spare = now  # at another one while some are there

    def stop(self, *, trouble: str = "", error: Exception | None = None) -> None:
        """Begin nothing new; the first reason counts."""
        self.trouble = self.trouble or trouble
        self.error = self.error or error
        self.stopped = self.ended = True


class Client:
    """Keeps the connections to one relay, in one thread. Give ``clock`` seconds that only grow."""

    def __init__(
        self,
        relay: Relay,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.relay = relay
        self.now = clock()
        self._limits = limits or Limits()
        self._clock = clock
        self._tls = None if relay.security is Security.NONE else relay.tls_context()
        self._names = Names(relay.host, relay.port)
        self._selector = selectors.DefaultSelector()
        self._sessions: dict[Session, int] = {}  # -> the events it is registered for
        self._run: Run
        self._rests = 0  # runs in a row that ended in trouble
        self._rest_until = 0.0

    def send_all(self, outbox: Outbox) -> Report:
        """Send until ``take`` says None and all that was taken is settled.

        What the outbox raises is raised again, after what was under way is settled.
        """
        self.now = self._clock()
        if self._rest_until > self.now:
            return Report(self._run.trouble, self._rest_until - self.now)
        self._run = run = Run(outbox, self.now)
        self._drop_stale()
        try:
            while self._unfinished():
                self._turn()
        except BaseException as cause:
            self._break_off(f"this worker stops: {type(cause).__name__}")
            raise
        self._break_off(run.trouble or "the run is over")
        if run.error:
            raise run.error
        if not run.trouble:
            return Report()
        self._rest_until = self.now + min(LONGEST_REST, 2.0**self._rests)
        self._rests += 1
        return Report(run.trouble, self._rest_until - self.now)

    def close(self) -> None:
        """Take leave of the relay."""
        for session in list(self._sessions):
            self._leave(session)
        self._selector.close()

    # What sessions ask and tell

    def next_for(self, session: Session) -> Job | None:
        """The next message that this session's relay can take; the others are settled here."""
        while not self._run.stopped:
            job = self._pick(session)
            if job is None:
                break
            refusal = session.refusal_of(job.envelope)
            if refusal is None:
                return job
            self.settle(job, refusal)
        return None

    def begin(self, job: Job) -> bool:
        """Whether the body may go out now; if not, the message is settled."""
        why = "the run stopped"
        if not self._run.stopped:
            try:
                self._run.outbox.begin(job.envelope.key)
            except Withdrawn as withdrawn:
                why = f"withdrawn {withdrawn}".strip()
            except Exception as error:  # noqa: BLE001  raised again at the end of the run
                self._run.stop(error=error)
            else:
                return True
        self.settle(job, Outcome(Verdict.UNTRIED, 0, why))
        return False

    def settle(self, job: Job, outcome: Outcome) -> None:
        try:
            self._run.outbox.settle(job.envelope.key, outcome)
        except Exception as error:  # noqa: BLE001  raised again at the end of the run
            self._run.stop(error=error)

    def give_back(self, job: Job, trouble: RelayTrouble, *, blamed: bool) -> None:
        """A message whose connection ended before its body began: it may go by another.

        ``blamed`` when it may be this message that made the relay hang up.
        """
        job.losses += blamed
        if job.losses >= self._limits.losses:
            self.settle(job, Outcome(Verdict.DEFERRED, trouble.code, str(trouble)))
        elif self._run.stopped or self._run.over:
            self.settle(job, Outcome(Verdict.UNTRIED, 0, str(trouble)))
        else:
            self._run.again.append(job)

    def gone(self, session: Session, trouble: RelayTrouble) -> None:
        """A session is about to close. One that was of use is replaced at once."""
        self._selector.unregister(session.wire)
        del self._sessions[session]
        run = self._run
        if run.over:
            return
        if session.of_use:
            run.failures = self._rests = 0
        if trouble.lasting:
            run.stop(trouble=f"relay {self.relay}: {trouble}")
        elif session.of_use or (not session.connected and self._names.go_on()):
            return
        elif any(other.ready for other in self._sessions):
            wait = self._limits.pause if session.ready else self._limits.spare
            run.next_spare = self.now + wait
        else:
            self._count_failure(trouble)

    # The loop

    def _unfinished(self) -> bool:
        run = self._run
        if not run.ended or (run.again and not run.stopped):
            return True
        return any(session.busy for session in self._sessions)

    def _turn(self) -> None:
        run = self._run
        if self.now >= run.next_tick:
            self._tick()
        if run.again or run.wake:
            self._use_idle()
        if len(self._sessions) < self.relay.connections:
            self._connect()
        times = (run.next_tick, run.wake, run.next_attempt, run.next_spare)
        rest = min([at for at in times if at > self.now])
        events = self._selector.select(0.01 if self._names.asking else rest - self.now)
        self.now = self._clock()
        for key, mask in events:
            session: Session = key.data
            if mask & selectors.EVENT_WRITE:
                session.on_writable()
            if mask & selectors.EVENT_READ and not session.closed:
                session.on_readable()
            if not session.closed:
                self._watch(session)

    def _tick(self) -> None:
        run = self._run
        run.next_tick = self.now + TICK
        try:
            run.outbox.tick()
        except Exception as error:  # noqa: BLE001  raised again at the end of the run
            run.stop(error=error)
        for session in list(self._sessions):
            session.look_at_the_clock()
            job = session.give_away()
            if job:
                run.again.append(job)

    def _use_idle(self) -> None:
        if self.now >= self._run.wake:
            self._run.wake = 0.0
        for session in list(self._sessions):
            if session.idle:
                session.take_up()
                self._watch(session)

    def _pick(self, session: Session) -> Job | None:
        """A message handed back waits for a connection that has been of use, or for the end.

        Else the one message that makes a relay hang up would keep all others from it.
        """
        run = self._run
        if run.again and session.of_use:
            return run.again.popleft()
        if not run.ended and self.now >= run.wake:
            item = self._take()
            if isinstance(item, Envelope):
                return Job(item)
            if item is None:
                run.ended = True
            else:
                run.wake = self.now + min(item, TICK)
        return run.again.popleft() if run.again and run.ended and not run.stopped else None

    def _take(self) -> Envelope | float | None:
        run = self._run
        try:
            item = run.outbox.take()
        except Exception as error:  # noqa: BLE001  raised again at the end of the run
            run.stop(error=error)
            return None
        if isinstance(item, Envelope):
            run.taken += 1
            fault = fault_of(item.message) if run.taken == 1 else ""
            if fault:
                run.stop(error=ValueError(f"the message of delivery {item.key} {fault}"))
                self.settle(Job(item), Outcome(Verdict.UNTRIED, 0, fault))
                return None
        return item

    # Connections

    def _connect(self) -> None:
        """Open the first connection; the others once a second message shows a need for them."""
        run = self._run
        due = run.next_spare if self._sessions else run.next_attempt
        if self.now < due or (run.ended and not run.again) or run.stopped:
            return
        missing = 1
        if self._sessions:
            if run.taken < 2 or not all(session.busy for session in self._sessions):
                return
            missing = self.relay.connections - len(self._sessions)
        for _ in range(missing):
            try:
                address = self._names.current(self.now)
                if address is None:
                    return
                wire = Wire(*address)
            except OSError as error:
                self._count_failure(RelayTrouble(error.strerror or str(error)))
                return
            session = Session(self, self.relay, self._limits, wire, self._tls)
            self._sessions[session] = session.events
            self._selector.register(wire, session.events, session)

    def _count_failure(self, trouble: RelayTrouble) -> None:
        run = self._run
        run.failures += 1
        if run.failures >= self._limits.attempts:
            run.stop(trouble=f"relay {self.relay}: {trouble}")
        run.next_attempt = self.now + self._limits.pause * 2 ** (run.failures - 1)

    def _watch(self, session: Session) -> None:
        events = session.events
        if self._sessions[session] != events:
            self._sessions[session] = events
            self._selector.modify(session.wire, events, session)

    def _drop_stale(self) -> None:
        """Of the connections kept from the last run, keep those that are surely good still."""
        for session in list(self._sessions):
            if self.now - session.idle_since > self._limits.idle or not session.wire.quiet:
                self._leave(session)

    def _leave(self, session: Session) -> None:
        over, self._run.over = self._run.over, True
        if session.idle:
            session.wire.write(b"QUIT\r\n")
        session.hang_up(RelayTrouble("no longer needed"))
        self._run.over = over

    def _break_off(self, why: str) -> None:
        """End the run: settle what nobody decided on, and keep only idle connections."""
        self._run.over = True
        trouble = RelayTrouble(why)
        for session in list(self._sessions):
            if not session.idle:
                session.hang_up(trouble)
        while self._run.again:
            self.settle(self._run.again.popleft(), Outcome(Verdict.UNTRIED, 0, why))


def send_all(relay: Relay, outbox: Outbox, limits: Limits | None = None) -> Report:
    """One run with connections of its own."""
    client = Client(relay, limits)
    try:
        return client.send_all(outbox)
    finally:
        client.close()


def fault_of(message: bytes) -> str:
    """What keeps these bytes from going on the wire as they are, or an empty string."""
    if not message.endswith(b"\r\n"):
        return "does not end in CRLF"
    if message.startswith(b".") or b"\n." in message:
        return "has a line that begins with a dot"
    if re.search(rb"(?<!\r)\n|\r(?!\n)|\0", message):
        return "holds a bare CR, a bare LF or a NUL"
    return ""
