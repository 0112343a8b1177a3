"""What a drill does to the program, and when: all of it from the seed.  Pure."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Fault(StrEnum):
    """One thing that is done to the running program."""

    WORKER = "worker"  # kill -9 of a process that holds a batch
    CELERY = "celery"  # kill -9 of the Celery process that keeps those; they go with it
    SYSTEM = "system"  # kill -9 of the supervisor, which is started again at once
    FLUSH = "flush"  # everything in the broker is deleted
    BROKER = "broker"  # the broker is killed, and away for some seconds
    CUT = "cut"  # PostgreSQL ends all of the program's connections
    RESTART = "restart"  # PostgreSQL is restarted, by the command that was given


class Event(NamedTuple):
    """A fault, once the sink has taken so many messages."""

    at: int
    fault: Fault
    seconds: float = 0.0  # for which the broker is away


@dataclass(frozen=True)
class Plan:
    """A drill's events in order, and the readers at whose message the sink hangs up."""

    seed: int
    events: list[Event]
    drop_before: list[int]  # before the body, once each
    drop_after: list[int]  # taken, and no word of it, once each


def made(
    seed: int,
    messages: int,
    kills: int,
    workers: int,
    *,
    postgres: bool = False,
    restart: bool = False,
) -> Plan:
    """The plan: ``kills`` sending processes at most are killed by it.

    A Celery process takes all its ``workers`` along and counts as that many; so does the
    supervisor, though its workers are given the time to drain.  The other faults come once
    for every eight kills.
    """
    dice = random.Random(seed)  # noqa: S311  it must be the same for the same seed
    some = max(1, kills // 8)
    faults = _killing(dice, kills, workers)
    faults += [Fault.FLUSH, Fault.BROKER] * some
    faults += [Fault.CUT] * (some * postgres) + [Fault.RESTART] * (some * restart)
    dice.shuffle(faults)
    moments = sorted(dice.randrange(max(1, messages * 9 // 10)) for _ in faults)
    events = [
        Event(at, fault, round(dice.uniform(1, 4), 1) if fault is Fault.BROKER else 0.0)
        for at, fault in zip(moments, faults, strict=True)
    ]
    dropped = dice.sample(range(messages), min(messages, 2 * max(1, kills // 2)))
    return Plan(seed, events, sorted(dropped[::2]), sorted(dropped[1::2]))


def _killing(dice: random.Random, kills: int, workers: int) -> list[Fault]:
    """Mostly of one worker; every third or fourth of the Celery process or of everything."""
    faults: list[Fault] = []
    while kills:
        fault = dice.choice([Fault.WORKER, Fault.WORKER, Fault.CELERY, Fault.SYSTEM])
        if fault is not Fault.WORKER and kills < workers:
            fault = Fault.WORKER
        faults.append(fault)
        kills -= 1 if fault is Fault.WORKER else workers
    return faults
