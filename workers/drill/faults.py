"""Doing it: each fault of a drill's plan, to the program that is sending just now."""

import os
import signal
import subprocess
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import NamedTuple

from django.db import DatabaseError, connection

from digest.errors import CheckFailed
from workers.drill.plan import Event, Fault
from workers.models import Batch, BatchState, Mailing, MailingState
from workers.trial.parts import Broker, System, living, until

PATIENCE = 90.0
"""Seconds to wait for somebody who sends: the program may have been started just now."""


class Done(NamedTuple):
    """A fault that was carried out."""

    event: Event
    told: str
    killed: int = 0  # processes that send
    missed: bool = False  # nobody was sending any more


class Scene(NamedTuple):
    """What a fault can be done to."""

    system: System
    broker: Broker
    workers: int
    restart: str  # a shell command that restarts PostgreSQL


def strike(event: Event, scene: Scene) -> Done:
    """Carry out one fault.  Those that kill wait until somebody sends."""
    if event.fault in _OTHER:
        return _OTHER[event.fault](event, scene)
    found = sending(scene)
    if not found:
        return Done(event, f"{event.fault}: nobody was sending any more", missed=True)
    return KILLS[event.fault](event, scene, *found[0])


def sending(scene: Scene) -> list[tuple[int, int]]:
    """(process, its Celery process) of those that hold a batch; none: the mailing is done."""
    found: list[tuple[int, int]] = []

    def some() -> bool:
        scene.broker.return_in_time()  # else nobody would ever be woken
        try:
            found[:] = _leasing(scene.system)
            return bool(found) or not _unfinished()
        except DatabaseError:
            connection.close()
            return False

    until(some, PATIENCE, "A worker that sends", pause=0.005)
    return found


def _leasing(system: System) -> list[tuple[int, int]]:
    """Only those whom our own supervisor started: numbers of dead processes are used anew."""
    names = Batch.objects.filter(state=BatchState.LEASED).values_list("worker", flat=True)
    pids = [int(name.partition("-")[0]) for name in names]
    family = system.family() if pids else {}
    return [(pid, family[pid]) for pid in pids if pid in family]


def _unfinished() -> bool:
    """A mailing that is not there yet is not done either."""
    return not Mailing.objects.filter(state=MailingState.DONE).exists()


def _worker(event: Event, _scene: Scene, worker: int, _head: int) -> Done:
    _kill({worker})
    return Done(event, f"kill -9 of worker {worker}", killed=1)


def _celery(event: Event, scene: Scene, _worker: int, head: int) -> Done:
    workers = {pid for pid, parent in scene.system.family().items() if parent == head}
    _kill({head}, workers)
    told = f"kill -9 of Celery's process {head}, and its {len(workers)} workers with it"
    return Done(event, told, killed=scene.workers)


def _kill(pids: AbstractSet[int], with_them: AbstractSet[int] = frozenset()) -> None:
    """Until they are gone: else the next fault might choose one that is dying."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not (pids | with_them) & living().keys(), PATIENCE, "Their end")


def _system(event: Event, scene: Scene, _worker: int, _head: int) -> Done:
    pid = scene.system.pid
    scene.system.kill()
    scene.broker.return_in_time(now=True)  # nothing starts without it
    scene.system.start()
    told = f"kill -9 of the supervisor {pid}, started again"
    return Done(event, told, killed=scene.workers)


def _flush(event: Event, scene: Scene) -> Done:
    scene.broker.return_in_time(now=True)
    scene.broker.flush()
    return Done(event, "FLUSHALL: the broker forgets everything")


def _broker(event: Event, scene: Scene) -> Done:
    scene.broker.return_in_time(now=True)  # from an earlier time away
    scene.broker.kill(event.seconds)
    return Done(event, f"kill -9 of the broker, to stay away for {event.seconds:g} s")


def _cut(event: Event, _scene: Scene) -> Done:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        (cut,) = cursor.fetchone()
    return Done(event, f"PostgreSQL ends {cut} connections")


def _restart(event: Event, scene: Scene) -> Done:
    ran = subprocess.run(  # noqa: S602  a command that the user gave
        scene.restart, shell=True, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise CheckFailed(f"{scene.restart}: status {ran.returncode}. {ran.stderr.strip()[-300:]}")
    until(_answers, PATIENCE, "PostgreSQL's return")
    return Done(event, "PostgreSQL restarted")


def _answers() -> bool:
    connection.close()
    try:
        connection.ensure_connection()
    except DatabaseError:
        return False
    return True


KILLS: dict[Fault, Callable[[Event, Scene, int, int], Done]] = {
    Fault.WORKER: _worker,
    Fault.CELERY: _celery,
    Fault.SYSTEM: _system,
}
_OTHER: dict[Fault, Callable[[Event, Scene], Done]] = {
    Fault.FLUSH: _flush,
    Fault.BROKER: _broker,
    Fault.CUT: _cut,
    Fault.RESTART: _restart,
}
