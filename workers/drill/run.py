"""A drill, in a process whose settings are those of the trial's own installation."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection
from rich.console import Console
from rich.live import Live

from digest.errors import CheckFailed
from workers import balance, progress
from workers.balance import Sheet
from workers.drill import faults
from workers.drill.checker import Claim, Verdict, judge
from workers.drill.plan import Plan
from workers.feedback.providers import Provider
from workers.models import Delivery, MailingState
from workers.sink import api
from workers.trial import mailing, parts, readers
from workers.trial.orphans import guarded

CONNECTIONS = 4
"""Per worker process: what may be under way, and so uncertain, when it is killed."""

LATENCY = 0.004
"""Seconds by which the sink answers late, so that a kill finds messages on the wire."""

PATIENCE = 150.0
"""Seconds without a message or a fault after which the drill gives up."""

LOOK_EVERY = 0.25

A_WAIT = 0.2
"""Seconds without a message that count as waiting for what a fault has ended."""


@dataclass(frozen=True)
class Asked:
    """What the command was told."""

    messages: int
    kills: int
    seed: int
    workers: int
    restart: str  # a shell command that restarts PostgreSQL, or ""
    api: str = ""  # the provider by whose HTTP API mail goes, or "": by SMTP


@dataclass(frozen=True)
class Result:
    """How it ended."""

    sheet: Sheet
    verdict: Verdict
    done: list[faults.Done]
    uncertain_at_most: int
    at_sink: int
    seconds: float
    waits: Mapping[str, float]  # fault, or "start" → seconds in which no message came

    @property
    def missed(self) -> int:
        """Faults that found nobody sending any more."""
        return sum(one.missed for one in self.done)

    @property
    def killed(self) -> int:
        return sum(one.killed for one in self.done)


class Drill:
    """One drill: its plan, its record, and how far it has come."""

    def __init__(self, asked: Asked, planned: Plan, console: Console) -> None:
        self._asked, self._plan, self._console = asked, planned, console
        self._record = parts.Record(settings.DATA_DIR / "sink")
        self._ahead = list(planned.events)
        self._done: list[faults.Done] = []
        self._waits: dict[str, float] = {}
        self._last_count, self._last_at = 0, time.monotonic()
        self._overcome = 0  # messages at the sink, beyond which the last kill is

    def run(self) -> Result:
        """Send, break, wait, and judge.  Raises CheckFailed where it comes to no end."""
        self._begun = time.monotonic()
        self._update = mailing.draft(self._asked.messages)
        mailing.approve(self._update)
        with self._scene() as scene:
            self._go(scene)
        # Nothing sends any more: what is read now is the end.
        found = mailing.of(self._update)
        assert found is not None, "it was seen to be done"
        sheet = balance.sheet(found)
        rows = Delivery.objects.filter(mailing=found).values_list("address", "state")
        claim = Claim(list(rows), sheet.candidates, sheet.balanced)
        got, at_most = self._record.recipients(), self._at_most()
        verdict = judge(got, claim, self._asked.messages, at_most)
        took = time.monotonic() - self._begun
        return Result(sheet, verdict, self._done, at_most, len(got), took, self._waits)

    @contextmanager
    def _scene(self) -> Iterator[faults.Scene]:
        """Sink, broker and program; ended in good order however this ends."""
        with ExitStack() as stack:
            guard = stack.enter_context(guarded())
            port = stack.enter_context(parts.sink(self._record.path, guard, *self._manners()))
            broker = parts.Broker(guard)
            stack.callback(broker.close)
            system = parts.System(
                settings.DATA_DIR,
                self._asked.workers,
                guard,
                REDIS_URL=broker.url,
                SMTP_URL=self._url(port),
            )
            stack.callback(system.close)
            yield faults.Scene(system, broker, self._asked.workers, self._asked.restart)

    def _go(self, scene: faults.Scene) -> None:
        """Watch until the mailing is done, and strike whenever the plan says so."""
        moved, before, looked, over = time.monotonic(), -1, 0.0, False
        with Live(console=self._console, refresh_per_second=4) as live:
            while True:
                scene.broker.return_in_time()
                count = self._record.count()
                if self._is_time(count) or (over and self._ahead):
                    self._strike(scene, count)
                    before = -1
                now = time.monotonic()
                if now - looked > LOOK_EVERY:
                    looked = now
                    over = self._finished(live)
                    if over and not self._ahead:
                        return
                if count != before:
                    self._note_wait(count)
                    moved, before = now, count
                if now - moved > PATIENCE:
                    raise CheckFailed(f"Nothing has moved for {PATIENCE:.0f} s; see the logs.")
                time.sleep(0.005)

    def _note_wait(self, count: int) -> None:
        """Messages come again: for how long none came is the last fault's doing."""
        now = time.monotonic()
        if count > self._last_count:
            if now - self._last_at > A_WAIT:
                why = self._done[-1].event.fault.value if self._done else "start"
                self._waits[why] = self._waits.get(why, 0.0) + now - self._last_at
            self._last_count, self._last_at = count, now

    def _is_time(self, count: int) -> bool:
        """Whether the next fault is due.  A kill waits until the one before is overcome: of
        workers that have not yet begun a message it would show nothing."""
        if not self._ahead or count < self._ahead[0].at:
            return False
        return self._ahead[0].fault not in faults.KILLS or count > self._overcome

    def _strike(self, scene: faults.Scene, count: int) -> None:
        done = faults.strike(self._ahead.pop(0), scene)
        self._done.append(done)
        if done.killed:  # what was on the wire may yet arrive, and says nothing of who came after
            self._overcome = self._record.count() + self._asked.workers * CONNECTIONS
        since = time.monotonic() - self._begun
        self._console.print(f"  {since:5.1f} s {count:>7,} at the sink  {done.told}")

    def _finished(self, live: Live) -> bool:
        """Show the balance; whether the mailing is done.  The database may be away."""
        try:
            found = mailing.of(self._update)
            if found is None:
                return False
            live.update(progress.told(found))
        except DatabaseError:
            connection.close()
            return False
        if found.state in progress.WANTS_A_PERSON:
            raise CheckFailed(f"The mailing is {found.state}: {found.why}")
        return found.state == MailingState.DONE

    def _url(self, port: int) -> str:
        if self._asked.api:
            return api.url(Provider(self._asked.api), port, CONNECTIONS)
        return f"smtp://127.0.0.1:{port}?connections={CONNECTIONS}"

    def _manners(self) -> list[str]:
        more = ["--api", self._asked.api] if self._asked.api else []
        return [*_manners(self._plan), *more]

    def _at_most(self) -> int:
        """How many may be uncertain: one for each connection that broke in mid-message.  A call is
        written in one go, so that nobody knows whether its reader hung up before or after."""
        killed = sum(one.killed for one in self._done)
        unsaid = len(self._plan.drop_before) if self._asked.api else 0
        return killed * CONNECTIONS + len(self._plan.drop_after) + unsaid


def _manners(planned: Plan) -> list[str]:
    """The sink's options: late, and hanging up on the readers that the plan names."""
    words = ["--latency", str(LATENCY)]
    for option, numbers in (
        ("--drop-before", planned.drop_before),
        ("--drop-after", planned.drop_after),
    ):
        names = "|".join(re.escape(readers.address(number)) for number in numbers)
        words += [option, f"^(?:{names})$" if names else "(?!)"]
    return words
