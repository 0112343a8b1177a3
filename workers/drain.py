"""Whether this worker is to stop: told by Celery's parent process, read by its children.

A pool's children hear nothing of a shutdown until their task ends; a task that sends for a
minute must know sooner. The flag is one byte of memory that the fork shares.
"""

import multiprocessing
from typing import Any

from celery.signals import worker_init, worker_shutting_down

_flag = multiprocessing.Value("b", 0, lock=False)


def draining() -> bool:
    """True once the worker was asked to stop: begin nothing more, hand the rest back."""
    return bool(_flag.value)


@worker_init.connect
def _begin(**_: Any) -> None:
    """A flag of this worker's own, before its children are forked."""
    global _flag  # noqa: PLW0603  # the one place that sets it
    _flag = multiprocessing.Value("b", 0, lock=False)


@worker_shutting_down.connect
def _drain(**_: Any) -> None:
    _flag.value = 1
