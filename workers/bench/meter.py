"""Measures the workers from within; loaded by them only while ``DIGEST_METER`` names a folder.

Each process keeps, in a file of its own, how often each step ran, and its seconds of clock
and of CPU.
"""

import functools
import json
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from celery.signals import task_postrun, task_prerun

from workers import audience, ledger

P = ParamSpec("P")
R = TypeVar("R")

STEPS = ("claim", "queued", "record", "release", "renew")
"""Of the ledger, in the course of sending a batch."""

_spent: dict[str, list[float]] = {}  # step -> calls, seconds of clock, of CPU
_begun: list[tuple[float, float]] = []


def _note(step: str, clock: float, cpu: float) -> None:
    spent = _spent.setdefault(step, [0, 0.0, 0.0])
    spent[0] += 1
    spent[1] += time.perf_counter() - clock
    spent[2] += time.process_time() - cpu


def _timed(step: str, do: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(do)
    def timed(*args: P.args, **kwargs: P.kwargs) -> R:
        clock, cpu = time.perf_counter(), time.process_time()
        try:
            return do(*args, **kwargs)
        finally:
            _note(step, clock, cpu)

    return timed


@task_prerun.connect
def _begin(**_: Any) -> None:
    _begun[:] = [(time.perf_counter(), time.process_time())]


@task_postrun.connect
def _end(task: Any = None, **_: Any) -> None:
    _note(task.name.rpartition(".")[2], *_begun.pop())
    _spent["memory"] = [0, 0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]
    path = Path(os.environ["DIGEST_METER"], f"{os.getpid()}.json")
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(_spent))
    draft.replace(path)


for _step in STEPS:
    setattr(ledger, _step, _timed(_step, getattr(ledger, _step)))
audience._fill_chunk = _timed("fill", audience._fill_chunk)  # noqa: SLF001  to measure it
