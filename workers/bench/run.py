"""A bench, in a process whose settings are those of the trial's own installation."""

import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from rich.console import Console

from digest.errors import CheckFailed
from workers import balance, ledger, presence
from workers.drill.checker import Claim, judge
from workers.letters import Letters
from workers.models import Delivery, Mailing, MailingState
from workers.trial import mailing, parts, readers
from workers.trial.orphans import guarded

CONNECTIONS = 8
PATIENCE = 120.0
"""Seconds that the workers may take to start, and to begin; more for a large audience."""


@dataclass(frozen=True)
class Asked:
    """What the command was told."""

    messages: int
    workers: int
    sink: str = ""  # a program to use for the built-in one, called like it


@dataclass(frozen=True)
class Figures:
    """What a bench measures."""

    database: str
    workers: int
    messages: int
    octets: int  # of one message
    per_second: float  # from the first message to the last, by the sink's record
    seconds: float  # from when it was due until it was done
    first_after: float  # seconds from when it was due until the sink had a message
    cpu_ms: float  # a message, of the worker processes that send
    celery_percent: float  # of the CPU of the senders and of Celery's process above them
    ledger_us: float  # of clock a message: claim, look up, record, release
    fill_per_second: float  # deliveries made while the audience is filled
    memory_mb: float  # of the largest worker process
    correct: bool  # each reader exactly once, and the sheet balances


class Bench:
    """One run."""

    def __init__(self, asked: Asked, console: Console) -> None:
        self._asked, self._console = asked, console
        self._record = parts.Record(settings.DATA_DIR / "sink")
        self._meters = settings.DATA_DIR / "meters"

    def run(self) -> Figures:
        """Make a mailing, have it sent, measure.  Raises CheckFailed where it is not done."""
        messages = self._asked.messages
        self._console.print(f"Making {messages:,} readers and an update…")
        update = mailing.draft(messages)
        self._meters.mkdir()
        with ExitStack() as stack:
            guard = stack.enter_context(guarded())
            port = stack.enter_context(
                parts.sink(self._record.path, guard, program=self._asked.sink)
            )
            broker = parts.Broker(guard)
            stack.callback(broker.close)
            system = parts.System(
                settings.DATA_DIR,
                self._asked.workers,
                guard,
                REDIS_URL=broker.url,
                SMTP_URL=f"smtp://127.0.0.1:{port}?connections={CONNECTIONS}",
                DIGEST_METER=str(self._meters),
            )
            stack.callback(system.close)
            parts.until(_all_up, PATIENCE, "The workers' start")
            self._console.print("Sending…")
            mailing.approve(update)
            before = _cpu_of(senders := _senders(system))
            first, last = self._times(update.pk)
            cpu = _cpu_of(senders) - before
        found = mailing.of(update)
        assert found is not None, "it was seen to be done"
        return self._figures(found, first, last, cpu)

    def _times(self, update: int) -> tuple[float, float]:
        """When the sink had the first and the last message, in seconds since 1970."""
        expected = sum(len(readers.address(n)) + 1 for n in range(self._asked.messages))
        path = self._record.path
        parts.until(lambda: path.stat().st_size > 0, PATIENCE, "The first message", 0.005)
        first = time.time()
        long = PATIENCE + self._asked.messages / 100
        parts.until(lambda: path.stat().st_size >= expected, long, "The last message", 0.005)
        last = time.time()
        done = Mailing.objects.filter(update=update, state=MailingState.DONE)
        parts.until(done.exists, PATIENCE, "The mailing's end", 0.05)
        return first, last

    def _figures(self, found: Mailing, first: float, last: float, cpu: float) -> Figures:
        messages, spent = self._asked.messages, _spent(self._meters)
        due = found.due_at.timestamp()
        assert found.finished_at is not None, "it is done"
        in_tasks = spent["send_bulk", "cpu"] + spent["prepare", "cpu"]
        steps = sum(spent[step, "clock"] for step in ("claim", "queued", "record", "release"))
        return Figures(
            database=connection.vendor,
            workers=self._asked.workers,
            messages=messages,
            octets=_octets(found),
            per_second=messages / (last - first),
            seconds=found.finished_at.timestamp() - due,
            first_after=first - due,
            cpu_ms=spent["send_bulk", "cpu"] / messages * 1e3,
            celery_percent=max(0.0, (cpu - in_tasks) / cpu * 100),
            ledger_us=steps / messages * 1e6,
            fill_per_second=messages / spent["fill", "clock"],
            memory_mb=spent["memory", "most"],
            correct=self._correct(found),
        )

    def _correct(self, found: Mailing) -> bool:
        rows = Delivery.objects.filter(mailing=found).values_list("address", "state")
        sheet = balance.sheet(found)
        claim = Claim(list(rows), sheet.candidates, sheet.balanced)
        return judge(self._record.recipients(), claim, self._asked.messages, 0).holds


def _all_up() -> bool:
    served = {queue for one in presence.alive() for queue in one.queues.split(",")}
    return served >= {"bulk", "urgent"}


def _senders(system: parts.System) -> set[int]:
    """The Celery process that serves updates, and its children."""
    heads = {one.pid for one in presence.alive() if "bulk" in one.queues.split(",")}
    return {pid for pid, parent in system.family().items() if pid in heads or parent in heads}


def _cpu_of(pids: Iterable[int]) -> float:
    return sum(map(_cpu, pids))


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process has had: by /proc to 10 ms, else by ps."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        words = stat.read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    told = subprocess.run(
        ["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    seconds = 0.0
    for word in told.replace("-", ":").split(":") if told else []:
        seconds = seconds * 60 + float(word)
    return seconds


def _spent(folder: Path) -> Counter[tuple[str, str]]:
    """(step, "calls", "clock" or "cpu") → sum over the workers; ("memory", "most") in MB."""
    spent: Counter[tuple[str, str]] = Counter()
    most = 0.0
    for path in folder.glob("*.json"):
        for step, (calls, clock, cpu) in json.loads(path.read_text()).items():
            if step == "memory":
                most = max(most, cpu)
                continue
            spent.update({(step, "calls"): calls, (step, "clock"): clock, (step, "cpu"): cpu})
    spent["memory", "most"] = most  # type: ignore[assignment]  # a Counter of floats all the same
    if not spent["fill", "clock"]:
        raise CheckFailed("The workers kept no measurements; their logs may say why.")
    return spent


def _octets(found: Mailing) -> int:
    row = ledger.one(found, readers.address(0))
    assert row is not None, "reader 0 is in it"
    return len(Letters(found).message(row))
