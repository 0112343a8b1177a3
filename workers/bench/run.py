"""A bench, in a process whose settings are those of the trial's own installation."""

import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.db import connection
from rich.console import Console

from digest.errors import CheckFailed
from digest.models import Update
from workers import balance, ledger, presence
from workers.drill.checker import Claim, judge
from workers.letters import Letters
from workers.models import Delivery, Mailing, MailingState
from workers.trial import mailing, parts, readers
from workers.trial.orphans import Guard, guarded

PATIENCE = 120.0
"""Seconds that the workers may take to start, and to begin; more for a large audience."""


@dataclass(frozen=True)
class Asked:
    """What the command was told."""

    messages: int
    workers: int
    sink: str = ""  # a program to use for the built-in one, called like it
    relay: int = 0  # the port of a server that runs here already, in place of a sink
    connections: int = 8  # of each worker
    latency: float = 0.0  # seconds by which the built-in sink answers late
    dkim: bool = False  # each message is signed, with an RSA key of 2048 bits


@dataclass(frozen=True)
class Figures:
    """What a bench measures."""

    database: str
    workers: int
    connections: int  # of each worker
    messages: int
    octets: int  # of one message, unsigned
    per_second: float  # from the first message to the last
    seconds: float  # from when it was due until it was done
    first_after: float  # seconds from when it was due until the first message
    cpu_ms: float  # a message, of the worker processes that send
    celery_percent: float  # of the CPU of the senders and of Celery's process above them
    ledger_us: float  # of clock a message: claim, look up, record, release
    fill_per_second: float  # deliveries made while the audience is filled
    filled_after: float  # seconds from when it was due until the audience was complete
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
            port = self._asked.relay or stack.enter_context(self._sink(guard))
            broker = parts.Broker(guard)
            stack.callback(broker.close)
            system = parts.System(
                settings.DATA_DIR,
                self._asked.workers,
                guard,
                REDIS_URL=broker.url,
                SMTP_URL=f"smtp://127.0.0.1:{port}?connections={self._asked.connections}",
                DIGEST_METER=str(self._meters),
                **(_key(settings.DATA_DIR / "dkim.pem") if self._asked.dkim else {}),
            )
            stack.callback(system.close)
            parts.until(_all_up, PATIENCE, "The workers' start")
            self._console.print("Sending…")
            mailing.approve(update)
            before = _cpu_of(senders := _senders(system))
            first, last = self._times(update)
            cpu = _cpu_of(senders) - before
        found = mailing.of(update)
        assert found is not None, "it was seen to be done"
        return self._figures(found, first, last, cpu)

    def _sink(self, guard: Guard) -> AbstractContextManager[int]:
        late = ["--latency", str(self._asked.latency)] if self._asked.latency else []
        return parts.sink(self._record.path, guard, *late, program=self._asked.sink)

    def _times(self, update: Update) -> tuple[float, float]:
        """When the first and the last message went, in seconds since 1970."""
        long = PATIENCE + self._asked.messages / 100
        first, last = (self._by_ledger if self._asked.relay else self._by_record)(update, long)
        done = Mailing.objects.filter(update=update, state=MailingState.DONE)
        parts.until(done.exists, PATIENCE, "The mailing's end", 0.05)
        return first, last

    def _by_record(self, _update: Update, long: float) -> tuple[float, float]:
        """By what the sink has written down."""
        expected = sum(len(readers.address(n)) + 1 for n in range(self._asked.messages))
        path = self._record.path
        parts.until(lambda: path.stat().st_size > 0, PATIENCE, "The first message", 0.005)
        first = time.time()
        parts.until(lambda: path.stat().st_size >= expected, long, "The last message", 0.005)
        return first, time.time()

    def _by_ledger(self, update: Update, long: float) -> tuple[float, float]:
        """By the mailing's own word, where the relay keeps no record."""
        sent = Mailing.objects.filter(update=update, prepared_at__isnull=False, queued=0)
        parts.until(sent.exists, long, "The last message", 0.02)
        last = time.time()
        started = sent.get().started_at
        assert started is not None, "all of it was sent"
        return started.timestamp(), last

    def _figures(self, found: Mailing, first: float, last: float, cpu: float) -> Figures:
        messages, spent = self._asked.messages, _spent(self._meters)
        due = found.due_at.timestamp()
        assert found.finished_at is not None, "it is done"
        assert found.prepared_at is not None, "it is done"
        in_tasks = spent["send_bulk", "cpu"] + spent["prepare", "cpu"]
        steps = sum(spent[step, "clock"] for step in ("claim", "queued", "record", "release"))
        return Figures(
            database=connection.vendor,
            workers=self._asked.workers,
            connections=self._asked.connections,
            messages=messages,
            octets=_octets(found),
            per_second=messages / (last - first),
            seconds=found.finished_at.timestamp() - due,
            first_after=first - due,
            cpu_ms=spent["send_bulk", "cpu"] / messages * 1e3,
            celery_percent=max(0.0, (cpu - in_tasks) / cpu * 100),
            ledger_us=steps / messages * 1e6,
            fill_per_second=messages / spent["fill", "clock"],
            filled_after=found.prepared_at.timestamp() - due,
            memory_mb=spent["memory", "most"],
            correct=self._correct(found),
        )

    def _correct(self, found: Mailing) -> bool:
        rows = Delivery.objects.filter(mailing=found).values_list("address", "state")
        sheet = balance.sheet(found)
        claim = Claim(list(rows), sheet.candidates, sheet.balanced)
        got = self._record.recipients() if not self._asked.relay else [who for who, _ in rows]
        return judge(got, claim, self._asked.messages, 0).holds


def _key(path: Path) -> dict[str, str]:
    """The settings by which the workers sign, with a key made for it."""
    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(pem)
    return {
        "DKIM_DOMAIN": "example.org",
        "DKIM_SELECTOR": "bench",
        "DKIM_KEY_FILE": str(path.absolute()),
    }


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
