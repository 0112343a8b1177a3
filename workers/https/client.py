"""Hands an outbox's messages to a provider's API: several calls at once, each for one reader.

The outbox is asked and told by the thread that runs the client alone; threads carry calls, and know
nothing of deliveries. A message is begun right before its call is given to one of them, and settled
by the answer, as by SMTP: so a process that is killed leaves at most one uncertain message for each
of its connections. No call is ever repeated here.
"""

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import NamedTuple

from anymail.exceptions import AnymailError

from workers.https import whole
from workers.https.account import Account
from workers.https.answers import Heard, heard
from workers.https.call import Answer, Broken, Call
from workers.https.fields import Payload
from workers.https.wire import Caller, Limits
from workers.outbox import TICK, Envelope, Outbox, Outcome, Report, Verdict, Withdrawn

HURRIED = Limits(connecting=4)
"""For a provider beside other routes: whoever can't be reached must not keep a worker from them."""

PATIENT = 5.0
"""Seconds that a provider may ask us to wait before others get the batch."""

STRANGE = 5
"""Calls in a row that took nothing and not for a reader's sake: the route is set aside."""


class _Begun(NamedTuple):
    """A message under way."""

    key: int
    payload: Payload | None


class Run:
    """What belongs to one call of ``send_all``."""

    def __init__(self, outbox: Outbox, now: float) -> None:
        self.outbox = outbox
        self.under_way: dict[Caller, _Begun] = {}
        self.ended = False  # nothing more is to be taken
        self.trouble = ""
        self.asked = 0.0  # seconds for which the provider wants to be left alone
        self.error: Exception | None = None  # from the outbox, to be raised in the end
        self.next_tick = now
        self.wake = now  # when to take the next one
        self.strange = 0  # in a row

    def stop(self, *, trouble: str = "", error: Exception | None = None) -> None:
        """Take nothing more; the first reason counts."""
        self.trouble = self.trouble or trouble
        self.error = self.error or error
        self.ended = True


class Client:
    """Keeps the connections to one account, from run to run."""

    def __init__(
        self,
        account: Account,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account, self._limits, self._clock = account, limits or Limits(), clock
        self._answers: SimpleQueue[tuple[Caller, Answer | Broken | None]] = SimpleQueue()
        self._callers: list[Caller] = []

    def send_all(self, outbox: Outbox) -> Report:
        """Send until ``take`` says None and all that was taken is settled.

        What the outbox raises is raised again, after what was under way is settled.
        """
        run = Run(outbox, self._clock())
        try:
            self._reach(run)
            while not run.ended or run.under_way:
                self._tick(run)
                self._hand_over(run)
                waits = not run.ended and self._has_idle()
                self._listen(run, min(run.next_tick, run.wake) if waits else run.next_tick)
        except BaseException as cause:
            self._break_off(run, f"this worker stops: {type(cause).__name__}")
            raise
        if run.error:
            raise run.error
        return Report(run.trouble, asked=run.asked)

    def close(self) -> None:
        """End every thread and connection."""
        while self._callers:
            self._callers.pop().end()

    def _reach(self, run: Run) -> None:
        """A connection must stand before anything is taken."""
        caller = self._idle()
        assert caller is not None, "between two runs nobody is busy"
        until = self._clock() + self._limits.connecting
        caller.give(None, until)
        while caller.busy_until and self._clock() < until:
            self._tick(run)
            self._listen(run, min(run.next_tick, until))
        if caller.busy_until:
            self._drop(caller)
            run.stop(trouble=f"{self._account} can't be reached: it took too long")

    def _hand_over(self, run: Run) -> None:
        """Take and begin while there is something to take, and somebody to carry it."""
        while not run.ended and self._clock() >= run.wake and (caller := self._idle()):
            try:
                item = run.outbox.take()
            except Exception as error:  # noqa: BLE001  raised again at the end of the run
                run.stop(error=error)
                return
            if isinstance(item, Envelope):
                self._begin(run, caller, item)
            elif item is None:
                run.ended = True
            else:
                run.wake = self._clock() + min(item, TICK)

    def _begin(self, run: Run, caller: Caller, envelope: Envelope) -> None:
        try:
            payload = None if self._account.is_whole else Payload(self._account, envelope)
            call = payload.call() if payload else whole.call(self._account, envelope)
        except (AnymailError, ValueError) as problem:  # an address that no field may hold
            words = str(problem).partition("\n")[0]
            self._settle(run, envelope.key, Outcome(Verdict.FAILED, 0, f"not sent: {words}"))
            return
        try:
            run.outbox.begin(envelope.key)
        except Withdrawn as withdrawn:
            outcome = Outcome(Verdict.UNTRIED, 0, f"withdrawn {withdrawn}".strip())
            self._settle(run, envelope.key, outcome)
        except Exception as error:  # noqa: BLE001  raised again at the end of the run
            run.stop(error=error)
            self._settle(run, envelope.key, Outcome(Verdict.UNTRIED, 0, "the run stopped"))
        else:
            self._give(run, caller, call, _Begun(envelope.key, payload))

    def _give(self, run: Run, caller: Caller, call: Call, begun: _Begun) -> None:
        run.under_way[caller] = begun
        caller.give(call, self._clock() + self._limits.answer)

    def _listen(self, run: Run, until: float) -> None:
        """Wait for an answer, or until then; hear all that have come."""
        try:
            self._hear(run, *self._answers.get(timeout=max(0.0, until - self._clock())))
            while True:
                self._hear(run, *self._answers.get_nowait())
        except Empty:
            return

    def _hear(self, run: Run, caller: Caller, answer: Answer | Broken | None) -> None:
        caller.busy_until = 0.0
        begun = run.under_way.pop(caller, None)
        if begun and answer is not None:
            self._act_on(run, begun, heard(self._account, begun.payload, answer))
        elif isinstance(answer, Broken) and caller in self._callers:
            run.stop(trouble=f"{self._account} can't be reached: {answer.why}")

    def _act_on(self, run: Run, begun: _Begun, said: Heard) -> None:
        self._settle(run, begun.key, said.outcome)
        run.strange = run.strange + 1 if said.strange else 0
        if said.trouble:
            run.stop(trouble=said.trouble)
        elif said.wait > PATIENT:
            run.asked = max(run.asked, said.wait)
            why = f"{self._account} asks us to wait {said.wait:.0f} s: {said.outcome.text}"
            run.stop(trouble=why)
        elif said.wait:
            run.wake = max(run.wake, self._clock() + said.wait)
        if run.strange >= STRANGE:
            run.stop(trouble=f"{self._account} takes nothing: {said.outcome.text}")

    def _settle(self, run: Run, key: int, outcome: Outcome) -> None:
        try:
            run.outbox.settle(key, outcome)
        except Exception as error:  # noqa: BLE001  raised again at the end of the run
            run.stop(error=error)

    def _tick(self, run: Run) -> None:
        now = self._clock()
        if now < run.next_tick:
            return
        run.next_tick = now + TICK
        for caller in list(run.under_way):
            if now > caller.busy_until:
                self._give_up(run, caller, "it took too long")
        try:
            run.outbox.tick()
        except Exception as error:  # noqa: BLE001  raised again at the end of the run
            run.stop(error=error)

    def _break_off(self, run: Run, why: str) -> None:
        """Settle what is under way, whatever came of it: nobody waits for it any more."""
        for caller in list(run.under_way):
            self._give_up(run, caller, why)

    def _give_up(self, run: Run, caller: Caller, why: str) -> None:
        begun = run.under_way.pop(caller)
        self._drop(caller)
        self._settle(run, begun.key, Outcome(Verdict.UNCERTAIN, 0, f"no answer: {why}"))

    def _idle(self) -> Caller | None:
        """Whoever has nothing to do; another one while there may be more."""
        for caller in self._callers:
            if not caller.busy_until:
                return caller
        if len(self._callers) < self._account.connections:
            self._callers.append(Caller(self._account, self._limits, self._answers))
            return self._callers[-1]
        return None

    def _has_idle(self) -> bool:
        free = len(self._callers) < self._account.connections
        return free or any(not caller.busy_until for caller in self._callers)

    def _drop(self, caller: Caller) -> None:
        """It may be stuck in a lookup of names: another one takes its place."""
        self._callers.remove(caller)
        caller.end()
